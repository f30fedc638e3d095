// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "converter/error.h"

namespace quanta::train {

/// The processes that train one model together, as each of them sees them. All of them make the
/// same calls in the same order; a call returns when all have made it.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  ///< [0, size())
  virtual int size() const = 0;
  /// Of the cores that this process may use, its share: others may be bound to the same.
  virtual int Cores() const = 0;

  /// values[i] = their sum over all processes, with equal bits in all; in place.
  virtual void Sum(std::span<float> values) = 0;
  virtual void Sum(std::span<double> values) = 0;
  /// Those of process `from`, in all.
  virtual void Broadcast(std::span<std::byte> bytes, int from) = 0;
  /// Ends all processes with this exit code, for a failure that the others know nothing of.
  [[noreturn]] virtual void Abort(int exit_code) = 0;

  bool first() const { return rank() == 0; }
};

/// What a launcher of processes (mpirun) has said in the environment about this one.
struct Launch {
  int rank = 0, size = 1;
};
Launch FindLaunch();

/// "Open MPI v4.1.4", or "" in a build without MPI.
std::string MpiVersion();

/// Throws converter::Error(kUnsupported) for several processes in a build without MPI.
void CheckLaunch(const Launch& launch, const std::string& mpi_version);

/// All processes of the launch; this one alone where it was started by itself. Once a process;
/// what is returned must be destroyed before main ends, in all processes.
/// Throws as CheckLaunch.
std::unique_ptr<Communicator> JoinProcesses(const Launch& launch);

/// A process of its own.
std::unique_ptr<Communicator> Alone();

/// An error that all processes throw, with the same words. The first one tells it.
class CommonError : public converter::Error {
 public:
  using Error::Error;
};

/// What some work threw.
struct Failure {
  Code code = Code::kOk;  ///< kOk: nothing
  std::string text;
  bool common = false;  ///< a CommonError
};
Failure Try(const std::function<void()>& work);

/// Does the work, which calls nothing of `processes`, in each of them. If it fails in any, all
/// throw what the first of these threw: a CommonError that names the process unless it is number
/// 0. A process alone lets its own exception pass.
void Together(Communicator& processes, const std::function<void()>& work);
/// The same with work for the first process only, which the others wait for.
void OnFirst(Communicator& processes, const std::function<void()>& work);

/// True in all processes if it is in any.
bool Any(Communicator& processes, bool flag);
/// True in all processes if the number is the same in all.
bool AllEqual(Communicator& processes, uint64_t number);

}  // namespace quanta::train
