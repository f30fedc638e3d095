// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/core/array.h"
#include "runtime/text/hash.h"

namespace quanta::text {

/// Remembers, during one Encode call, where the ids of a short word already lie in
/// the output, so that a word that comes again is copied instead of merged.
class WordCache {
 public:
  /// A word as the cache knows it.
  struct Key {
    ShortWord word;
    size_t length;
    uint64_t hash;
  };
  static bool Fits(std::string_view word) { return word.size() <= ShortWord::kMaxBytes; }
  static Key KeyOf(std::string_view word) {
    const ShortWord loaded = LoadShortWord(word);
    return {loaded, word.size(), HashShortWord(loaded, word.size())};
  }

  /// Sizes the cache for a text. Without memory there is no cache: only slower.
  void Prepare(size_t text_bytes) {
    if (text_bytes < kWorthwhile) return;
    const size_t slots = std::bit_ceil(std::clamp(text_bytes / 8, size_t{64}, kMostSlots));
    if (auto created = Array<Slot>::Create(slots); created.ok()) {
      slots_ = std::move(created).value();
    }
  }

  /// The ids of `key` in `output`, none if it is not known.
  std::span<const int32_t> Find(const Key& key, std::span<const int32_t> output) const {
    if (slots_.empty()) return {};
    const Slot& slot = slots_[Home(key)];
    if (slot.length != key.length || slot.word != key.word) return {};
    return output.subspan(slot.offset, slot.count);
  }

  /// Notes that `key` became output[offset, offset + count).
  void Insert(const Key& key, size_t offset, size_t count) {
    if (slots_.empty() || count == 0 || offset > UINT32_MAX) return;
    slots_[Home(key)] = {key.word, static_cast<uint32_t>(offset), static_cast<uint16_t>(key.length),
                         static_cast<uint16_t>(count)};
  }

 private:
  static constexpr size_t kWorthwhile = 512;
  static constexpr size_t kMostSlots = 8192;

  struct Slot {
    ShortWord word;
    uint32_t offset = 0;
    uint16_t length = 0;  ///< 0: free
    uint16_t count = 0;
  };
  size_t Home(const Key& key) const { return static_cast<size_t>(key.hash) & (slots_.size() - 1); }

  Array<Slot> slots_;
};

}  // namespace quanta::text
