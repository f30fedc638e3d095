// SPDX-License-Identifier: MIT
//
// Byte-level BPE: a pre-token's bytes are symbols, joined by the merges.
#include <array>
#include <new>

#include "runtime/text/model.h"
#include "runtime/text/word_index.h"

namespace quanta::text {
namespace {

class ByteBpe final : public TokenModel {
 public:
  static Result<std::unique_ptr<TokenModel>> Create(const format::Tokenizer& view,
                                                    ErrorDetail* detail);
  Status Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const override;

 private:
  explicit ByteBpe(const format::Tokenizer& view) : view_(view), model_words_(view) {}
  Status EncodeNew(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const;
  size_t ToSymbols(std::string_view piece, uint32_t* symbols) const;

  const format::Tokenizer& view_;
  const ModelWords model_words_;
  MergeTable merges_;
  WordIndex words_;  // if the view says ignore_merges
};

Result<std::unique_ptr<TokenModel>> ByteBpe::Create(const format::Tokenizer& view,
                                                    ErrorDetail* detail) {
  if (view.byte_ids.size() != 256) {
    return Fail(detail, Code::kCorrupt, "bad tokenizer", "byte_ids has %zu entries, not 256",
                view.byte_ids.size());
  }
  std::unique_ptr<ByteBpe> model(new (std::nothrow) ByteBpe(view));
  if (model == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
  QUANTA_ASSIGN(model->merges_, MergeTable::Create(view.merges));
  if (view.ignore_merges) {
    QUANTA_ASSIGN(model->words_, WordIndex::Create(view, [&](uint32_t id) {
                    return model->model_words_.Has(id);
                  }));
  }
  return std::unique_ptr<TokenModel>(std::move(model));
}

Status ByteBpe::Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const {
  return EncodeCached(piece, &scratch->cache, out,
                      [&](std::string_view word) { return EncodeNew(word, scratch, out); });
}

Status ByteBpe::EncodeNew(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const {
  if (view_.ignore_merges) {
    const uint32_t id = words_.Find(piece);
    if (id != WordIndex::kNone && model_words_.MayEncode(id, scratch->parse_special)) {
      return out->Append(static_cast<int32_t>(id));
    }
  }
  std::array<uint32_t, MergeTable::kShortWord> few;
  uint32_t* symbols = few.data();
  if (piece.size() > few.size()) {
    scratch->symbols.Clear();
    QUANTA_TRY(scratch->symbols.Reserve(piece.size()));
    symbols = scratch->symbols.data();
  }
  const size_t count = ToSymbols(piece, symbols);
  QUANTA_ASSIGN(const size_t kept, merges_.Merge({symbols, count}, &scratch->merging));
  // Ids are below 2^31 (the view is validated), so both types see the same values.
  return out->Append({reinterpret_cast<const int32_t*>(symbols), kept});
}

// A byte without a token becomes the unknown one, or nothing if there is none.
size_t ByteBpe::ToSymbols(std::string_view piece, uint32_t* symbols) const {
  size_t count = 0;
  bool after_unknown = false;
  for (const char c : piece) {
    const int32_t id = view_.byte_ids[static_cast<uint8_t>(c)];
    if (id >= 0) {
      symbols[count++] = static_cast<uint32_t>(id);
      after_unknown = false;
    } else if (view_.unknown_id >= 0 && !(after_unknown && view_.fuse_unknown)) {
      symbols[count++] = static_cast<uint32_t>(view_.unknown_id);
      after_unknown = true;
    }
  }
  return count;
}

}  // namespace

Result<std::unique_ptr<TokenModel>> CreateByteBpe(const format::Tokenizer& view,
                                                  ErrorDetail* detail) {
  return ByteBpe::Create(view, detail);
}

}  // namespace quanta::text
