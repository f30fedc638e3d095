// SPDX-License-Identifier: MIT
//
// SentencePiece's BPE as Hugging Face runs it: a piece's characters are symbols, joined
// by the merges. A character without a token becomes the tokens of its bytes, or the
// unknown one.
#include <array>
#include <new>

#include "runtime/text/cut_table.h"
#include "runtime/text/model.h"
#include "runtime/text/utf8.h"
#include "runtime/text/word_index.h"

namespace quanta::text {
namespace {

class SpmBpe final : public TokenModel {
 public:
  static Result<std::unique_ptr<TokenModel>> Create(const format::Tokenizer& view,
                                                    ErrorDetail* detail);
  Status Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const override;

 private:
  explicit SpmBpe(const format::Tokenizer& view) : view_(view), model_words_(view) {}
  Status EncodeNew(std::string_view word, ModelScratch* scratch, TokenBuffer* out) const;
  size_t ToSymbols(std::string_view word, bool parse_special, uint32_t* symbols) const;
  size_t BytesToSymbols(std::string_view character, uint32_t* symbols) const;

  uint32_t FindCharacter(std::string_view character) const {
    if (character.size() == 1) return ascii_[static_cast<uint8_t>(character[0]) & 0x7F];
    return characters_.Find(character);
  }

  const format::Tokenizer& view_;
  const ModelWords model_words_;
  MergeTable merges_;
  WordIndex characters_;
  std::array<uint32_t, 128> ascii_{};
  WordIndex words_;  // if the view says ignore_merges
  CutTable cuts_;
};

Result<std::unique_ptr<TokenModel>> SpmBpe::Create(const format::Tokenizer& view,
                                                   ErrorDetail* detail) {
  if (view.byte_fallback && view.byte_ids.size() != 256) {
    return Fail(detail, Code::kCorrupt, "bad tokenizer", "byte_ids has %zu entries, not 256",
                view.byte_ids.size());
  }
  std::unique_ptr<SpmBpe> model(new (std::nothrow) SpmBpe(view));
  if (model == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
  QUANTA_ASSIGN(model->merges_, MergeTable::Create(view.merges));
  const auto is_word = [&](uint32_t id) { return model->model_words_.Has(id); };
  QUANTA_ASSIGN(model->characters_, WordIndex::Create(view, [&](uint32_t id) {
                  const std::string_view text = view.Text(id);
                  return is_word(id) && text.size() <= 4 &&
                         DecodeUtf8(text.data()).bytes == text.size();
                }));
  for (size_t c = 0; c < 128; ++c) {
    const char character = static_cast<char>(c);
    model->ascii_[c] = model->characters_.Find({&character, 1});
  }
  if (view.ignore_merges) {
    QUANTA_ASSIGN(model->words_, WordIndex::Create(view, is_word));
  }
  QUANTA_ASSIGN(model->cuts_, CutTable::Create(view, [&](uint32_t c) {
                  char bytes[4];
                  const uint32_t id = model->FindCharacter({bytes, EncodeUtf8(c, bytes)});
                  return id != WordIndex::kNone && ModelWords::IsPlain(view.token_types[id]);
                }));
  return std::unique_ptr<TokenModel>(std::move(model));
}

Status SpmBpe::Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const {
  if (view_.ignore_merges) {
    const uint32_t id = words_.Find(piece);
    if (id != WordIndex::kNone && model_words_.MayEncode(id, scratch->parse_special)) {
      return out->Append(static_cast<int32_t>(id));
    }
  }
  while (!piece.empty()) {
    const size_t size = cuts_.FirstCut(piece);
    QUANTA_TRY(EncodeCached(piece.substr(0, size), &scratch->cache, out,
                            [&](std::string_view word) { return EncodeNew(word, scratch, out); }));
    piece.remove_prefix(size);
  }
  return Status();
}

Status SpmBpe::EncodeNew(std::string_view word, ModelScratch* scratch, TokenBuffer* out) const {
  std::array<uint32_t, MergeTable::kShortWord> few;
  uint32_t* symbols = few.data();
  if (word.size() > few.size()) {
    scratch->symbols.Clear();
    QUANTA_TRY(scratch->symbols.Reserve(word.size()));
    symbols = scratch->symbols.data();
  }
  const size_t count = ToSymbols(word, scratch->parse_special, symbols);
  QUANTA_ASSIGN(const size_t kept, merges_.Merge({symbols, count}, &scratch->merging));
  // Ids are below 2^31 (the view is validated), so both types see the same values.
  return out->Append({reinterpret_cast<const int32_t*>(symbols), kept});
}

// At most one symbol for each byte of `word`.
size_t SpmBpe::ToSymbols(std::string_view word, bool parse_special, uint32_t* symbols) const {
  size_t count = 0;
  // An unknown token waits for the next character that has one of its own. Until then
  // more may join it, and, odd as that is in the reference, bytes pass it by.
  bool waiting = false;
  const auto put_unknown = [&] {
    symbols[count++] = static_cast<uint32_t>(view_.unknown_id);
    waiting = false;
  };
  for (size_t i = 0; i < word.size();) {
    const std::string_view character = word.substr(i, DecodeUtf8(word.data() + i).bytes);
    i += character.size();
    const uint32_t id = FindCharacter(character);
    if (id != WordIndex::kNone && model_words_.MayEncode(id, parse_special)) {
      if (waiting) put_unknown();
      symbols[count++] = id;
    } else if (const size_t bytes = BytesToSymbols(character, symbols + count); bytes > 0) {
      count += bytes;
    } else if (view_.unknown_id >= 0) {
      if (waiting && !view_.fuse_unknown) put_unknown();
      waiting = true;
    }
  }
  if (waiting) put_unknown();
  return count;
}

// The tokens of a character's bytes; none unless every byte has one.
size_t SpmBpe::BytesToSymbols(std::string_view character, uint32_t* symbols) const {
  if (!view_.byte_fallback) return 0;
  for (size_t i = 0; i < character.size(); ++i) {
    const int32_t id = view_.byte_ids[static_cast<uint8_t>(character[i])];
    if (id < 0) return 0;
    symbols[i] = static_cast<uint32_t>(id);
  }
  return character.size();
}

}  // namespace

Result<std::unique_ptr<TokenModel>> CreateSpmBpe(const format::Tokenizer& view,
                                                 ErrorDetail* detail) {
  return SpmBpe::Create(view, detail);
}

}  // namespace quanta::text
