// SPDX-License-Identifier: MIT
#include "converter/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace quanta::converter {

void ReleasePages(std::span<const std::byte> bytes) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  // Whole pages only; those at the ends may be shared with what is still to be read.
  const auto address = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t begin = (address + page - 1) / page * page;
  const uintptr_t end = (address + bytes.size()) / page * page;
  // Advice: a failure changes nothing that matters.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

bool SameBytes(std::span<const std::byte> a, std::span<const std::byte> b) {
  constexpr size_t kBlock = size_t{4} << 20;
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i += kBlock) {
    const size_t count = std::min(kBlock, a.size() - i);
    if (std::memcmp(a.data() + i, b.data() + i, count) != 0) return false;
    ReleasePages(a.subspan(i, count));
    ReleasePages(b.subspan(i, count));
  }
  return true;
}

}  // namespace quanta::converter
