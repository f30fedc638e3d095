// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>
#include <cstring>

#include "quanta/tokenizer.h"
#include "runtime/text/decode_chain.h"
#include "runtime/text/tokenizer_impl.h"
#include "runtime/text/utf8.h"

namespace quanta {

using text::DecodeChain;
using text::kReplacement;
using text::StepUtf8;
using text::Utf8Kind;
using text::Utf8Step;

namespace {

constexpr size_t kLongestCharacter = 4;

// The byte that a token such as "<0x0A>" stands for, or -1. The reference parses the
// digits with Rust's from_str_radix, which takes a sign too.
int ByteOfToken(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  const char* first = token.data() + 3;
  const char* const last = token.data() + 5;
  if (*first == '+') ++first;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(first, last, value, 16);
  return error == std::errc() && end == last ? static_cast<int>(value) : -1;
}

}  // namespace

// One call: where bytes flow from step to step and into the output. After the last step
// comes the output, whose room is known to suffice.
class TextDecoder::Flow {
 public:
  explicit Flow(TextDecoder& decoder)
      : decoder_(decoder),
        chain_(decoder.tokenizer_->impl().decode_chain),
        run_(decoder.storage_.first(chain_.has_byte_fallback() ? DecodeChain::kMaxByteRun : 0)),
        out_(decoder.storage_.subspan(run_.size())) {}

  std::string_view text() const { return {out_.data(), size_}; }

  void Token(std::string_view bytes) {
    if (chain_.joins() && decoder_.later_) Put(0, " ");
    decoder_.later_ = true;
    Put(0, bytes);
    EndToken(0);
  }
  void EndText() { EndText(0); }

 private:
  using Kind = format::DecoderKind;

  // --- What happens at step `i` -----------------------------------------------------

  void Put(size_t i, std::string_view bytes) {
    if (bytes.empty()) return;
    if (chain_.repairs() && i == 0) return Repair(bytes);
    PutText(i, bytes);
  }

  void PutText(size_t i, std::string_view bytes) {
    if (bytes.empty()) return;
    if (i == chain_.size()) return Write(bytes);
    switch (chain_[i].kind) {
      case Kind::kReplace:
      case Kind::kMetaspace:
        return Replace(i, bytes);
      case Kind::kStrip:
        return Strip(i, bytes);
      case Kind::kByteFallback:
        return CollectToken(i, bytes);
      case Kind::kByteLevel:
      case Kind::kFuse:
        return PutText(i + 1, bytes);
    }
  }

  void EndToken(size_t i) {
    if (i == chain_.size()) return;
    switch (chain_[i].kind) {
      case Kind::kReplace:
      case Kind::kMetaspace:
        GiveUp(i, decoder_.steps_[i].matched);
        decoder_.steps_[i].later = true;
        return EndToken(i + 1);
      case Kind::kStrip:
        EndStrip(i);
        return EndToken(i + 1);
      case Kind::kByteFallback:
        return TakeToken(i);
      case Kind::kByteLevel:
      case Kind::kFuse:
        return;  // what follows sees one token
    }
  }

  void EndText(size_t i) {
    if (i == 0 && decoder_.held_ > 0) {
      decoder_.held_ = 0;
      PutText(0, kReplacement);
    }
    if (i == chain_.size()) return;
    if (chain_[i].kind == Kind::kByteFallback) EndRun(i);
    if (chain_[i].kind == Kind::kFuse || chain_[i].kind == Kind::kByteLevel) EndToken(i + 1);
    EndText(i + 1);
  }

  void Write(std::string_view bytes) {
    QUANTA_DCHECK(bytes.size() <= out_.size() - size_);
    std::memcpy(out_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // --- Bytes to UTF-8 ---------------------------------------------------------------

  void Repair(std::string_view bytes) {
    if (decoder_.held_ > 0 && !Complete(&bytes)) return;
    while (!bytes.empty()) {
      const size_t valid = text::ValidUtf8Prefix(bytes);
      PutText(0, bytes.substr(0, valid));
      bytes.remove_prefix(valid);
      if (bytes.empty()) break;
      const Utf8Step step = StepUtf8(bytes.data(), bytes.size());
      if (step.kind == Utf8Kind::kUnfinished) {
        decoder_.held_ = step.bytes;
        std::memcpy(decoder_.hold_, bytes.data(), step.bytes);
        break;
      }
      PutText(0, kReplacement);
      bytes.remove_prefix(step.bytes);
    }
  }

  // Completes the held character with the first new bytes; false if they do not suffice.
  bool Complete(std::string_view* bytes) {
    char* const hold = decoder_.hold_;
    const size_t held = decoder_.held_;
    const size_t added = std::min(kLongestCharacter - held, bytes->size());
    std::memcpy(hold + held, bytes->data(), added);
    const Utf8Step step = StepUtf8(hold, held + added);
    if (step.kind == Utf8Kind::kUnfinished) {
      decoder_.held_ = step.bytes;
      return false;
    }
    PutText(0,
            step.kind == Utf8Kind::kCharacter ? std::string_view(hold, step.bytes) : kReplacement);
    // What is held is the start of a character, so that a step never ends inside it.
    bytes->remove_prefix(step.bytes - held);
    decoder_.held_ = 0;
    return true;
  }

  // --- Replace, and Metaspace: a space that the first token loses -------------------

  void Replace(size_t i, std::string_view bytes) {
    const format::Decoder& rule = chain_[i];
    Step& step = decoder_.steps_[i];
    for (size_t at = 0; at < bytes.size();) {
      if (step.matched == 0) {
        const size_t found = std::min(bytes.find(rule.a[0], at), bytes.size());
        PutText(i + 1, bytes.substr(at, found - at));
        at = found;
        if (at == bytes.size()) break;
      }
      if (bytes[at] == rule.a[step.matched]) {
        ++at;
        if (++step.matched == rule.a.size()) {
          step.matched = 0;
          PutText(i + 1, Replacement(i));
        }
      } else {
        const uint16_t kept = chain_.Fallback(i, step.matched);
        GiveUp(i, static_cast<uint16_t>(step.matched - kept));
      }
    }
  }

  std::string_view Replacement(size_t i) const {
    constexpr uint8_t kNever = 2;
    if (chain_[i].kind == Kind::kReplace) return chain_[i].b;
    return decoder_.steps_[i].later || chain_[i].prepend == kNever ? " " : "";
  }

  // The first `count` matched bytes belong to no match.
  void GiveUp(size_t i, uint16_t count) {
    decoder_.steps_[i].matched = static_cast<uint16_t>(decoder_.steps_[i].matched - count);
    PutText(i + 1, chain_[i].a.substr(0, count));
  }

  // --- Strip ------------------------------------------------------------------------

  void Strip(size_t i, std::string_view bytes) {
    const format::Decoder& rule = chain_[i];
    Step& step = decoder_.steps_[i];
    if (rule.stop == 0 && step.later && step.matched == 0) return PutText(i + 1, bytes);
    for (const char byte : bytes) {
      if (byte == rule.a[step.matched]) {
        if (++step.matched < rule.a.size()) continue;
        step.matched = 0;
        StripOne(i);
        continue;
      }
      // Another character: nothing before it is the end.
      step.later = true;
      for (; step.pending > 0; --step.pending) PutText(i + 1, rule.a);
      // A character's bytes do not start inside it: no need to match again.
      GiveUp(i, step.matched);
      PutText(i + 1, {&byte, 1});
    }
  }

  void StripOne(size_t i) {
    const format::Decoder& rule = chain_[i];
    Step& step = decoder_.steps_[i];
    if (!step.later && step.stripped < rule.start) {
      ++step.stripped;
      return;
    }
    step.later = true;
    if (step.pending < rule.stop) {
      ++step.pending;
    } else {
      PutText(i + 1, rule.a);
    }
  }

  void EndStrip(size_t i) {
    GiveUp(i, decoder_.steps_[i].matched);
    decoder_.steps_[i] = {};
  }

  // --- Byte fallback ----------------------------------------------------------------

  void CollectToken(size_t i, std::string_view bytes) {
    Bytes& state = decoder_.bytes_;
    constexpr size_t kRoom = sizeof(state.token);
    if (state.token_size <= kRoom) {
      const size_t size = state.token_size;
      if (bytes.size() <= kRoom - size) {
        std::memcpy(state.token + size, bytes.data(), bytes.size());
        state.token_size = static_cast<uint8_t>(size + bytes.size());
        return;
      }
      EndRun(i);
      PutText(i + 1, {state.token, size});
      state.token_size = kRoom + 1;
    }
    PutText(i + 1, bytes);
  }

  void TakeToken(size_t i) {
    Bytes& state = decoder_.bytes_;
    const size_t size = state.token_size;
    state.token_size = 0;
    if (size <= sizeof(state.token)) {
      const std::string_view token(state.token, size);
      if (const int byte = ByteOfToken(token); byte >= 0) {
        return AddByte(i, static_cast<char>(byte));
      }
      EndRun(i);
      PutText(i + 1, token);
    }
    EndToken(i + 1);
  }

  void AddByte(size_t i, char byte) {
    Bytes& state = decoder_.bytes_;
    if (state.broken) return PutBroken(i, 1);
    run_[state.run_size++] = byte;
    ++state.unfinished;
    const Utf8Step step = StepUtf8(&run_[state.run_size - state.unfinished], state.unfinished);
    if (step.kind == Utf8Kind::kCharacter) state.unfinished = 0;
    if (step.kind == Utf8Kind::kBroken) {
      state.broken = true;
      PutBroken(i, state.run_size);
      state.run_size = 0;
    } else if (state.run_size == run_.size()) {
      CommitRun(i);
    }
  }

  // Hands out the characters of a run that is longer than any real one.
  void CommitRun(size_t i) {
    Bytes& state = decoder_.bytes_;
    const size_t whole = state.run_size - state.unfinished;
    PutText(i + 1, {run_.data(), whole});
    std::copy_n(run_.begin() + static_cast<ptrdiff_t>(whole), state.unfinished, run_.begin());
    state.run_size = state.unfinished;
    state.committed = true;
  }

  void EndRun(size_t i) {
    Bytes& state = decoder_.bytes_;
    if (state.unfinished > 0 && !state.broken) {
      PutBroken(i, state.run_size);
    } else if (state.run_size > 0 || state.committed) {
      PutText(i + 1, {run_.data(), state.run_size});
      EndToken(i + 1);
    }
    state.run_size = 0;
    state.unfinished = 0;
    state.broken = false;
    state.committed = false;
  }

  void PutBroken(size_t i, size_t count) {
    for (; count > 0; --count) {
      PutText(i + 1, kReplacement);
      EndToken(i + 1);
    }
  }

  TextDecoder& decoder_;
  const DecodeChain& chain_;
  const std::span<char> run_;
  const std::span<char> out_;
  size_t size_ = 0;
};

TextDecoder::TextDecoder(const Tokenizer& tokenizer, std::span<char> storage, bool skip_special)
    : tokenizer_(&tokenizer), storage_(storage), skip_special_(skip_special) {
  QUANTA_CHECK(storage.size() >= StorageBytes(tokenizer));
}

size_t TextDecoder::StorageBytes(const Tokenizer& tokenizer) {
  const DecodeChain& chain = tokenizer.impl().decode_chain;
  return chain.longest_piece() + (chain.has_byte_fallback() ? DecodeChain::kMaxByteRun : 0);
}

std::string_view TextDecoder::Push(int32_t id) {
  if (!tokenizer_->impl().HasToken(id)) return {};
  if (skip_special_ && tokenizer_->IsSpecial(id)) return {};
  Flow flow(*this);
  flow.Token(tokenizer_->TokenBytes(id));
  return flow.text();
}

std::string_view TextDecoder::Finish() {
  Flow flow(*this);
  flow.EndText();
  Reset();
  return flow.text();
}

void TextDecoder::Reset() {
  later_ = false;
  held_ = 0;
  std::fill(std::begin(steps_), std::end(steps_), Step{});
  bytes_ = {};
}

}  // namespace quanta
