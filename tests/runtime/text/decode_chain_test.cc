// SPDX-License-Identifier: MIT
//
// The streaming decoder against the definition of its steps on a whole list of tokens.
#include <gtest/gtest.h>

#include <random>

#include "runtime/text/utf8.h"
#include "tests/runtime/text/tiny_tokenizer.h"

namespace quanta {
namespace {

using testing::TinyTokenizer;
using Kind = format::DecoderKind;
using Tokens = std::vector<std::string>;

constexpr auto kSpm = format::TokenizerKind::kSpmBpe;

std::string ReplaceAll(const std::string& text, const std::string& a, const std::string& b) {
  std::string out;
  size_t from = 0;
  for (size_t at; (at = text.find(a, from)) != text.npos; from = at + a.size()) {
    out += text.substr(from, at - from) + b;
  }
  return out + text.substr(from);
}

std::string StripEnds(std::string text, const format::Decoder& step) {
  for (uint32_t n = 0; n < step.start && text.starts_with(step.a); ++n) {
    text.erase(0, step.a.size());
  }
  for (uint32_t n = 0; n < step.stop && text.ends_with(step.a); ++n) {
    text.resize(text.size() - step.a.size());
  }
  return text;
}

Tokens BytesToText(const Tokens& tokens) {
  Tokens out;
  std::string run;
  const auto end_run = [&] {
    if (text::IsUtf8(run)) {
      if (!run.empty()) out.push_back(run);
    } else {
      out.insert(out.end(), run.size(), std::string(text::kReplacement));
    }
    run.clear();
  };
  for (const std::string& token : tokens) {
    unsigned byte = 0;
    if (token.size() == 6 && token[5] == '>' && std::sscanf(token.c_str(), "<0x%2X>", &byte) == 1) {
      run += static_cast<char>(byte);
      continue;
    }
    end_run();
    out.push_back(token);
  }
  end_run();
  return out;
}

Tokens Apply(const format::Decoder& step, Tokens tokens) {
  if (step.kind == Kind::kByteFallback) return BytesToText(tokens);
  if (step.kind == Kind::kFuse) {
    std::string all;
    for (const std::string& token : tokens) all += token;
    return {all};
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::string& token = tokens[i];
    if (step.kind == Kind::kReplace) {
      token = ReplaceAll(token, std::string(step.a), std::string(step.b));
    } else if (step.kind == Kind::kMetaspace) {
      token = ReplaceAll(token, std::string(step.a), i == 0 && step.prepend != 2 ? "" : " ");
    } else {
      token = StripEnds(token, step);
    }
  }
  return tokens;
}

std::string Streamed(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  std::vector<char> storage(TextDecoder::StorageBytes(tokenizer));
  TextDecoder decoder(tokenizer, storage, false);
  std::string text;
  for (const int32_t id : ids) {
    const std::string_view piece = decoder.Push(id);
    EXPECT_TRUE(text::IsUtf8(piece));
    text += piece;
  }
  return text += decoder.Finish();
}

uint32_t Below(std::mt19937& random, uint32_t n) { return static_cast<uint32_t>(random() % n); }

format::Decoder RandomStep(std::mt19937& random, bool* byte_fallback) {
  static const char* const kMarks[] = {"\u2581", "a", "aba", "aab", " "};
  static const char* const kContents[] = {" ", "", "b", "xyz", "\u2581"};
  format::Decoder step;
  step.kind = static_cast<Kind>(1 + random() % 5);
  if (step.kind == Kind::kByteFallback) {
    if (*byte_fallback) step.kind = Kind::kFuse;
    *byte_fallback = true;
  }
  step.a = kMarks[random() % (step.kind == Kind::kReplace ? 5 : 2)];
  step.b = kContents[random() % 5];
  step.prepend = static_cast<uint8_t>(random() % 3);
  step.start = Below(random, 3);
  step.stop = Below(random, 3);
  return step;
}

TEST(DecodeChain, StreamsWhatItsStepsMakeOfTheWholeList) {
  const Tokens words = {"\u2581",  "\u2581a", "a",     "ab",     "aba",    "aabaab",       "\u65E5",
                        "b\u2581", " ",       "<0x41", "\u00E9", "<0xG1>", "\u2581\u2581x"};
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    TinyTokenizer tiny(kSpm);
    for (const std::string& word : words) tiny.AddId(word, format::TokenType::kNormal);
    for (const int byte : {0x41, 0xC3, 0xA9, 0xE2, 0x96, 0x81, 0x20}) {
      tiny.AddByte(static_cast<uint8_t>(byte));
    }
    std::vector<format::Decoder> steps;
    bool byte_fallback = false;
    for (uint32_t n = Below(random, 5); n > 0; --n) {
      steps.push_back(RandomStep(random, &byte_fallback));
      tiny.AddDecoder(steps.back());
    }
    for (int round = 0; round < 20; ++round) {
      std::vector<int32_t> ids;
      Tokens tokens;
      for (uint32_t n = Below(random, 10); n > 0; --n) {
        ids.push_back(static_cast<int32_t>(random() % tiny.view().vocab()));
        tokens.emplace_back(tiny.view().Text(static_cast<uint32_t>(ids.back())));
      }
      for (const format::Decoder& step : steps) tokens = Apply(step, tokens);
      std::string expected;
      for (const std::string& token : tokens) {
        if (steps.empty() && &token != &tokens.front()) expected += " ";
        expected += token;
      }
      ASSERT_EQ(Streamed(tiny.Build(), ids), expected) << "seed " << seed;
    }
  }
}

// A run is text only if all of it is.
TEST(DecodeChain, AByteTooManyTurnsTheWholeRunIntoReplacements) {
  TinyTokenizer tiny(kSpm);
  const int32_t c3 = tiny.AddByte(0xC3), a9 = tiny.AddByte(0xA9);
  const int32_t x = tiny.AddId("x", format::TokenType::kNormal);
  format::Decoder step;
  step.kind = Kind::kByteFallback;
  tiny.AddDecoder(step);
  const std::string bad = "\uFFFD";
  EXPECT_EQ(Streamed(tiny.Build(), {c3, a9, x}), "\u00E9x");
  EXPECT_EQ(Streamed(tiny.Build(), {c3, a9, c3, x}), bad + bad + bad + "x");
  EXPECT_EQ(Streamed(tiny.Build(), {c3, a9, a9, c3, a9}), bad + bad + bad + bad + bad);
  EXPECT_EQ(Streamed(tiny.Build(), {c3}), bad);
}

TEST(DecodeChain, ARunLongerThanAnyRealOneIsHandedOutBeforeItEnds) {
  TinyTokenizer tiny(kSpm);
  const int32_t c3 = tiny.AddByte(0xC3), a9 = tiny.AddByte(0xA9);
  format::Decoder step;
  step.kind = Kind::kByteFallback;
  tiny.AddDecoder(step);
  std::vector<int32_t> ids;
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    ids.insert(ids.end(), {c3, a9});
    text += "\u00E9";
  }
  EXPECT_EQ(Streamed(tiny.Build(), ids), text);
}

TEST(DecodeChain, SkippedTokensAreNoFirstToken) {
  TinyTokenizer tiny(kSpm);
  format::AddedToken special;
  special.special = true;
  const int32_t start = tiny.AddToken("<s>", special);
  const int32_t a = tiny.AddId("\u2581a", format::TokenType::kNormal);
  format::Decoder step;
  step.kind = Kind::kMetaspace;
  step.a = "\u2581";
  tiny.AddDecoder(step);
  std::vector<char> storage(TextDecoder::StorageBytes(tiny.Build()));
  TextDecoder decoder(tiny.Build(), storage, true);
  EXPECT_EQ(decoder.Push(start), "");
  EXPECT_EQ(decoder.Push(a), "a");
  EXPECT_EQ(decoder.Push(a), " a");
}

TEST(DecodeChain, RefusesWhatItCannotRunExactly) {
  const std::string huge(257, 'x'), broken = "\xFF";
  const struct {
    format::Decoder step;
    int times;
    Code code;
  } cases[] = {
      {{Kind::kByteLevel, "", "", 0, 0, 0}, 1, Code::kUnsupported},
      {{Kind::kByteFallback, "", "", 0, 0, 0}, 2, Code::kUnsupported},
      {{Kind::kFuse, "", "", 0, 0, 0}, 17, Code::kUnsupported},
      {{Kind::kReplace, "", "x", 0, 0, 0}, 1, Code::kCorrupt},
      {{Kind::kReplace, "a", huge, 0, 0, 0}, 1, Code::kCorrupt},
      {{Kind::kReplace, "a", broken, 0, 0, 0}, 1, Code::kCorrupt},
      {{Kind::kStrip, "ab", "", 1, 0, 0}, 1, Code::kCorrupt},
      {{Kind::kStrip, "a", "", 1, 1000, 0}, 1, Code::kCorrupt},
      {{Kind::kReplace, "a", std::string_view(huge).substr(1), 0, 0, 0}, 4, Code::kLimit},
  };
  for (const auto& one : cases) {
    TinyTokenizer tiny(kSpm);
    tiny.AddId("a", format::TokenType::kNormal);
    for (int i = 0; i < one.times; ++i) tiny.AddDecoder(one.step);
    ErrorDetail detail;
    EXPECT_EQ(tiny.TryBuild(&detail).status().code(), one.code) << detail.text();
    EXPECT_FALSE(detail.empty());
  }
}

}  // namespace
}  // namespace quanta
