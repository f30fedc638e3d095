// SPDX-License-Identifier: MIT
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstdarg>
#include <span>
#include <string_view>

#include "runtime/core/array.h"
#include "runtime/format/bytes.h"

namespace quanta::format {

/// Reads the fields of a verified FlatBuffer, one kind each, and says where a bad one
/// lies ("tensors[3].name").
///
/// Every string and array is charged to a budget of the header's own size. FlatBuffers
/// lets many fields point at one place; without sharing the budget cannot run out, and
/// with it a small hostile file could make each later loop take hours.
class FieldReader {
 public:
  FieldReader(size_t budget, ErrorDetail* detail) : budget_(budget), detail_(detail) {}

  /// What the fields read next belong to.
  void At(const char* table) {
    table_ = table;
    index_ = -1;
  }

  Status String(const char* field, const flatbuffers::String* in, size_t max_bytes,
                std::string_view* out) {
    if (in == nullptr) return {};
    QUANTA_TRY(Charge(field, in->size(), 1));
    if (in->size() > max_bytes) {
      return Bad(field, "%zu bytes, at most %zu are allowed", size_t{in->size()}, max_bytes);
    }
    *out = {in->c_str(), in->size()};
    if (IsUtf8(std::as_bytes(std::span(*out)))) return {};
    return Bad(field, "not UTF-8");
  }

  /// A vector of scalars or structs that T is laid out like.
  template <class T, class Stored>
  Status Span(const char* field, const flatbuffers::Vector<Stored>* in, std::span<const T>* out) {
    if (in == nullptr) return {};
    QUANTA_TRY(Charge(field, in->size(), sizeof(T)));
    *out = {reinterpret_cast<const T*>(in->Data()), in->size()};
    return {};
  }

  template <class T, class Stored>
  Status Enum(const char* field, Stored in, T* out) {
    if (in > Stored::MAX) return Bad(field, "unknown value %u", static_cast<unsigned>(in));
    *out = static_cast<T>(in);
    return {};
  }

  /// A vector of up to `max_count` tables: each(table, *this, &element) for all. The
  /// bound matters: an element takes more memory than the 4 bytes it may take in a file.
  template <class T, class Stored, class Each>
  Status Tables(const char* field, const flatbuffers::Vector<flatbuffers::Offset<Stored>>* in,
                size_t max_count, Array<T>* out, const Each& each) {
    if (in == nullptr) return {};
    if (in->size() > max_count) {
      return Bad(field, "%zu entries, at most %zu are allowed", size_t{in->size()}, max_count);
    }
    QUANTA_TRY(Charge(field, in->size(), sizeof(flatbuffers::uoffset_t)));
    QUANTA_ASSIGN(*out, Array<T>::Create(in->size()));
    const char* const parent = table_;
    for (size_t i = 0; i < out->size(); ++i) {
      table_ = field;
      index_ = static_cast<ptrdiff_t>(i);
      QUANTA_TRY(each(*in->Get(static_cast<flatbuffers::uoffset_t>(i)), *this, &(*out)[i]));
    }
    At(parent);
    return {};
  }

  /// An error about `field` of the current table.
  [[gnu::format(printf, 3, 4)]] Status Bad(const char* field, const char* format, ...) {
    ErrorDetail text;
    std::va_list arguments;
    va_start(arguments, format);
    text.FormatV(format, arguments);
    va_end(arguments);
    if (index_ < 0) return Corrupt(detail_, "%s.%s: %s", table_, field, text.text());
    return Corrupt(detail_, "%s[%td].%s: %s", table_, index_, field, text.text());
  }

 private:
  Status Charge(const char* field, size_t count, size_t each) {
    if (count > budget_ / each) return Bad(field, "shares its bytes with other fields");
    budget_ -= count * each;
    return {};
  }

  size_t budget_;
  ErrorDetail* detail_;
  const char* table_ = "";
  ptrdiff_t index_ = -1;
};

}  // namespace quanta::format
