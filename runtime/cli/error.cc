// SPDX-License-Identifier: MIT
#include "runtime/cli/error.h"

namespace quanta::cli {

Error::Error(Code code, std::string_view place, std::string_view what, std::string_view hint)
    : code_(code) {
  if (!place.empty()) text_.append(place).append(": ");
  text_.append(what);
  if (!hint.empty()) text_.append("; ").append(hint);
  for (char& c : text_) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
}

void Check(Status status, const ErrorDetail& detail, std::string_view place,
           std::string_view hint) {
  if (status.ok()) return;
  // Details are sentences of their own, some beginning with the path.
  std::string_view more = detail.text();
  if (!place.empty() && more.starts_with(place)) {
    more.remove_prefix(place.size());
    if (more.starts_with(": ")) more.remove_prefix(2);
  }
  std::string text(status.what());
  if (more.find(text) != more.npos) text.clear();
  if (!text.empty() && !more.empty()) text += ": ";
  throw Error(status.code(), place, text.append(more), hint);
}

}  // namespace quanta::cli
