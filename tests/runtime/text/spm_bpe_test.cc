// SPDX-License-Identifier: MIT
//
// SentencePiece's BPE against the plain algorithm: characters to symbols, then again and
// again the best merge of the whole word.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "runtime/text/utf8.h"
#include "tests/runtime/text/tiny_tokenizer.h"

namespace quanta {
namespace {

using testing::TinyTokenizer;
using Ids = std::vector<int32_t>;

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};
constexpr auto kSpm = format::TokenizerKind::kSpmBpe;

// What an unknown character becomes, as the reference goes about it.
Ids ToSymbols(const format::Tokenizer& view, std::string_view text) {
  std::map<std::string_view, int32_t> words;
  for (uint32_t id = 0; id < view.vocab(); ++id) {
    words[view.Text(id)] = static_cast<int32_t>(id);
  }
  Ids symbols;
  bool waiting = false;
  for (size_t i = 0; i < text.size();) {
    const std::string_view c = text.substr(i, text::DecodeUtf8(text.data() + i).bytes);
    i += c.size();
    Ids bytes;
    for (const char byte : c) {
      const int32_t id = view.byte_ids.empty() ? -1 : view.byte_ids[static_cast<uint8_t>(byte)];
      if (view.byte_fallback && id >= 0) bytes.push_back(id);
    }
    if (words.contains(c)) {
      if (waiting) symbols.push_back(view.unknown_id);
      waiting = false;
      symbols.push_back(words[c]);
    } else if (bytes.size() == c.size()) {
      symbols.insert(symbols.end(), bytes.begin(), bytes.end());
    } else if (view.unknown_id >= 0) {
      if (waiting && !view.fuse_unknown) symbols.push_back(view.unknown_id);
      waiting = true;
    }
  }
  if (waiting) symbols.push_back(view.unknown_id);
  return symbols;
}

Ids EncodePlainly(const format::Tokenizer& view, std::string_view text) {
  Ids ids = ToSymbols(view, text);
  while (true) {
    size_t best_rank = view.merges.size(), best = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      for (size_t rank = 0; rank < best_rank; ++rank) {
        const format::Merge& merge = view.merges[rank];
        if (static_cast<int32_t>(merge.left) == ids[i] &&
            static_cast<int32_t>(merge.right) == ids[i + 1]) {
          best_rank = rank;
          best = i;
        }
      }
    }
    if (best_rank == view.merges.size()) return ids;
    ids[best] = static_cast<int32_t>(view.merges[best_rank].result);
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

class RandomSpm {
 public:
  explicit RandomSpm(uint32_t seed) : random_(seed) {}

  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  // A vocabulary of some of the characters, random merges, and any of the settings.
  void Fill(TinyTokenizer* tiny) {
    tiny->AddId("<unk>", format::TokenType::kUnknown);
    std::vector<std::string> words;
    for (const char* c : kCharacters) {
      if (Below(4) == 0) continue;
      tiny->AddId(c, format::TokenType::kNormal);
      words.push_back(c);
    }
    for (uint32_t n = Below(12); n > 0 && !words.empty(); --n) {
      const std::string left = words[Below(static_cast<uint32_t>(words.size()))];
      const std::string right = words[Below(static_cast<uint32_t>(words.size()))];
      if (std::find(words.begin(), words.end(), left + right) != words.end()) continue;
      tiny->AddMerge(left, right);
      words.push_back(left + right);
    }
    const bool fallback = Below(2) != 0;
    const bool all = Below(2) != 0;
    for (int byte = 0; fallback && byte < 256; ++byte) {
      if (all || Below(3) > 0) tiny->AddByte(static_cast<uint8_t>(byte));
    }
    tiny->view().byte_fallback = fallback;
    tiny->view().unknown_id = Below(4) == 0 ? -1 : 0;
    tiny->view().fuse_unknown = Below(2) != 0;
  }

  std::string Text() {
    std::string text;
    for (uint32_t n = Below(14); n > 0; --n) text += kCharacters[Below(std::size(kCharacters))];
    return text;
  }

 private:
  static constexpr const char* kCharacters[] = {"a",      "b",      "c",          "\u2581",
                                                "\u00E9", "\u65E5", "\U0001F642", "\n"};
  std::mt19937 random_;
};

TEST(SpmBpe, AgreesWithThePlainAlgorithmForRandomVocabulariesAndTexts) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    RandomSpm random(seed);
    TinyTokenizer tiny(kSpm);
    random.Fill(&tiny);
    for (int round = 0; round < 60; ++round) {
      const std::string text = random.Text();
      ASSERT_EQ(tiny.Encode(text, kPlain), EncodePlainly(tiny.view(), text))
          << "seed " << seed << " " << ::testing::PrintToString(text);
    }
  }
}

// Beyond the length from where on merging goes by a heap, and with the word cache.
TEST(SpmBpe, LongTextsAgreeWithThePlainAlgorithmToo) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    RandomSpm random(seed);
    TinyTokenizer tiny(kSpm);
    random.Fill(&tiny);
    std::string text;
    while (text.size() < 700) text += random.Text();
    ASSERT_EQ(tiny.Encode(text, kPlain), EncodePlainly(tiny.view(), text)) << "seed " << seed;
  }
}

TEST(SpmBpe, AMegabyteWithoutACutIsNoTrap) {
  TinyTokenizer tiny(kSpm);
  tiny.AddId("a", format::TokenType::kNormal);
  tiny.AddMerge("a", "a");
  const int32_t four = tiny.AddMerge("aa", "aa");
  EXPECT_EQ(tiny.Encode(std::string(1 << 20, 'a'), kPlain), Ids((1 << 20) / 4, four));
}

TEST(SpmBpe, IgnoreMergesTakesAWholePieceAsItIs) {
  TinyTokenizer tiny(kSpm);
  const int32_t a = tiny.AddId("a", format::TokenType::kNormal);
  const int32_t word = tiny.AddId("aaa", format::TokenType::kNormal);
  tiny.view().ignore_merges = true;
  EXPECT_EQ(tiny.Encode("aaa", kPlain), Ids{word});
  EXPECT_EQ(tiny.Encode("aa", kPlain), (Ids{a, a}));
}

}  // namespace
}  // namespace quanta
