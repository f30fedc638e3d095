// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "converter/json.h"

namespace quanta::converter {

/// Ids are below this: a claimed one must not make us allocate the address space.
inline constexpr uint32_t kMaxVocab = uint32_t{1} << 20;

/// 'x', cut if long: for quoting from a file in a message.
std::string Quote(std::string_view text);

/// A value with the path that leads to it, so that a complaint can name the place.
/// Every access that does not fit throws Error.
class JsonValue {
 public:
  JsonValue(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}

  const Json& json() const { return *json_; }
  const std::string& path() const { return path_; }
  bool is_null() const { return json_->is_null(); }

  /// Member `key` of an object; null if it is absent.
  JsonValue operator[](const char* key) const;
  /// Element of an array, which must be there.
  JsonValue At(size_t i) const;
  size_t ArraySize() const;

  const std::string& String() const;
  bool Bool() const;
  bool BoolOr(bool fallback) const;  ///< `fallback` for null
  uint32_t Id() const;               ///< a token id, below kMaxVocab

  /// Refuses an object with other keys than these: what is not known cannot be obeyed.
  void CheckKeys(std::initializer_list<const char*> keys) const;

  [[noreturn]] void Corrupt(std::string_view what, std::string_view hint = {}) const;
  [[noreturn]] void Unsupported(std::string_view what, std::string_view hint = {}) const;

 private:
  const Json* json_;
  std::string path_;
};

}  // namespace quanta::converter
