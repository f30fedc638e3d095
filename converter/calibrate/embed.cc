// SPDX-License-Identifier: MIT
#include "converter/calibrate/embed.h"

#include <optional>

#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"

namespace quanta::converter {
namespace {

using format::Panel;
using format::Role;

/// The rows of a table.
class StoredTable {
 public:
  StoredTable(const SourceTensor& table, Panel panel)
      : table_(table),
        quantized_(panel == Panel::kQ8 || panel == Panel::kQ4),
        panel_(static_cast<kernels::Panel>(panel)),
        scratch_(table.columns),
        strip_(quantized_ ? kernels::StripBytes(panel_, table.columns) : 0) {}

  void Read(uint32_t row, float* out) {
    table_.source->Read(row, 1, out);
    if (!quantized_) return;
    kernels::QuantizeStrip(panel_, out, 1, table_.columns, scratch_.data(), strip_.data());
    kernels::UnpackRow(panel_, strip_.data(), table_.columns, 0, out);
  }

 private:
  const SourceTensor& table_;
  bool quantized_;
  kernels::Panel panel_;
  std::vector<int8_t> scratch_;
  std::vector<std::byte> strip_;
};

std::optional<StoredTable> FindTable(const Checkpoint& checkpoint, std::span<const Panel> panels,
                                     Role role) {
  const auto index = checkpoint.Find(role);
  if (!index) return std::nullopt;
  return StoredTable(checkpoint.tensors[*index], panels[*index]);
}

}  // namespace

std::vector<float> Embed(const Checkpoint& checkpoint, std::span<const Panel> panels,
                         std::span<const std::vector<int32_t>> sequences) {
  StoredTable embedding = FindTable(checkpoint, panels, Role::kEmbedding).value();
  std::optional<StoredTable> positions = FindTable(checkpoint, panels, Role::kPosition);
  const size_t hidden = checkpoint.architecture.hidden;
  const size_t length = sequences.empty() ? 0 : sequences[0].size();
  const float scale = checkpoint.architecture.embedding_scale;
  std::vector<float> states(sequences.size() * length * hidden);
  std::vector<float> place(hidden);
  for (size_t at = 0; at < length; ++at) {
    if (positions) positions->Read(static_cast<uint32_t>(at), place.data());
    for (size_t i = 0; i < sequences.size(); ++i) {
      float* x = states.data() + (i * length + at) * hidden;
      embedding.Read(static_cast<uint32_t>(sequences[i][at]), x);
      for (size_t d = 0; d < hidden; ++d) x[d] = x[d] * scale + place[d];
    }
  }
  return states;
}

}  // namespace quanta::converter
