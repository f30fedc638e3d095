// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "train_host/data/token_file.h"
#include "train_host/model/batch.h"

namespace quanta::train {

/// How documents fill rows of a fixed length.
enum class Packing : uint8_t {
  kSplit,  ///< one behind the other; what does not fit goes on in the next row, at position 0
  kWhole,  ///< none is cut that fits into a row; gaps at the ends are filled with what fits
};

/// Inputs [begin, begin + count) of the file's tokens; each predicts the one behind it.
struct Span {
  uint64_t begin;
  uint32_t count;
};

/// The rows of one pass over the documents.
struct EpochPlan {
  std::vector<Span> spans;
  std::vector<size_t> rows = {0};  ///< where each row begins in `spans`, and the end

  size_t count() const { return rows.size() - 1; }
  std::span<const Span> row(size_t index) const {
    return std::span(spans).subspan(rows[index], rows[index + 1] - rows[index]);
  }
};

/// Packs all documents, in an order drawn from `seed`, or in that of the file if `shuffle` is
/// false. A document of n tokens has n - 1 inputs. The same arguments give the same plan.
EpochPlan PlanEpoch(const TokenFile& file, size_t length, Packing packing, bool shuffle,
                    uint64_t seed);

/// Where a reader of rows stands.
struct DataPosition {
  uint64_t epoch = 0;  ///< passes begun before this one
  uint64_t row = 0;    ///< rows of it that were read
  friend bool operator==(const DataPosition&, const DataPosition&) = default;
};

/// Makes batches of a file's rows, pass after pass, each in another order.
class BatchReader {
 public:
  struct Options {
    size_t rows = 1, length = 1;
    Packing packing = Packing::kSplit;
    bool shuffle = true;
    uint64_t seed = 0;
  };
  /// `file` must outlive this and have a document of two tokens.
  BatchReader(const TokenFile& file, const Options& options);

  /// The next `options.rows` rows. Allocates only while a batch grows.
  void Next(Batch* batch);
  /// Fewer rows at the end of a pass: what is left of it; false: nothing is.
  bool NextOfPass(Batch* batch);

  DataPosition position() const { return position_; }
  void Seek(const DataPosition& position);
  size_t rows_of_pass() const { return plan_.count(); }

 private:
  void Plan();
  void Append(std::span<const Span> row, Batch* batch) const;

  const TokenFile& file_;
  const Options options_;
  EpochPlan plan_;
  DataPosition position_;
};

}  // namespace quanta::train
