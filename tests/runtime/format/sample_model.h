// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "converter/writer/aligned_buffer.h"
#include "runtime/format/model_view.h"

namespace quanta::format {

/// A small valid model with every field of the header set, most to something other
/// than its default: 2 layers, 8 wide, a byte-level tokenizer of 260 tokens, and about
/// 30 kB in all. Tests spoil it; fuzzers start from it.
class SampleModel {
 public:
  SampleModel();
  SampleModel(const SampleModel&) = delete;  // header points into the members
  SampleModel& operator=(const SampleModel&) = delete;

  Header header;  ///< laid out, chunk hashes included

  /// The file. It is the header as it stands now, right or wrong, with a seal that
  /// matches it, and the data as it was laid out at first.
  writer::AlignedBuffer File() const;
  /// File(), after `spoil` had its way with a fresh sample's header.
  static writer::AlignedBuffer Spoiled(const std::function<void(Header&)>& spoil);

  /// The data of each tensor, for writers.
  std::vector<std::span<const std::byte>> TensorData() const;
  std::span<const std::byte> data() const { return data_; }

  static constexpr uint32_t kChunkBytes = 4096;

 private:
  void FillArchitecture();
  void FillTokenizer();
  void FillRest();
  void FillTensors();
  void FillData();
  /// Moves the data back if a header that was not told where to put it outgrew its room.
  void MakeRoom();

  std::vector<float> inv_freq_, margins_;
  std::vector<uint32_t> token_offsets_;
  std::vector<uint8_t> token_bytes_;
  std::vector<TokenType> token_types_;
  std::vector<Merge> merges_;
  std::vector<int32_t> byte_ids_, prefix_ids_, suffix_ids_, stop_ids_, test_ids_, expected_;
  std::vector<std::string> names_;
  std::vector<std::byte> data_;
  std::vector<Hash256> hashes_;
  uint64_t data_offset_ = 0;
};

/// Puts a matching seal behind the header at the front of `file`, in place, and keeps
/// its signature's bytes: what a forger without a key can do.
void Reseal(std::span<std::byte> file);

}  // namespace quanta::format
