// SPDX-License-Identifier: MIT
#include "converter/tensor_source.h"

#include <utility>
#include <vector>

#include "converter/pages.h"
#include "quanta/check.h"

namespace quanta::converter {
namespace {

class StoredRowsSource final : public TensorSource {
 public:
  StoredRowsSource(std::span<const std::byte> bytes, const ElementType& type, uint32_t columns,
                   bool mapped)
      : bytes_(bytes), type_(type), columns_(columns), mapped_(mapped) {
    QUANTA_CHECK(columns % type.block == 0);
  }

  void Read(uint32_t first, uint32_t count, float* out) const override {
    type_.widen(Rows(first, count).data(), size_t{count} * (columns_ / type_.block), out);
  }
  void Release(uint32_t first, uint32_t count) const override {
    if (mapped_) ReleasePages(Rows(first, count));
  }

 private:
  std::span<const std::byte> Rows(uint32_t first, uint32_t count) const {
    const size_t row = static_cast<size_t>(type_.Bytes(columns_));
    return bytes_.subspan(first * row, count * row);
  }

  std::span<const std::byte> bytes_;
  const ElementType& type_;
  uint32_t columns_;
  bool mapped_;
};

class StoredColumnsSource final : public TensorSource {
 public:
  StoredColumnsSource(std::span<const std::byte> bytes, const ElementType& type, uint32_t rows,
                      uint32_t columns, bool mapped)
      : bytes_(bytes), type_(type), rows_(rows), columns_(columns), mapped_(mapped) {
    QUANTA_CHECK(type.block == 1);
  }

  void Read(uint32_t first, uint32_t count, float* out) const override {
    std::vector<float> column(count);
    for (uint32_t j = 0; j < columns_; ++j) {
      const uint64_t at = uint64_t{j} * rows_ + first;
      type_.widen(bytes_.data() + type_.Bytes(at), count, column.data());
      for (uint32_t i = 0; i < count; ++i) out[size_t{i} * columns_ + j] = column[i];
    }
  }
  /// Every row lies in every page: they go with the last.
  void Release(uint32_t first, uint32_t count) const override {
    if (mapped_ && first + count == rows_) ReleasePages(bytes_);
  }

 private:
  std::span<const std::byte> bytes_;
  const ElementType& type_;
  uint32_t rows_, columns_;
  bool mapped_;
};

class SlicedSource final : public TensorSource {
 public:
  SlicedSource(TensorSourcePtr source, uint32_t begin)
      : source_(std::move(source)), begin_(begin) {}

  void Read(uint32_t first, uint32_t count, float* out) const override {
    source_->Read(begin_ + first, count, out);
  }
  void Release(uint32_t first, uint32_t count) const override {
    source_->Release(begin_ + first, count);
  }

 private:
  TensorSourcePtr source_;
  uint32_t begin_;
};

class PermutedSource final : public TensorSource {
 public:
  PermutedSource(TensorSourcePtr source, uint32_t columns, std::function<uint32_t(uint32_t)> row)
      : source_(std::move(source)), columns_(columns), row_(std::move(row)) {}

  void Read(uint32_t first, uint32_t count, float* out) const override {
    for (uint32_t i = 0; i < count; ++i) {
      source_->Read(row_(first + i), 1, out + size_t{i} * columns_);
    }
  }
  void Release(uint32_t first, uint32_t count) const override {
    for (uint32_t i = 0; i < count; ++i) source_->Release(row_(first + i), 1);
  }

 private:
  TensorSourcePtr source_;
  uint32_t columns_;
  std::function<uint32_t(uint32_t)> row_;
};

class TransformedSource final : public TensorSource {
 public:
  TransformedSource(TensorSourcePtr source, uint32_t columns,
                    std::function<void(std::span<float>)> apply)
      : source_(std::move(source)), columns_(columns), apply_(std::move(apply)) {}

  void Read(uint32_t first, uint32_t count, float* out) const override {
    source_->Read(first, count, out);
    apply_({out, size_t{count} * columns_});
  }
  void Release(uint32_t first, uint32_t count) const override { source_->Release(first, count); }

 private:
  TensorSourcePtr source_;
  uint32_t columns_;
  std::function<void(std::span<float>)> apply_;
};

}  // namespace

TensorSourcePtr StoredRows(std::span<const std::byte> bytes, const ElementType& type,
                           uint32_t columns, bool mapped) {
  return std::make_shared<StoredRowsSource>(bytes, type, columns, mapped);
}

TensorSourcePtr StoredColumns(std::span<const std::byte> bytes, const ElementType& type,
                              uint32_t rows, uint32_t columns, bool mapped) {
  return std::make_shared<StoredColumnsSource>(bytes, type, rows, columns, mapped);
}

TensorSourcePtr SliceRows(TensorSourcePtr source, uint32_t begin) {
  return std::make_shared<SlicedSource>(std::move(source), begin);
}

TensorSourcePtr PermuteRows(TensorSourcePtr source, uint32_t columns,
                            std::function<uint32_t(uint32_t)> row) {
  return std::make_shared<PermutedSource>(std::move(source), columns, std::move(row));
}

TensorSourcePtr Transformed(TensorSourcePtr source, uint32_t columns,
                            std::function<void(std::span<float>)> apply) {
  return std::make_shared<TransformedSource>(std::move(source), columns, std::move(apply));
}

}  // namespace quanta::converter
