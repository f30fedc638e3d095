// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>

#include "quanta/check.h"

namespace quanta {

void Panic(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, expression);
  std::abort();
}

}  // namespace quanta
