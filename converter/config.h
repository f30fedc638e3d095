// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/json.h"
#include "quanta/status.h"

namespace quanta::converter {

/// Typed reading of a JSON object of settings (config.json, or an object inside it)
/// that keeps account of what was read: in the end no key may be left over, since a
/// setting that is ignored in silence is a model that runs differently.
///
/// A key whose value is null counts as absent, as in transformers.
/// Every function throws Error(kCorrupt) naming the key and the value.
class Config {
 public:
  /// `place`: the file. `path`: where in it the object lies: "" or "rope_scaling.".
  Config(Json object, std::string place, std::string path = {});

  const std::string& place() const { return place_; }
  const Json& json() const { return object_; }

  /// The value, marked as read; null if there is none.
  const Json* Find(std::string_view key);
  bool Has(std::string_view key) { return Find(key) != nullptr; }
  /// Whether the key is there with the value null, where that differs from its absence.
  bool IsNull(std::string_view key);
  bool WasRead(std::string_view key) const { return read_.find(key) != read_.end(); }

  /// An integer in [1, max]. Without `fallback` the key is required.
  uint32_t Count(std::string_view key, uint32_t max,
                 std::optional<uint32_t> fallback = std::nullopt);
  /// A finite number.
  double Number(std::string_view key, std::optional<double> fallback = std::nullopt);
  bool Bool(std::string_view key, bool fallback);
  std::string String(std::string_view key, std::optional<std::string> fallback = std::nullopt);
  /// The object under `key`; empty if there is none.
  Config Object(std::string_view key);

  /// Marks keys as read that do not matter.
  void Ignore(std::span<const std::string_view> keys);
  /// Marks a key that matters only with another value: it must be absent or `value`.
  /// Throws Error(kUnsupported).
  void Require(std::string_view key, const Json& value);

  /// Throws Error(kUnsupported) naming the first key that was never read, unless
  /// `allowed` has it (as "rope_scaling.KEY" for one inside an object).
  void RefuseUnread(std::span<const std::string> allowed) const;

  /// The first key that was never read, with its path; empty: all were.
  std::string FirstUnread(std::span<const std::string> allowed = {}) const;

  /// Throws Error(code) about `key`.
  [[noreturn]] void Refuse(Code code, std::string_view key, std::string_view what,
                           std::string_view hint = {}) const;

 private:
  const Json& Required(std::string_view key);

  Json object_;
  std::string place_;
  std::string path_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace quanta::converter
