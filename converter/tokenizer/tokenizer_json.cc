// SPDX-License-Identifier: MIT
#include "converter/tokenizer/tokenizer_json.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <new>

#include "converter/error.h"
#include "converter/tokenizer/reader_parts.h"
#include "runtime/text/tokenizer_impl.h"

namespace quanta::converter {
namespace {

constexpr const char* kTokenizerJson = "tokenizer.json";
constexpr size_t kMaxFileBytes = size_t{256} << 20;

// `bytes`: the model sees bytes, not text.
format::TokenizerKind ReadKind(const JsonValue& model, bool bytes) {
  // Old files leave the type out; only BPE has merges, only unigram a list of words.
  const JsonValue type = model["type"];
  const bool list = type.is_null() && model["vocab"].json().is_array();
  const bool merges = type.is_null() && !model["merges"].is_null();
  const std::string name = list ? "Unigram" : merges ? "BPE" : type.String();
  if (name == "BPE") {
    return bytes ? format::TokenizerKind::kByteBpe : format::TokenizerKind::kSpmBpe;
  }
  if (name != "Unigram" && name != "WordLevel") {
    type.Unsupported("tokenizer model not supported: " + Quote(name),
                     "BPE, Unigram and WordLevel are");
  }
  if (bytes) type.Unsupported("a ByteLevel pre-tokenizer is not supported with " + Quote(name));
  return name == "Unigram" ? format::TokenizerKind::kUnigram : format::TokenizerKind::kWhitespace;
}

TokenizerTables Read(const TokenizerSources& sources, uint32_t model_vocab) {
  if (model_vocab > kMaxVocab) {
    throw Error(Code::kLimit, "",
                Format("a vocabulary of %u is beyond the limit of %u", model_vocab, kMaxVocab));
  }
  const Json json = ParseJson(sources.tokenizer_json, kTokenizerJson, {.bytes = kMaxFileBytes});
  const JsonValue root(json, kTokenizerJson);
  root.CheckKeys({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                  "post_processor", "decoder", "model"});
  const JsonValue version = root["version"];
  if (!version.is_null() && version.String() != "1.0") {
    version.Unsupported("version " + Quote(version.String()) + " is not known");
  }
  TokenizerTables tables;
  if (!root["truncation"].is_null()) {
    tables.notes.push_back("tokenizer.json asks for texts to be cut off: not done");
  }
  static_cast<void>(ReadKind(root["model"], false));
  // First what tells another kind of tokenizer: it names the real reason.
  ReadNormalizer(root["normalizer"], &tables);
  const bool bytes = ReadPreTokenizer(root["pre_tokenizer"], &tables);
  tables.kind = ReadKind(root["model"], bytes);
  ReadDecoder(root["decoder"], &tables);
  ReadModel(root["model"], root["added_tokens"], model_vocab, &tables);
  ReadPostProcessor(root["post_processor"], &tables);
  ReadSpecialIds(sources, root, &tables);
  return tables;
}

// What the runtime would refuse must not be written.
Status CheckRuns(const TokenizerTables& tables, ErrorDetail* detail) {
  QUANTA_ASSIGN(const format::Tokenizer view, tables.View());
  return text::CreateTokenizer(view, detail).status();
}

Status Describe(ErrorDetail* detail, Code code, const char* what, const char* text) {
  return Fail(detail, code, what, "%s", text);
}

// A file of the folder: its text, or nothing if there is none.
std::string ReadIfThere(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw Error(Code::kIo, path.string(), error.message());
  if (size > kMaxFileBytes) {
    throw Error(Code::kLimit, path.string(), "is too large for a tokenizer's file");
  }
  std::string text(static_cast<size_t>(size), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(size))) {
    throw Error(Code::kIo, path.string(), "cannot be read");
  }
  return text;
}

// Runs `read`, whose exceptions become the Status.
template <class ReadTables>
Result<TokenizerTables> Guard(ErrorDetail* detail, const ReadTables& read) {
  try {
    return read();
  } catch (const Error& error) {
    const char* what = "the tokenizer cannot be read";
    if (error.code() == Code::kUnsupported) what = "tokenizer not supported";
    if (error.code() == Code::kCorrupt) what = "not a valid tokenizer";
    return Describe(detail, error.code(), what, error.what());
  } catch (const std::bad_alloc&) {
    return Status(Code::kOutOfMemory, "the heap is exhausted");
  } catch (const std::exception& error) {
    return Describe(detail, Code::kInternal, "the tokenizer cannot be read", error.what());
  }
}

}  // namespace

Result<TokenizerTables> ReadTokenizer(const TokenizerSources& sources, uint32_t model_vocab,
                                      ErrorDetail* detail) {
  auto tables = Guard(detail, [&] { return Read(sources, model_vocab); });
  if (tables.ok()) QUANTA_TRY(CheckRuns(*tables, detail));
  return tables;
}

Result<TokenizerTables> ReadTokenizerFolder(const std::string& folder, uint32_t model_vocab,
                                            ErrorDetail* detail) {
  return Guard(detail, [&]() -> Result<TokenizerTables> {
    const std::filesystem::path path(folder);
    const std::string tokenizer = ReadIfThere(path / kTokenizerJson);
    if (tokenizer.empty()) {
      throw Error(Code::kNotFound, (path / kTokenizerJson).string(), "is missing or empty",
                  "transformers' AutoTokenizer writes it with save_pretrained");
    }
    const std::string tokenizer_config = ReadIfThere(path / "tokenizer_config.json");
    const std::string special_tokens_map = ReadIfThere(path / "special_tokens_map.json");
    const std::string config = ReadIfThere(path / "config.json");
    const std::string generation_config = ReadIfThere(path / "generation_config.json");
    return ReadTokenizer(
        {tokenizer, tokenizer_config, special_tokens_map, config, generation_config}, model_vocab,
        detail);
  });
}

}  // namespace quanta::converter
