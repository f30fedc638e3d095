// SPDX-License-Identifier: MIT
#include "runtime/text/decode_chain.h"

#include <algorithm>

#include "runtime/text/utf8.h"

namespace quanta::text {
namespace {

using Kind = format::DecoderKind;

bool SearchesText(Kind kind) {
  return kind == Kind::kReplace || kind == Kind::kMetaspace || kind == Kind::kStrip;
}

bool IsOneCharacter(std::string_view text) {
  return !text.empty() && IsUtf8(text) && DecodeUtf8(text.data()).bytes == text.size();
}

const char* WhatIsWrong(const format::Decoder& step) {
  constexpr size_t kMaxString = 256;
  constexpr uint32_t kMostStripped = 256;
  if (!SearchesText(step.kind)) return nullptr;
  if (step.a.empty()) return "it looks for an empty string";
  if (!IsUtf8(step.a) || !IsUtf8(step.b)) return "a string is not UTF-8";
  if (step.a.size() > kMaxString || step.b.size() > kMaxString) return "a string is too long";
  if (step.kind != Kind::kReplace && !IsOneCharacter(step.a)) {
    return "what it looks for is not one character";
  }
  if (step.kind == Kind::kStrip && (step.start > kMostStripped || step.stop > kMostStripped)) {
    return "it strips too much";
  }
  return nullptr;
}

}  // namespace

Result<DecodeChain> DecodeChain::Create(const format::Tokenizer& view, uint32_t longest_token,
                                        ErrorDetail* detail) {
  DecodeChain chain;
  chain.steps_ = view.decoders.span();
  const bool bytes = view.kind == format::TokenizerKind::kByteBpe;
  if (chain.steps_.size() > TextDecoder::kMaxSteps) {
    return Fail(detail, Code::kUnsupported, "too many decoders", "%zu, at most %zu",
                chain.steps_.size(), TextDecoder::kMaxSteps);
  }
  for (size_t i = 0; i < chain.steps_.size(); ++i) {
    const format::Decoder& step = chain.steps_[i];
    if (const char* wrong = WhatIsWrong(step)) {
      return Fail(detail, Code::kCorrupt, "bad decoder", "%s", wrong);
    }
    if ((step.kind == Kind::kByteLevel) != (bytes && i == 0)) {
      return Fail(detail, Code::kUnsupported, "decoder not supported",
                  "byte_level is the first step of byte-level BPE, and of nothing else");
    }
    if (step.kind == Kind::kByteFallback && chain.has_byte_fallback_) {
      return Fail(detail, Code::kUnsupported, "decoder not supported", "two byte_fallback steps");
    }
    chain.has_byte_fallback_ |= step.kind == Kind::kByteFallback;
  }
  chain.joins_ = chain.steps_.empty() && !bytes;
  chain.repairs_ = bytes;
  QUANTA_TRY(chain.BuildFallbacks());
  QUANTA_TRY(chain.Measure(longest_token, detail));
  return chain;
}

Status DecodeChain::BuildFallbacks() {
  size_t total = 0;
  for (const format::Decoder& step : steps_) total += SearchesText(step.kind) ? step.a.size() : 0;
  QUANTA_ASSIGN(starts_, Array<uint32_t>::Create(steps_.size()));
  QUANTA_ASSIGN(fallbacks_, Array<uint16_t>::Create(total));
  uint32_t start = 0;
  for (size_t i = 0; i < steps_.size(); ++i) {
    starts_[i] = start;
    if (!SearchesText(steps_[i].kind)) continue;
    const std::string_view a = steps_[i].a;
    uint16_t* fallback = fallbacks_.begin() + start;
    fallback[0] = 0;
    for (size_t n = 1; n < a.size(); ++n) {
      uint16_t length = fallback[n - 1];
      while (length > 0 && a[n] != a[length]) length = fallback[length - 1];
      fallback[n] = static_cast<uint16_t>(length + (a[n] == a[length] ? 1 : 0));
    }
    start += static_cast<uint32_t>(a.size());
  }
  return Status();
}

// The most bytes that can flow out of each step at once, from the first to the last.
Status DecodeChain::Measure(uint32_t longest_token, ErrorDetail* detail) {
  constexpr size_t kLongestPiece = size_t{1} << 20;
  size_t bytes = size_t{longest_token} + (joins_ ? 1 : 0);
  // What is held gives one U+FFFD or one character, each new byte at most one.
  if (repairs_) bytes = kReplacement.size() * (bytes + 2);
  for (const format::Decoder& step : steps_) {
    if (step.kind == Kind::kByteFallback) bytes += kReplacement.size() * (kMaxByteRun + 1);
    if (step.kind == Kind::kReplace || step.kind == Kind::kMetaspace) {
      const size_t growth = (step.b.size() + step.a.size() - 1) / step.a.size();
      bytes = (bytes + step.a.size()) * std::max(growth, size_t{1});
    }
    if (step.kind == Kind::kStrip) bytes += (size_t{step.stop} + 1) * step.a.size();
    if (bytes > kLongestPiece) {
      return Fail(detail, Code::kLimit, "decoder makes a token huge",
                  "one token could become more than %zu bytes", kLongestPiece);
    }
  }
  longest_piece_ = bytes;
  return Status();
}

}  // namespace quanta::text
