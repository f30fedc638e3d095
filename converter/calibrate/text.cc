// SPDX-License-Identifier: MIT
#include "converter/calibrate/text.h"

#include <algorithm>
#include <string_view>

#include "converter/error.h"
#include "runtime/platform/platform.h"
#include "runtime/text/tokenizer_impl.h"
#include "runtime/text/utf8.h"

namespace quanta::converter {
namespace {

constexpr size_t kMaxBytes = size_t{8} << 20;

/// Without the last character if the limit cuts it.
std::string_view Head(std::string_view bytes, const std::string& path) {
  const size_t valid = text::ValidUtf8Prefix(bytes.substr(0, kMaxBytes));
  if (valid == bytes.size() || (bytes.size() > kMaxBytes && valid + 4 > kMaxBytes)) {
    return bytes.substr(0, valid);
  }
  throw Error(Code::kCorrupt, path, "byte " + std::to_string(valid) + " is not UTF-8",
              "--calibrate needs a text");
}

std::vector<int32_t> Encode(std::string_view bytes, const TokenizerTables& tables,
                            const std::string& path) {
  ErrorDetail detail;
  const format::Tokenizer view = Value(tables.View(), detail);
  const Tokenizer tokenizer = Value(text::CreateTokenizer(view, &detail), detail, path);
  TokenBuffer buffer;
  Check(tokenizer.Encode(bytes, {.add_special = false}, &buffer), detail, path);
  return {buffer.ids().begin(), buffer.ids().end()};
}

}  // namespace

std::vector<std::vector<int32_t>> ReadCalibrationText(const std::string& path,
                                                      const TokenizerTables& tokenizer,
                                                      size_t length, size_t count) {
  ErrorDetail detail;
  const auto file = Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()),
                               file.bytes().size());
  const std::vector<int32_t> ids = Encode(Head(bytes, path), tokenizer, path);
  const auto& prefix = tokenizer.prefix_ids;
  const size_t own = length - std::min(length - 1, prefix.size());
  if (ids.size() < own) {
    throw Error(Code::kInvalidArgument, path,
                "the text is too short: it has " + std::to_string(ids.size()) + " tokens",
                "at least " + std::to_string(own) + " are needed");
  }
  std::vector<std::vector<int32_t>> sequences(std::min(count, ids.size() / own));
  for (size_t i = 0; i < sequences.size(); ++i) {
    // The first begins the text, the last ends it.
    const size_t steps = std::max<size_t>(sequences.size() - 1, 1);
    const auto from = ids.begin() + static_cast<ptrdiff_t>((ids.size() - own) * i / steps);
    sequences[i].assign(prefix.begin(), prefix.begin() + static_cast<ptrdiff_t>(length - own));
    sequences[i].insert(sequences[i].end(), from, from + static_cast<ptrdiff_t>(own));
  }
  return sequences;
}

}  // namespace quanta::converter
