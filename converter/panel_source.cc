// SPDX-License-Identifier: MIT
#include "converter/panel_source.h"

#include "converter/pages.h"
#include "runtime/kernels/quant/panels.h"

namespace quanta::converter {
namespace {

class PanelRowsSource final : public TensorSource {
 public:
  PanelRowsSource(std::span<const std::byte> bytes, kernels::Panel panel, uint32_t columns,
                  bool mapped)
      : bytes_(bytes), panel_(panel), columns_(columns), mapped_(mapped) {}

  void Read(uint32_t first, uint32_t count, float* out) const override {
    for (size_t row = first; row < size_t{first} + count; ++row, out += columns_) {
      kernels::UnpackRow(panel_, bytes_.data() + StripAt(row), columns_, row % kernels::kStripRows,
                         out);
    }
  }
  void Release(uint32_t first, uint32_t count) const override {
    if (!mapped_) return;
    // The last strip may be read on.
    const size_t begin = StripAt(first), end = StripAt(size_t{first} + count);
    ReleasePages(bytes_.subspan(begin, end - begin));
  }

 private:
  size_t StripAt(size_t row) const {
    return row / kernels::kStripRows * kernels::StripBytes(panel_, columns_);
  }

  std::span<const std::byte> bytes_;
  kernels::Panel panel_;
  uint32_t columns_;
  bool mapped_;
};

}  // namespace

TensorSourcePtr PanelRows(std::span<const std::byte> bytes, format::Panel panel, uint32_t columns,
                          bool mapped) {
  return std::make_shared<PanelRowsSource>(bytes, static_cast<kernels::Panel>(panel), columns,
                                           mapped);
}

}  // namespace quanta::converter
