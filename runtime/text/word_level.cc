// SPDX-License-Identifier: MIT
//
// Whole words: each piece is one token, or the unknown one.
#include <new>

#include "runtime/text/model.h"
#include "runtime/text/word_index.h"

namespace quanta::text {
namespace {

class WordLevel final : public TokenModel {
 public:
  static Result<std::unique_ptr<TokenModel>> Create(const format::Tokenizer& view) {
    std::unique_ptr<WordLevel> model(new (std::nothrow) WordLevel(view));
    if (model == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
    QUANTA_ASSIGN(model->words_, WordIndex::Create(view, [&](uint32_t id) {
                    return model->model_words_.Has(id);
                  }));
    return std::unique_ptr<TokenModel>(std::move(model));
  }

  Status Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const override {
    const uint32_t id = words_.Find(piece);
    const bool found = id != WordIndex::kNone && model_words_.MayEncode(id, scratch->parse_special);
    if (found) return out->Append(static_cast<int32_t>(id));
    return view_.unknown_id < 0 ? Status() : out->Append(view_.unknown_id);
  }

 private:
  explicit WordLevel(const format::Tokenizer& view) : view_(view), model_words_(view) {}
  const format::Tokenizer& view_;
  const ModelWords model_words_;
  WordIndex words_;
};

}  // namespace

Result<std::unique_ptr<TokenModel>> CreateWordLevel(const format::Tokenizer& view, ErrorDetail*) {
  return WordLevel::Create(view);
}

}  // namespace quanta::text
