// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/make_tokenizer.h"

#include <algorithm>
#include <utility>

#include "converter/error.h"
#include "converter/tokenizer/json_value.h"
#include "converter/tokenizer/tokenizer_json.h"
#include "runtime/text/utf8.h"

namespace quanta::train {
namespace {

using converter::Error;
using converter::Quote;
using converter::TokenizerTables;
using format::PreTokenizerKind;
using format::TokenType;

PreTokenizerKind PatternOf(const std::string& name) {
  if (name == "gpt2") return PreTokenizerKind::kGpt2;
  if (name == "llama3") return PreTokenizerKind::kLlama3;
  if (name == "qwen2") return PreTokenizerKind::kQwen2;
  throw Error(Code::kInvalidArgument, "", "unknown pre-tokenizer " + Quote(name),
              "use gpt2, llama3 or qwen2");
}

void CheckOptions(const TokenizerOptions& options) {
  const auto& specials = options.bpe.special_tokens;
  for (const std::string& token : specials) {
    if (!text::IsUtf8(token)) {
      throw Error(Code::kInvalidArgument, "", "a special token is not UTF-8");
    }
  }
  if (options.bpe.vocabulary > converter::kMaxVocab) {
    throw Error(Code::kInvalidArgument, "",
                converter::Format("a vocabulary of %u is beyond the limit of %u",
                                  options.bpe.vocabulary, converter::kMaxVocab));
  }
  for (const std::string& named : {options.bos, options.eos}) {
    if (named.empty() || std::find(specials.begin(), specials.end(), named) != specials.end()) {
      continue;
    }
    throw Error(Code::kInvalidArgument, "", Quote(named) + " is none of the special tokens");
  }
}

/// What encodes and decodes, but for the vocabulary.
TokenizerTables Pipeline(const TokenizerOptions& options) {
  TokenizerTables tables;
  tables.kind = format::TokenizerKind::kByteBpe;
  if (options.split_spaces) {
    tables.pre_tokenizers.push_back({.kind = PreTokenizerKind::kSplitLiteral,
                                     .a = " ",
                                     .behavior = format::SplitBehavior::kContiguous});
  }
  if (options.split_digits) {
    tables.pre_tokenizers.emplace_back().kind = PreTokenizerKind::kDigitsIndividual;
  }
  tables.pre_tokenizers.emplace_back().kind = PatternOf(options.pre_tokenizer);
  tables.decoders.emplace_back().kind = format::DecoderKind::kByteLevel;
  return tables;
}

int32_t IdOf(const std::string& special, const TokenizerOptions& options) {
  const auto& specials = options.bpe.special_tokens;  // whose ids are the first
  return static_cast<int32_t>(std::find(specials.begin(), specials.end(), special) -
                              specials.begin());
}

void FillVocabulary(Bpe bpe, const TokenizerOptions& options, TokenizerTables* tables) {
  const auto& specials = options.bpe.special_tokens;
  tables->byte_ids.assign(256, -1);
  tables->token_offsets.push_back(0);
  for (size_t id = 0; id < bpe.tokens.size(); ++id) {
    const std::string& bytes = bpe.tokens[id];
    tables->token_bytes.insert(tables->token_bytes.end(), bytes.begin(), bytes.end());
    tables->token_offsets.push_back(static_cast<uint32_t>(tables->token_bytes.size()));
    tables->token_types.push_back(id < specials.size() ? TokenType::kControl : TokenType::kNormal);
    if (id >= specials.size() && bytes.size() == 1) {
      tables->byte_ids[static_cast<uint8_t>(bytes.front())] = static_cast<int32_t>(id);
    }
  }
  for (size_t id = 0; id < specials.size(); ++id) {
    tables->added.push_back(
        {.id = static_cast<uint32_t>(id), .content = specials[id], .special = true});
  }
  tables->merges = std::move(bpe.merges);
  if (!options.bos.empty()) tables->bos_id = IdOf(options.bos, options);
  if (!options.eos.empty()) tables->stop_ids.push_back(IdOf(options.eos, options));
}

}  // namespace

TokenizerTables MakeTokenizer(const TokenizerOptions& options, TokenizerReport* report,
                              converter::Progress* progress) {
  CheckOptions(options);
  TokenizerTables tables = Pipeline(options);
  const Corpus corpus(options.files, options.corpus, progress);
  ErrorDetail detail;
  const format::Tokenizer view = converter::Value(tables.View(), detail);
  const std::vector<WordCount> words =
      CountWords(corpus.texts(), view.pre_tokenizers, options.threads, progress);
  Bpe bpe = TrainBpe(words, options.bpe, progress);
  *report = {.vocabulary = static_cast<uint32_t>(bpe.tokens.size()),
             .special_tokens = static_cast<uint32_t>(options.bpe.special_tokens.size()),
             .merges = bpe.merges.size(),
             .files = options.files.size(),
             .texts = corpus.texts().size(),
             .bytes = corpus.bytes(),
             .words = 0,
             .different_words = words.size(),
             .tokens = bpe.corpus_tokens};
  for (const WordCount& word : words) report->words += word.count;
  FillVocabulary(std::move(bpe), options, &tables);
  return tables;
}

converter::TokenizerFiles WriteFiles(const TokenizerTables& tables) {
  ErrorDetail detail;
  const format::Tokenizer view = converter::Value(tables.View(), detail);
  converter::TokenizerFiles files =
      converter::Value(converter::WriteTokenizer(view, &detail), detail);
  converter::Check(converter::ReadTokenizer({.tokenizer_json = files.tokenizer_json,
                                             .tokenizer_config_json = files.tokenizer_config_json},
                                            tables.vocab(), &detail)
                       .status(),
                   detail);
  return files;
}

}  // namespace quanta::train
