// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "train_host/math/random.h"

namespace quanta::train {

/// A number that changes when what was added changes; no protection against intent.
class Fingerprint {
 public:
  void Add(std::span<const std::byte> bytes) {
    Add(bytes.size());
    size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + i, 8);
      state_ = (state_ ^ word) * 0x9E3779B97F4A7C15u;
      state_ ^= state_ >> 29;
    }
    uint64_t rest = 0;
    if (i < bytes.size()) std::memcpy(&rest, bytes.data() + i, bytes.size() - i);
    Add(rest);
  }
  void Add(std::string_view text) { Add(std::as_bytes(std::span(text))); }
  void Add(uint64_t number) { state_ = Mix(state_ ^ number); }
  uint64_t value() const { return Mix(state_); }

 private:
  uint64_t state_ = 0;
};

}  // namespace quanta::train
