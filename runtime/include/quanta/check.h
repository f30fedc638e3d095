// SPDX-License-Identifier: MIT
#pragma once

namespace quanta {
/// Reports a broken invariant through the platform's panic hook and aborts.
/// Never returns, never throws, never allocates.
[[noreturn]] void Panic(const char* expression, const char* file, int line);
}  // namespace quanta

/// States what must hold unless quanta or its caller has a bug; stays in release
/// builds. Bad input (files, flags, text) is never a bug: report it as a Status.
#define QUANTA_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::quanta::Panic(#condition, __FILE__, __LINE__))

/// QUANTA_CHECK for inner loops: compiled out where NDEBUG is defined.
#ifdef NDEBUG
#define QUANTA_DCHECK(condition) static_cast<void>(sizeof(condition))
#else
#define QUANTA_DCHECK(condition) QUANTA_CHECK(condition)
#endif
