// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>

#include "quanta/tokenizer.h"
#include "runtime/text/utf8.h"

namespace quanta {
namespace {

using text::kReplacement;
using text::StepUtf8;
using text::Utf8Kind;
using text::Utf8Step;

constexpr size_t kLongestCharacter = 4;

// Writes pieces one behind the other into room that is known to suffice.
class Writer {
 public:
  explicit Writer(std::span<char> room) : room_(room) {}
  void Put(std::string_view piece) {
    QUANTA_DCHECK(piece.size() <= room_.size() - size_);
    std::copy(piece.begin(), piece.end(), room_.begin() + static_cast<ptrdiff_t>(size_));
    size_ += piece.size();
  }
  std::string_view text() const { return {room_.data(), size_}; }

 private:
  std::span<char> room_;
  size_t size_ = 0;
};

}  // namespace

TextDecoder::TextDecoder(const Tokenizer& tokenizer, std::span<char> storage, bool skip_special)
    : tokenizer_(&tokenizer), storage_(storage), skip_special_(skip_special) {
  QUANTA_CHECK(storage.size() >= StorageBytes(tokenizer));
}

// The held bytes give one U+FFFD or one character; each byte of a token at most one.
size_t TextDecoder::StorageBytes(const Tokenizer& tokenizer) {
  return kReplacement.size() * (size_t{tokenizer.longest_token()} + 2);
}

std::string_view TextDecoder::Push(int32_t id) {
  if (skip_special_ && tokenizer_->IsSpecial(id)) return {};
  std::string_view bytes = tokenizer_->TokenBytes(id);
  if (bytes.empty()) return {};
  at_start_ = false;
  Writer out(storage_);

  if (held_ > 0) {
    // Complete the held character with the first new bytes.
    const size_t added = std::min(kLongestCharacter - held_, bytes.size());
    std::memcpy(hold_ + held_, bytes.data(), added);
    const Utf8Step step = StepUtf8(hold_, held_ + added);
    if (step.kind == Utf8Kind::kUnfinished) {
      held_ = step.bytes;
      return {};
    }
    out.Put(step.kind == Utf8Kind::kCharacter ? std::string_view(hold_, step.bytes) : kReplacement);
    // What is held is the start of a character, so that a step never ends inside it.
    bytes.remove_prefix(step.bytes - held_);
    held_ = 0;
  }

  while (!bytes.empty()) {
    const size_t valid = text::ValidUtf8Prefix(bytes);
    out.Put(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) break;
    const Utf8Step step = StepUtf8(bytes.data(), bytes.size());
    if (step.kind == Utf8Kind::kUnfinished) {
      held_ = step.bytes;
      std::memcpy(hold_, bytes.data(), held_);
      break;
    }
    out.Put(kReplacement);
    bytes.remove_prefix(step.bytes);
  }
  return out.text();
}

std::string_view TextDecoder::Finish() {
  const bool unfinished = held_ > 0;
  Reset();
  return unfinished ? kReplacement : std::string_view();
}

void TextDecoder::Reset() {
  held_ = 0;
  at_start_ = true;
}

}  // namespace quanta
