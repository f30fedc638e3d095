// SPDX-License-Identifier: MIT
#include "runtime/text/added_tokens.h"

#include <algorithm>

#include "runtime/text/unicode.h"
#include "runtime/text/utf8.h"

namespace quanta::text {
namespace {

uint8_t ByteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

Status CheckContent(const format::AddedToken& token, ErrorDetail* detail) {
  const char* wrong = token.content.size() > AddedTokenSet::kMaxBytes ? "too long"
                      : !IsUtf8(token.content)                        ? "not UTF-8"
                                                                      : nullptr;
  if (wrong == nullptr) return Status();
  return Fail(detail, Code::kCorrupt, "bad added token", "the text of token %u is %s", token.id,
              wrong);
}

}  // namespace

Result<AddedTokenSet> AddedTokenSet::Create(std::span<const format::AddedToken> added,
                                            bool normalized, const NormalizerChain& normalizer,
                                            ErrorDetail* detail) {
  const auto belongs = [&](const format::AddedToken& token) {
    return token.normalized == normalized && !token.content.empty();
  };
  AddedTokenSet set;
  QUANTA_ASSIGN(Array<Entry> entries, Array<Entry>::Create(static_cast<size_t>(
                                          std::count_if(added.begin(), added.end(), belongs))));
  // Contents first, then views of them: the buffer moves while it grows.
  NormalizerChain::Scratch scratch;
  QUANTA_ASSIGN(Array<size_t> ends, Array<size_t>::Create(entries.size()));
  size_t count = 0;
  for (const format::AddedToken& token : added) {
    if (!belongs(token)) continue;
    QUANTA_TRY(CheckContent(token, detail));
    QUANTA_ASSIGN(const std::string_view content,
                  normalized ? normalizer.Apply(token.content, &scratch) : token.content);
    QUANTA_TRY(set.contents_.Append(content));
    entries[count].token = &token;
    ends[count++] = set.contents_.size();
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t start = i == 0 ? 0 : ends[i - 1];
    entries[i].content = {set.contents_.data() + start, ends[i] - start};
  }

  // Of equal contents the special one counts, then the one listed first.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    if (a.content != b.content) return a.content < b.content;
    if (a.token->special != b.token->special) return a.token->special;
    return a.token < b.token;
  });
  Entry* const end =
      std::unique(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return a.content == b.content; });
  Entry* const begin =
      std::find_if(entries.begin(), end, [](const Entry& entry) { return !entry.content.empty(); });
  QUANTA_ASSIGN(set.entries_, Array<Entry>::Create(static_cast<size_t>(end - begin)));
  std::copy(begin, end, set.entries_.begin());
  for (const Entry& entry : set.entries_) ++set.starts_[size_t{ByteAt(entry.content, 0)} + 1];
  for (size_t i = 1; i < set.starts_.size(); ++i) set.starts_[i] += set.starts_[i - 1];
  return set;
}

AddedTokenSet::Match AddedTokenSet::Find(std::string_view text, size_t from) const {
  if (!entries_.empty()) {
    for (size_t i = from; i < text.size(); ++i) {
      const uint8_t first = ByteAt(text, i);
      if (starts_[first] == starts_[first + size_t{1}]) continue;
      if (const Entry* entry = LongestAt(text.substr(i))) {
        return {i, i + entry->content.size(), entry->token};
      }
    }
  }
  return {text.size(), text.size(), nullptr};
}

// Narrows the range of entries that share the text's first bytes, byte by byte. An
// entry that ends is the range's first, and the longest so far.
const AddedTokenSet::Entry* AddedTokenSet::LongestAt(std::string_view text) const {
  const Entry* low = entries_.begin() + starts_[ByteAt(text, 0)];
  const Entry* high = entries_.begin() + starts_[size_t{ByteAt(text, 0)} + 1];
  const Entry* longest = nullptr;
  for (size_t depth = 1; low != high; ++depth) {
    if (low->content.size() == depth) longest = low++;
    if (low == high || depth == text.size()) break;
    const uint8_t byte = ByteAt(text, depth);
    low = std::partition_point(
        low, high, [=](const Entry& entry) { return ByteAt(entry.content, depth) < byte; });
    high = std::partition_point(
        low, high, [=](const Entry& entry) { return ByteAt(entry.content, depth) == byte; });
  }
  return longest;
}

bool AddedTokenSplitter::Next(Piece* piece) {
  while (token_ != nullptr || FindToken()) {
    if (done_ < token_start_) {
      *piece = {text_.substr(done_, token_start_ - done_), nullptr};
      done_ = token_start_;
      return true;
    }
    *piece = {text_.substr(token_start_, token_end_ - token_start_), token_};
    // Not the larger of both: where a token's trailing space holds the next token,
    // the reference goes back too.
    done_ = token_end_;
    token_ = nullptr;
    // It drops a token all of whose text the one before it took.
    if (!piece->text.empty()) return true;
  }
  if (done_ >= text_.size()) return false;
  *piece = {text_.substr(done_), nullptr};
  done_ = text_.size();
  return true;
}

bool AddedTokenSplitter::FindToken() {
  while (search_ < text_.size()) {
    const AddedTokenSet::Match match = set_.Find(text_, search_);
    if (match.token == nullptr) break;
    search_ = match.end;  // a match that does not count uses up its text all the same
    if (match.token->special && !parse_special_) continue;
    if (match.token->single_word) {
      const char* const start = text_.data() + match.start;
      const bool word_before =
          match.start > 0 && IsWord(DecodeUtf8(PreviousUtf8(text_.data(), start)).value);
      const bool word_after =
          match.end < text_.size() && IsWord(DecodeUtf8(text_.data() + match.end).value);
      if (word_before || word_after) continue;
    }
    token_ = match.token;
    token_end_ = match.token->rstrip ? SpacesAfter(match.end) : match.end;
    token_start_ = match.token->lstrip ? SpacesBefore(match.start) : match.start;
    token_start_ = std::min(token_start_, token_end_);
    return true;
  }
  search_ = text_.size();
  return false;
}

// Where the white space before `position` starts that has not been handed out.
size_t AddedTokenSplitter::SpacesBefore(size_t position) const {
  if (position <= done_) return done_;
  const char* p = text_.data() + position;
  while (p > text_.data() + done_) {
    const char* previous = PreviousUtf8(text_.data() + done_, p);
    if (!IsSpace(DecodeUtf8(previous).value)) break;
    p = previous;
  }
  return static_cast<size_t>(p - text_.data());
}

// Where the white space after `position` ends. Remembers the run: many tokens may
// lie in one.
size_t AddedTokenSplitter::SpacesAfter(size_t position) {
  if (position >= spaces_start_ && position < spaces_end_) return spaces_end_;
  size_t end = position;
  while (end < text_.size()) {
    const CodePoint c = DecodeUtf8(text_.data() + end);
    if (!IsSpace(c.value)) break;
    end += c.bytes;
  }
  spaces_start_ = position;
  spaces_end_ = end;
  return end;
}

}  // namespace quanta::text
