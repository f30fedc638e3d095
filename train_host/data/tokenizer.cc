// SPDX-License-Identifier: MIT
#include "train_host/data/tokenizer.h"

#include <filesystem>
#include <span>

#include "converter/error.h"
#include "converter/tokenizer/tokenizer_json.h"
#include "runtime/platform/platform.h"
#include "runtime/text/tokenizer_impl.h"
#include "train_host/data/fingerprint.h"

namespace quanta::train {

using converter::Error;

TrainTokenizer::TrainTokenizer(const std::string& path, const std::string& end_token) {
  std::error_code ignored;
  std::filesystem::is_directory(path, ignored) ? ReadFolder(path) : ReadFile(path);
  FindEnd(path, end_token);
  ErrorDetail detail;
  view_ = converter::Value(tables_.View(), detail, path);
  tokenizer_ = converter::Value(text::CreateTokenizer(view_, &detail), detail, path);
  fingerprint_ = Fingerprint();
}

void TrainTokenizer::ReadFolder(const std::string& path) {
  ErrorDetail detail;
  tables_ = converter::Value(converter::ReadTokenizerFolder(path, 0, &detail), detail, path);
  chat_source_ = converter::FindChatTemplate(path);
  if (chat_source_.jinja.empty()) return;
  auto compiled = converter::CompileChatTemplate(
      {chat_source_.jinja, chat_source_.bos_token, chat_source_.eos_token}, &detail);
  chat_tables_ = converter::Value(std::move(compiled), detail, chat_source_.place);
  chat_ = converter::Value(chat_tables_.View(), detail, path);
}

void TrainTokenizer::ReadFile(const std::string& path) {
  ErrorDetail detail;
  const auto file =
      converter::Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  tables_ = converter::Value(converter::ReadTokenizer({.tokenizer_json = text}, 0, &detail), detail,
                             path);
}

void TrainTokenizer::FindEnd(const std::string& path, const std::string& end_token) {
  if (end_token.empty()) {
    if (!tables_.stop_ids.empty()) end_id_ = tables_.stop_ids.front();
    return;
  }
  for (const auto& added : tables_.added) {
    if (added.content != end_token) continue;
    end_id_ = static_cast<int32_t>(added.id);
    tables_.stop_ids = {end_id_};
    return;
  }
  throw Error(Code::kInvalidArgument, path,
              "has no added token '" + end_token + "' to end documents with",
              "name one of its added_tokens in data.end_token");
}

uint64_t TrainTokenizer::Fingerprint() const {
  train::Fingerprint print;
  print.Add(std::as_bytes(std::span(tables_.token_offsets)));
  print.Add(std::as_bytes(std::span(tables_.token_bytes)));
  for (const format::Merge& merge : tables_.merges) {
    print.Add(uint64_t{merge.left} << 32 | merge.right);
  }
  for (const auto& pre : tables_.pre_tokenizers) print.Add(static_cast<uint64_t>(pre.kind));
  for (const auto& added : tables_.added) print.Add(added.content);
  for (const int32_t id : tables_.prefix_ids) print.Add(static_cast<uint64_t>(id));
  print.Add(chat_source_.jinja);
  print.Add(static_cast<uint64_t>(end_id_));
  return print.value();
}

}  // namespace quanta::train
