// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "converter/tokenizer/tokenizer_json.h"
#include "runtime/text/tokenizer_impl.h"

namespace quanta::testing {

/// A tokenizer.json ready to use: keeps alive what the tokenizer points into.
struct LoadedTokenizer {
  converter::TokenizerTables tables;
  format::Tokenizer view;
  std::optional<Tokenizer> tokenizer;

  std::vector<int32_t> Encode(std::string_view text, bool add_special = false,
                              bool parse_special = true) const {
    TokenBuffer ids;
    const Status status = tokenizer->Encode(text, {add_special, parse_special}, &ids);
    EXPECT_TRUE(status.ok()) << status.what();
    return {ids.ids().begin(), ids.ids().end()};
  }

  std::string Decode(const std::vector<int32_t>& ids, bool skip_special = false) const {
    std::vector<char> storage(TextDecoder::StorageBytes(*tokenizer));
    TextDecoder decoder(*tokenizer, storage, skip_special);
    std::string text;
    for (const int32_t id : ids) text += decoder.Push(id);
    return text += decoder.Finish();
  }
};

/// Null, with a failure noted, if the text is refused.
inline std::unique_ptr<LoadedTokenizer> LoadTokenizer(std::string_view tokenizer_json) {
  ErrorDetail detail;
  auto tables = converter::ReadTokenizer({.tokenizer_json = tokenizer_json}, 0, &detail);
  EXPECT_TRUE(tables.ok()) << tables.status().what() << ": " << detail.text();
  if (!tables.ok()) return nullptr;
  auto loaded = std::make_unique<LoadedTokenizer>();
  loaded->tables = std::move(tables).value();
  loaded->view = loaded->tables.View().value();
  loaded->tokenizer = text::CreateTokenizer(loaded->view, &detail).value();
  return loaded;
}

inline std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

inline std::string FixturePath(const std::string& kind, const std::string& file) {
  return QUANTA_TEST_DATA "/tokenizers/" + kind + "/" + file;
}

inline std::unique_ptr<LoadedTokenizer> LoadFixture(const std::string& kind) {
  return LoadTokenizer(ReadText(FixturePath(kind, "tokenizer.json")));
}

}  // namespace quanta::testing
