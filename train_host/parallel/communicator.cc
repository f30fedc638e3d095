// SPDX-License-Identifier: MIT
#include "train_host/parallel/communicator.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "runtime/core/thread_pool.h"
#include "train_host/parallel/mpi.h"

namespace quanta::train {
namespace {

using converter::Error;
using converter::Format;

class OneProcess : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int Cores() const override { return ThreadPool::UsableCores(); }
  void Sum(std::span<float>) override {}
  void Sum(std::span<double>) override {}
  void Broadcast(std::span<std::byte>, int) override {}
  [[noreturn]] void Abort(int exit_code) override { std::exit(exit_code); }
};

int Number(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

/// The lowest rank that failed; size() if none did.
int FirstFailed(Communicator& processes, bool failed) {
  std::vector<float> flags(static_cast<size_t>(processes.size()));
  flags[static_cast<size_t>(processes.rank())] = failed ? 1 : 0;
  processes.Sum(flags);
  return static_cast<int>(std::find_if(flags.begin(), flags.end(), [](float f) { return f != 0; }) -
                          flags.begin());
}

template <class T>
void BroadcastValue(Communicator& processes, T* value, int from) {
  processes.Broadcast(std::as_writable_bytes(std::span(value, 1)), from);
}

}  // namespace

Launch FindLaunch() {
  // Open MPI's launcher, and the one of MPICH and its relatives.
  Launch launch = {Number("OMPI_COMM_WORLD_RANK", Number("PMI_RANK", 0)),
                   Number("OMPI_COMM_WORLD_SIZE", Number("PMI_SIZE", 1))};
  return launch.size > 1 ? launch : Launch();
}

std::string MpiVersion() { return LinkedMpi(); }

void CheckLaunch(const Launch& launch, const std::string& mpi_version) {
  if (launch.size <= 1 || !mpi_version.empty()) return;
  throw Error(
      Code::kUnsupported, "",
      Format("%d processes were started, and this quanta-train was built without MPI", launch.size),
      "start it without mpirun, or build it where CMake finds MPI (libopenmpi-dev)");
}

std::unique_ptr<Communicator> JoinProcesses(const Launch& launch) {
  CheckLaunch(launch, MpiVersion());
  return launch.size <= 1 ? Alone() : JoinByMpi();
}

std::unique_ptr<Communicator> Alone() { return std::make_unique<OneProcess>(); }

Failure Try(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const CommonError& error) {
    return {error.code(), error.what(), true};
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::bad_alloc&) {
    return {Code::kOutOfMemory, "out of memory"};
  } catch (const std::exception& error) {
    return {Code::kInternal, error.what()};
  }
}

void Together(Communicator& processes, const std::function<void()>& work) {
  if (processes.size() == 1) return work();
  const Failure mine = Try(work);
  const int failed = FirstFailed(processes, mine.code != Code::kOk);
  if (failed == processes.size()) return;
  Code code = mine.code;
  uint64_t length = mine.text.size();
  BroadcastValue(processes, &code, failed);
  BroadcastValue(processes, &length, failed);
  std::string text = mine.text;
  text.resize(length);
  processes.Broadcast(std::as_writable_bytes(std::span(text)), failed);
  throw CommonError(code, failed == 0 ? "" : Format("process %d", failed), text);
}

void OnFirst(Communicator& processes, const std::function<void()>& work) {
  Together(processes, [&] {
    if (processes.first()) work();
  });
}

bool Any(Communicator& processes, bool flag) {
  return FirstFailed(processes, flag) != processes.size();
}

bool AllEqual(Communicator& processes, uint64_t number) {
  uint64_t first = number;
  BroadcastValue(processes, &first, 0);
  return !Any(processes, number != first);
}

}  // namespace quanta::train
