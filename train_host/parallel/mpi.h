// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "train_host/parallel/communicator.h"

/// The part of the communicator that the build has, or has not: mpi.cc or no_mpi.cc.
namespace quanta::train {

/// MpiVersion().
std::string LinkedMpi();
/// All processes of this launch. In a build without MPI it cannot be called.
std::unique_ptr<Communicator> JoinByMpi();

}  // namespace quanta::train
