// SPDX-License-Identifier: MIT
//
// Unigram: of all ways to write a piece as tokens, the one whose scores add up highest.
// Sums are taken in double from the piece's start on, and of equal ones the first found
// stays, both as Hugging Face does: where scores tie, that decides.
#include <algorithm>
#include <new>

#include "runtime/text/model.h"
#include "runtime/text/trie.h"
#include "runtime/text/utf8.h"

namespace quanta::text {
namespace {

class Unigram final : public TokenModel {
 public:
  static Result<std::unique_ptr<TokenModel>> Create(const format::Tokenizer& view,
                                                    ErrorDetail* detail);
  Status Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const override;

 private:
  using Step = ModelScratch::Step;
  static constexpr uint32_t kUnreached = UINT32_MAX;
  static constexpr double kUnknownPenalty = 10;  // below the lowest score

  explicit Unigram(const format::Tokenizer& view) : view_(view) {}
  Status ReadWords();
  Status EncodeNew(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const;
  void FindBest(std::string_view piece, bool parse_special, Step* steps) const;
  Status AppendUnknown(std::string_view text, bool parse_special, TokenBuffer* out) const;

  uint32_t unknown() const { return static_cast<uint32_t>(view_.unknown_id); }
  // A text must not forge a control token unless it may spell out such.
  bool Counts(uint32_t id, bool parse_special) const {
    return parse_special || view_.token_types[id] != format::TokenType::kControl;
  }

  const format::Tokenizer& view_;
  Trie words_;
  Array<double> scores_;
  double unknown_score_ = 0;
};

Result<std::unique_ptr<TokenModel>> Unigram::Create(const format::Tokenizer& view,
                                                    ErrorDetail* detail) {
  if (view.byte_fallback && view.byte_ids.size() != 256) {
    return Fail(detail, Code::kCorrupt, "bad tokenizer", "byte_ids has %zu entries, not 256",
                view.byte_ids.size());
  }
  const size_t words = std::max(view.scores.size(), view.scores64.size());
  if (view.unknown_id < 0 || static_cast<size_t>(view.unknown_id) >= words) {
    return Fail(detail, Code::kCorrupt, "bad tokenizer", "unigram without an unknown token");
  }
  std::unique_ptr<Unigram> model(new (std::nothrow) Unigram(view));
  if (model == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
  QUANTA_TRY(model->ReadWords());
  return std::unique_ptr<TokenModel>(std::move(model));
}

// The words are the first ids, as many as there are scores.
Status Unigram::ReadWords() {
  const size_t words = std::max(view_.scores.size(), view_.scores64.size());
  QUANTA_ASSIGN(scores_, Array<double>::Create(words));
  QUANTA_ASSIGN(words_, Trie::Create(view_.token_offsets[words]));
  for (uint32_t id = 0; id < words; ++id) {
    scores_[id] = view_.scores.empty() ? view_.scores64[id] : double{view_.scores[id]};
    if (!view_.Text(id).empty()) QUANTA_TRY(words_.Insert(view_.Text(id), id));
  }
  unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
  return Status();
}

Status Unigram::Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const {
  return EncodeCached(piece, &scratch->cache, out,
                      [&](std::string_view word) { return EncodeNew(word, scratch, out); });
}

Status Unigram::EncodeNew(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const {
  if (piece.size() >= kUnreached) return Status(Code::kLimit, "word is too long");
  GrowBuffer<Step>& path = scratch->path;
  path.Clear();
  QUANTA_TRY(path.Reserve(piece.size() + 1));
  path.SetSize(piece.size() + 1);
  Step* const steps = path.data();
  FindBest(piece, scratch->parse_special, steps);

  // Turns the links around: start becomes the end of the token that starts there.
  uint32_t id = 0;
  for (uint32_t end = static_cast<uint32_t>(piece.size()), next = kUnreached; end > 0;) {
    const Step step = steps[end];
    steps[end] = {0, next, id};
    next = end;
    id = step.id;
    end = step.start;
    if (end == 0) steps[0] = {0, next, id};
  }
  for (uint32_t at = 0; at < piece.size();) {
    const uint32_t token = steps[at].id;
    uint32_t end = steps[at].start;
    if (token != unknown()) {
      QUANTA_TRY(out->Append(static_cast<int32_t>(token)));
    } else {
      while (view_.fuse_unknown && end < piece.size() && steps[end].id == unknown()) {
        end = steps[end].start;
      }
      QUANTA_TRY(AppendUnknown(piece.substr(at, end - at), scratch->parse_special, out));
    }
    at = end;
  }
  return Status();
}

// Sets steps[i], for every character's end i, to the last token of the best way there.
void Unigram::FindBest(std::string_view piece, bool parse_special, Step* steps) const {
  for (size_t i = 1; i <= piece.size(); ++i) steps[i].start = kUnreached;
  steps[0] = {0, 0, 0};
  for (size_t at = 0; at < piece.size();) {
    const double score = steps[at].score;
    const size_t character = DecodeUtf8(piece.data() + at).bytes;
    bool single = false;
    const auto offer = [&](size_t bytes, double more, uint32_t id) {
      Step& step = steps[at + bytes];
      if (step.start == kUnreached || score + more > step.score) {
        step = {score + more, static_cast<uint32_t>(at), id};
      }
    };
    words_.ForEachPrefix(piece.substr(at), [&](size_t bytes, uint32_t id) {
      if (!Counts(id, parse_special)) return;
      single |= bytes == character;
      offer(bytes, scores_[id], id);
    });
    if (!single) offer(character, unknown_score_, unknown());
    at += character;
  }
}

// A text without tokens of its own: the tokens of its bytes, or the unknown one.
Status Unigram::AppendUnknown(std::string_view text, bool parse_special, TokenBuffer* out) const {
  // What runs together may happen to be a word.
  if (const uint32_t id = words_.Find(text); id != Trie::kNone && Counts(id, parse_special)) {
    return out->Append(static_cast<int32_t>(id));
  }
  const bool as_bytes = view_.byte_fallback && std::all_of(text.begin(), text.end(), [&](char c) {
                          return view_.byte_ids[static_cast<uint8_t>(c)] >= 0;
                        });
  if (!as_bytes) return out->Append(view_.unknown_id);
  for (const char c : text) {
    QUANTA_TRY(out->Append(view_.byte_ids[static_cast<uint8_t>(c)]));
  }
  return Status();
}

}  // namespace

Result<std::unique_ptr<TokenModel>> CreateUnigram(const format::Tokenizer& view,
                                                  ErrorDetail* detail) {
  return Unigram::Create(view, detail);
}

}  // namespace quanta::text
