// SPDX-License-Identifier: MIT
#pragma once

/// QUANTA_TARGET_BEGIN("ISA,...") .. QUANTA_TARGET_END: functions that may use more
/// instructions than the rest of the build. Inside: no lambdas (they would not take
/// part) and no includes (whose functions would).
#define QUANTA_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define QUANTA_TARGET_BEGIN(isa) \
  QUANTA_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define QUANTA_TARGET_END QUANTA_PRAGMA(clang attribute pop)
#else
#define QUANTA_TARGET_BEGIN(isa) QUANTA_PRAGMA(GCC push_options) QUANTA_PRAGMA(GCC target isa)
#define QUANTA_TARGET_END QUANTA_PRAGMA(GCC pop_options)
#endif

#define QUANTA_INLINE inline __attribute__((always_inline))
