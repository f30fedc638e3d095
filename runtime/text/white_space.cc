// SPDX-License-Identifier: MIT
#include "runtime/text/white_space.h"

#include <cstddef>

namespace quanta::text {
namespace {

// Every character for which Python's str.isspace is true, in UTF-8.
constexpr std::string_view kSpaces[] = {
    " ",      "\n",     "\t",     "\r",     "\v",     "\f",     "\x1c",   "\x1d",
    "\x1e",   "\x1f",   "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002",
    "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
    "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
};

size_t SpaceAtStart(std::string_view text) {
  for (const std::string_view space : kSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

size_t SpaceAtEnd(std::string_view text) {
  for (const std::string_view space : kSpaces) {
    if (text.ends_with(space)) return space.size();
  }
  return 0;
}

}  // namespace

std::string_view StripStart(std::string_view text) {
  while (const size_t bytes = SpaceAtStart(text)) text.remove_prefix(bytes);
  return text;
}

std::string_view StripEnd(std::string_view text) {
  while (const size_t bytes = SpaceAtEnd(text)) text.remove_suffix(bytes);
  return text;
}

}  // namespace quanta::text
