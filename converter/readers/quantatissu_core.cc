// SPDX-License-Identifier: MIT
//
// What QuantaTissu's C++ core saves: parameters one after the other, then the optimizer's
// state, without magic number or names, little-endian:
//   u64 n; n x { u64 rank; u64 extent[rank]; u64 count; f32 data[count] }
//   i32 step; u64 n and as many arrays; u64 n and as many arrays
#include "converter/readers/quantatissu_core.h"

#include <cinttypes>
#include <cstring>
#include <utility>

#include "converter/error.h"
#include "converter/readers/quantatissu.h"

namespace quanta::converter {
namespace tissu {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint64_t kMaxArrays = 100'000;
constexpr uint64_t kMaxRank = 4;

class CoreReader {
 public:
  CoreReader(Bytes file, std::string_view place) : file_(file), rest_(file), place_(place) {}

  std::vector<Stored> Read(size_t* state) {
    std::vector<Stored> params = ReadArrays("parameter");
    Take(sizeof(int32_t));  // the optimizer's step
    *state = ReadArrays("first moment").size();
    *state += ReadArrays("second moment").size();
    if (!rest_.empty()) {
      throw Error(Code::kCorrupt, place_,
                  Format("%zu bytes after the optimizer's state", rest_.size()));
    }
    return params;
  }

  /// Whether the first array's head is consistent.
  bool Plausible() {
    if (rest_.size() < 3 * sizeof(uint64_t)) return false;
    const uint64_t arrays = Number();
    if (arrays == 0 || arrays > kMaxArrays) return false;
    const uint64_t rank = Number();
    if (rank == 0 || rank > kMaxRank || rest_.size() < (rank + 1) * sizeof(uint64_t)) return false;
    uint64_t count = 1;
    for (uint64_t i = 0; i < rank; ++i) {
      if (__builtin_mul_overflow(count, Number(), &count)) return false;
    }
    return count != 0 && count == Number();
  }

 private:
  Bytes Take(uint64_t bytes) {
    if (bytes > rest_.size()) {
      throw Error(Code::kCorrupt, place_,
                  Format("truncated: %zu bytes, and %" PRIu64 " more are needed", file_.size(),
                         bytes - rest_.size()),
                  "download or copy it again");
    }
    const Bytes taken = rest_.first(static_cast<size_t>(bytes));
    rest_ = rest_.subspan(static_cast<size_t>(bytes));
    return taken;
  }

  uint64_t Number() {
    uint64_t value;
    std::memcpy(&value, Take(sizeof(value)).data(), sizeof(value));
    return value;
  }

  std::vector<Stored> ReadArrays(const char* what) {
    const uint64_t arrays = Number();
    if (arrays > kMaxArrays) {
      throw Error(Code::kCorrupt, place_, Format("claims %" PRIu64 " arrays", arrays));
    }
    std::vector<Stored> all;
    for (uint64_t i = 0; i < arrays; ++i) {
      all.push_back(ReadArray(std::string(what) + " " + std::to_string(i)));
    }
    return all;
  }

  Stored ReadArray(std::string name) {
    const uint64_t rank = Number();
    if (rank == 0 || rank > kMaxRank) {
      throw Error(Code::kCorrupt, place_,
                  Format("%s claims %" PRIu64 " dimensions", name.c_str(), rank));
    }
    Stored stored{std::move(name), {"F32", {}, false, {}}};
    uint64_t count = 1;
    bool overflow = false;
    for (uint64_t i = 0; i < rank; ++i) {
      stored.array.shape.push_back(Number());
      overflow |= __builtin_mul_overflow(count, stored.array.shape.back(), &count);
    }
    uint64_t bytes = 0;
    const uint64_t stated = Number();
    overflow |= __builtin_mul_overflow(stated, sizeof(float), &bytes);
    if (overflow || stated != count) {
      throw Error(Code::kCorrupt, place_,
                  Format("%s has %" PRIu64 " numbers, which is not what its shape takes",
                         stored.name.c_str(), stated));
    }
    stored.array.bytes = Take(bytes);
    return stored;
  }

  Bytes file_, rest_;
  std::string_view place_;
};

}  // namespace

std::vector<Stored> ReadCoreFile(Bytes file, std::string_view place, size_t* state) {
  return CoreReader(file, place).Read(state);
}

bool LooksLikeCoreFile(Bytes file) { return CoreReader(file, "").Plausible(); }

}  // namespace tissu

namespace {

bool Probe(const std::string& path) {
  ErrorDetail detail;
  const auto file = platform::MappedFile::Open(path.c_str(), &detail);
  return file.ok() && tissu::LooksLikeCoreFile(file->bytes());
}

std::unique_ptr<Checkpoint> Open(const std::string& path, const ReadOptions& options) {
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->path = path;
  checkpoint->source_format = "quantatissu C++ core checkpoint";
  ErrorDetail detail;
  checkpoint->files.push_back(
      Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path));
  size_t state = 0;
  const auto arrays = tissu::ReadCoreFile(checkpoint->files.back().bytes(), path, &state);
  if (state != 0) {
    checkpoint->notes.push_back(Format("%zu arrays of optimizer state are left out", state));
  }
  const tissu::Parts parts = tissu::AssignInOrder(tissu::Program::kCore, arrays, path);
  tissu::Build(parts, path, options, checkpoint.get());
  return checkpoint;
}

constexpr std::string_view kCapabilities[] = {"file",        "--heads",  "--context",
                                              "--tokenizer", "--config", "--pre-tokenizer"};

}  // namespace

const Reader kQuantaTissuCore = {
    .name = "quantatissu-core",
    .version = {1, 0, 0},
    .capabilities = kCapabilities,
    .expects = "a checkpoint of QuantaTissu's C++ core",
    .probe = Probe,
    .open = Open,
};

}  // namespace quanta::converter
