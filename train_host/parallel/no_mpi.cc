// SPDX-License-Identifier: MIT
#include "train_host/parallel/mpi.h"

namespace quanta::train {

std::string LinkedMpi() { return {}; }

std::unique_ptr<Communicator> JoinByMpi() {
  throw converter::Error(Code::kInternal, "", "there is no MPI in this build");
}

}  // namespace quanta::train
