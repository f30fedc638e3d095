// SPDX-License-Identifier: MIT
#include "train_host/parallel/mpi.h"

// Of the headers' C part alone.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <sched.h>

#include <algorithm>

#include "runtime/core/thread_pool.h"

namespace quanta::train {
namespace {

/// Bytes that are summed or sent at a time: an implementation may take as much memory again.
constexpr size_t kPiece = size_t{16} << 20;

template <class T, class Function>
void ForPieces(std::span<T> values, const Function& function) {
  const size_t most = kPiece / sizeof(T);
  for (size_t begin = 0; begin < values.size(); begin += most) {
    const size_t count = std::min(most, values.size() - begin);
    function(values.data() + begin, static_cast<int>(count));
  }
}

/// The usable cores, divided among the processes of this machine unless each is bound to its own.
int ShareOfCores() {
  MPI_Comm here;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  cpu_set_t mine, all;
  CPU_ZERO(&mine);
  sched_getaffinity(0, sizeof(mine), &mine);
  MPI_Allreduce(&mine, &all, static_cast<int>(sizeof(mine)), MPI_BYTE, MPI_BOR, here);
  int sum = CPU_COUNT(&mine), neighbours = 1;
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, here);
  MPI_Comm_size(here, &neighbours);
  MPI_Comm_free(&here);
  const int usable = ThreadPool::UsableCores();
  return sum <= CPU_COUNT(&all) ? usable : std::max(1, usable / neighbours);
}

/// Errors of MPI itself end all processes, with its own words: its default.
class Mpi : public Communicator {
 public:
  Mpi() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    cores_ = ShareOfCores();
  }
  ~Mpi() override { MPI_Finalize(); }
  Mpi(const Mpi&) = delete;
  Mpi& operator=(const Mpi&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int Cores() const override { return cores_; }

  void Sum(std::span<float> values) override { SumAll(values, MPI_FLOAT); }
  void Sum(std::span<double> values) override { SumAll(values, MPI_DOUBLE); }

  void Broadcast(std::span<std::byte> bytes, int from) override {
    ForPieces(bytes, [&](std::byte* data, int count) {
      MPI_Bcast(data, count, MPI_BYTE, from, MPI_COMM_WORLD);
    });
  }

  [[noreturn]] void Abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::abort();
  }

 private:
  template <class T>
  static void SumAll(std::span<T> values, MPI_Datatype type) {
    ForPieces(values, [&](T* data, int count) {
      MPI_Allreduce(MPI_IN_PLACE, data, count, type, MPI_SUM, MPI_COMM_WORLD);
    });
  }

  int rank_ = 0, size_ = 1, cores_ = 1;
};

}  // namespace

std::string LinkedMpi() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string version(text, static_cast<size_t>(length));
  return version.substr(0, version.find_first_of(",\n"));
}

std::unique_ptr<Communicator> JoinByMpi() { return std::make_unique<Mpi>(); }

}  // namespace quanta::train
