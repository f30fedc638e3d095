// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "converter/chat/compile.h"
#include "converter/chat_source.h"
#include "converter/tokenizer/tables.h"
#include "quanta/tokenizer.h"

namespace quanta::train {

/// The tokenizer that a model is trained with: what its checkpoints will hold, and the runtime's
/// own code to make ids. Stays where it is.
class TrainTokenizer {
 public:
  /// `path`: a Hugging Face folder, or a tokenizer.json. `end_token`: the text of the token that
  /// ends documents and generation; empty: the first one that the folder states, if any.
  /// Throws converter::Error.
  TrainTokenizer(const std::string& path, const std::string& end_token);
  TrainTokenizer(const TrainTokenizer&) = delete;
  TrainTokenizer& operator=(const TrainTokenizer&) = delete;

  const converter::TokenizerTables& tables() const { return tables_; }
  const converter::ChatSource& chat_source() const { return chat_source_; }
  /// Null: there is no chat template.
  const format::ChatTemplate* chat() const { return chat_ ? &*chat_ : nullptr; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  uint32_t vocab() const { return tables_.vocab(); }
  int32_t end_id() const { return end_id_; }  ///< -1: none
  /// Changes with anything that changes ids.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  void ReadFolder(const std::string& path);
  void ReadFile(const std::string& path);
  void FindEnd(const std::string& path, const std::string& end_token);
  uint64_t Fingerprint() const;

  converter::TokenizerTables tables_;
  converter::ChatSource chat_source_;
  converter::ChatTables chat_tables_;
  std::optional<format::ChatTemplate> chat_;
  format::Tokenizer view_;
  std::optional<Tokenizer> tokenizer_;
  int32_t end_id_ = -1;
  uint64_t fingerprint_ = 0;
};

}  // namespace quanta::train
