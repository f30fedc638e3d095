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
  class Search;
  using Step = ModelScratch::Step;
  static constexpr double kUnknownPenalty = 10;  // below the lowest score

  explicit Unigram(const format::Tokenizer& view) : view_(view) {}
  Status ReadWords();
  Status EncodeNew(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const;
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
  size_t longest_word_ = 0;  // bytes
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
    const std::string_view text = view_.Text(id);
    if (!text.empty()) QUANTA_TRY(words_.Insert(text, id));
    longest_word_ = std::max(longest_word_, text.size());
  }
  unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
  return Status();
}

Status Unigram::Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const {
  return EncodeCached(piece, &scratch->cache, out,
                      [&](std::string_view word) { return EncodeNew(word, scratch, out); });
}

// Every way passes through a place that no token reaches across: what lies before it is
// decided there, so that only a window of the text is remembered.
class Unigram::Search {
 public:
  Search(const Unigram& model, std::string_view piece, ModelScratch* scratch, TokenBuffer* out)
      : model_(model), piece_(piece), scratch_(*scratch), out_(out) {}

  Status Run() {
    GrowBuffer<Step>& path = scratch_.path;
    path.Clear();
    const size_t longest = std::min(model_.longest_word_, piece_.size());
    QUANTA_TRY(path.Reserve(longest + 1));
    path.data()[0] = {0, 0, 0};
    for (size_t at = 0; at < piece_.size();) {
      if (reach_ == at && at > begin_) QUANTA_TRY(Decide(at));
      const size_t character = DecodeUtf8(piece_.data() + at).bytes;
      path.SetSize(reach_ - begin_ + 1);
      QUANTA_TRY(path.Reserve(at - begin_ + longest + kLongestCharacter + 1));
      Extend(at, character);
      at += character;
    }
    QUANTA_TRY(Decide(piece_.size()));
    return EndUnknown();
  }

 private:
  static constexpr size_t kLongestCharacter = 4;
  static constexpr uint32_t kUnreached = UINT32_MAX;

  Step& At(size_t place) { return scratch_.path.data()[place - begin_]; }

  // Offers every token that starts at `at` to the place where it ends.
  void Extend(size_t at, size_t character) {
    const double score = At(at).score;
    bool single = false;
    const auto offer = [&](size_t bytes, double more, uint32_t id) {
      const size_t end = at + bytes;
      while (reach_ < end) At(++reach_).start = kUnreached;
      Step& step = At(end);
      if (step.start == kUnreached || score + more > step.score) {
        step = {score + more, static_cast<uint32_t>(at - begin_), id};
      }
    };
    model_.words_.ForEachPrefix(piece_.substr(at), [&](size_t bytes, uint32_t id) {
      if (!model_.Counts(id, scratch_.parse_special)) return;
      single |= bytes == character;
      offer(bytes, model_.scores_[id], id);
    });
    if (!single) offer(character, model_.unknown_score_, model_.unknown());
  }

  // Appends the tokens of the best way from begin_ to `end`, which begins the next window.
  Status Decide(size_t end) {
    Step* const steps = &At(begin_);
    const double score = At(end).score;
    const auto size = static_cast<uint32_t>(end - begin_);
    // Turns the links around: start becomes the end of the token that starts there.
    uint32_t place = size, next = 0, id = 0;
    while (place > 0) {
      const Step step = steps[place];
      steps[place] = {0, next, id};
      next = place;
      id = step.id;
      place = step.start;
    }
    steps[0] = {0, next, id};
    for (place = 0; place < size; place = steps[place].start) {
      QUANTA_TRY(Append(begin_ + place, begin_ + steps[place].start, steps[place].id));
    }
    steps[0] = {score, 0, 0};
    begin_ = reach_ = end;
    return Status();
  }

  // Unknown tokens wait: they may run together.
  Status Append(size_t start, size_t end, uint32_t id) {
    const bool unknown = id == model_.unknown();
    if (!unknown || !model_.view_.fuse_unknown) QUANTA_TRY(EndUnknown());
    if (!unknown) return out_->Append(static_cast<int32_t>(id));
    if (unknown_start_ == unknown_end_) unknown_start_ = start;
    unknown_end_ = end;
    return Status();
  }

  Status EndUnknown() {
    if (unknown_start_ == unknown_end_) return Status();
    const std::string_view text = piece_.substr(unknown_start_, unknown_end_ - unknown_start_);
    unknown_start_ = unknown_end_;
    return model_.AppendUnknown(text, scratch_.parse_special, out_);
  }

  const Unigram& model_;
  const std::string_view piece_;
  ModelScratch& scratch_;
  TokenBuffer* const out_;
  size_t begin_ = 0;                            // of the window: path[i] is the place begin_ + i
  size_t reach_ = 0;                            // the furthest place a token has reached
  size_t unknown_start_ = 0, unknown_end_ = 0;  // of the run that waits
};

Status Unigram::EncodeNew(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const {
  if (piece.size() >= UINT32_MAX) return Status(Code::kLimit, "word is too long");
  return Search(*this, piece, scratch, out).Run();
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
