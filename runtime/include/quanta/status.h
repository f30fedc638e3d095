// SPDX-License-Identifier: MIT
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "quanta/check.h"

namespace quanta {

/// The kind of failure: what a caller can act on. The values are part of the C ABI.
enum class Code : uint8_t {
  kOk = 0,
  kInvalidArgument = 1,  ///< A documented precondition does not hold.
  kOutOfMemory = 2,      ///< An arena or the heap is too small; nothing was changed.
  kCorrupt = 3,          ///< Bytes that are not what their format promises.
  kUnsupported = 4,      ///< Well formed, but beyond this build.
  kDenied = 5,           ///< A capability is missing.
  kLimit = 6,            ///< A stated bound (context, depth, size) was reached.
  kInternal = 7,         ///< A bug in quanta.
  kNotFound = 8,         ///< No such file, tensor or name.
  kIo = 9,               ///< The operating system failed.
  kNoSpace = 10,         ///< The device is full; the previous file is intact.
  kCancelled = 11,       ///< The caller asked to stop.
  kUnverified = 12,      ///< A hash or a signature does not match.
};

/// Success, or a Code with a text of static storage duration. Trivially
/// copyable and allocation-free, so it can report that memory ran out.
class [[nodiscard]] Status {
 public:
  constexpr Status() = default;
  /// `what` is kept, not copied: pass a string literal.
  constexpr Status(Code code, const char* what) : what_(what), code_(code) {}

  constexpr bool ok() const { return code_ == Code::kOk; }
  constexpr Code code() const { return code_; }
  constexpr const char* what() const { return what_; }

 private:
  const char* what_ = "ok";
  Code code_ = Code::kOk;
};

/// Caller-owned room for the particulars of an error: which file, which tensor,
/// which value, how many bytes would do. Functions that open, plan or parse take
/// an `ErrorDetail*`, which may be null. Texts longer than the buffer are cut.
class ErrorDetail {
 public:
  static constexpr size_t kCapacity = 512;  ///< bytes, including the final NUL

  const char* text() const { return text_; }
  bool empty() const { return text_[0] == '\0'; }
  void Clear() { text_[0] = '\0'; }

  /// printf into the buffer. Control characters become '?', since names and
  /// values quoted here may come from a hostile file and end on a terminal.
  [[gnu::format(printf, 2, 3)]] void Format(const char* format, ...);
  void FormatV(const char* format, std::va_list arguments);

 private:
  char text_[kCapacity] = "";
};

/// Fills `detail`, if there is one, and returns the Status: one line per error.
[[gnu::format(printf, 4, 5)]] Status Fail(ErrorDetail* detail, Code code, const char* what,
                                          const char* format, ...);

/// A T, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                         // NOLINT: implicit
  Result(Status error) : error_(error) { QUANTA_CHECK(!error.ok()); }  // NOLINT: implicit

  bool ok() const { return value_.has_value(); }
  Status status() const { return error_; }  ///< ok() if there is a value

  /// The value. Asking an error for it is a bug and panics.
  T& value() & {
    QUANTA_CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    QUANTA_CHECK(ok());
    return *value_;
  }
  T&& value() && {
    QUANTA_CHECK(ok());
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status error_;
};

}  // namespace quanta

/// Leaves the enclosing function with `expression` if that is an error.
#define QUANTA_TRY(expression)                                             \
  do {                                                                     \
    if (::quanta::Status try_status = (expression); !try_status.ok()) {    \
      return try_status;                                                   \
    }                                                                      \
  } while (false)

/// `QUANTA_ASSIGN(auto model, Model::Open(path));`: the value, or leave with the error.
#define QUANTA_ASSIGN(declaration, expression) \
  QUANTA_ASSIGN_IMPL_(QUANTA_CONCAT_(try_result_, __LINE__), declaration, expression)
#define QUANTA_ASSIGN_IMPL_(temporary, declaration, expression) \
  auto temporary = (expression);                                \
  if (!temporary.ok()) return temporary.status();               \
  declaration = std::move(temporary).value()
#define QUANTA_CONCAT_(a, b) QUANTA_CONCAT_IMPL_(a, b)
#define QUANTA_CONCAT_IMPL_(a, b) a##b
