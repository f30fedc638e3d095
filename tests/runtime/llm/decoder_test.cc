// SPDX-License-Identifier: MIT
#include "runtime/llm/decoder.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/llm/oracle.h"
#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using format::Activation;
using format::NormKind;
using format::NormPlacement;
using format::Panel;
using format::RopePairing;
using testing::AllLogits;
using testing::MaxDifference;
using testing::SomeTokens;
using testing::TestSession;
using testing::TinyModel;
using testing::TinyOptions;
using testing::TinySpec;

struct Case {
  const char* name;
  void (*change)(TinySpec& spec);
};

const Case kCases[] = {
    {"Plain", [](TinySpec&) {}},
    {"Untied", [](TinySpec& s) { s.tied = false; }},
    {"OneHead", [](TinySpec& s) { s.heads = s.kv_heads = 1; }},
    {"MultiQuery", [](TinySpec& s) { s.kv_heads = 1; }},
    {"EveryHeadItsOwn", [](TinySpec& s) { s.kv_heads = s.heads; }},
    {"OddSizes",
     [](TinySpec& s) {
       s.vocab = 277;
       s.hidden = 37;
       s.heads = 6;
       s.kv_heads = 3;
       s.head_dim = 10;
       s.ffn = 53;
       s.ropes[0].half = 5;
     }},
    {"HeadsWiderThanHidden",
     [](TinySpec& s) {
       s.head_dim = 24;
       s.ropes[0].half = 12;
     }},
    {"PostNorm", [](TinySpec& s) { s.norm_placement = NormPlacement::kPost; }},
    {"SandwichNorm", [](TinySpec& s) { s.norm_placement = NormPlacement::kSandwich; }},
    {"LayerNorm",
     [](TinySpec& s) {
       s.norm = NormKind::kLayer;
       s.norm_bias = true;
     }},
    {"LayerNormAfter",
     [](TinySpec& s) {
       s.norm = NormKind::kLayer;
       s.norm_bias = true;
       s.norm_placement = NormPlacement::kPost;
     }},
    {"LargeEpsilon", [](TinySpec& s) { s.norm_eps = 0.5f; }},
    {"EpsilonOutside",
     [](TinySpec& s) {
       s.norm_eps = 0.5f;
       s.norm_eps_outside = true;
     }},
    {"NoFinalNorm", [](TinySpec& s) { s.final_norm = false; }},
    {"Biases",
     [](TinySpec& s) { s.attention_bias = s.ffn_bias = s.head_bias = s.norm_bias = true; }},
    {"HeadNorms", [](TinySpec& s) { s.qk_norm = true; }},
    {"NoRope",
     [](TinySpec& s) {
       s.ropes.clear();
       s.layers = {{0, -1}, {0, -1}};
     }},
    {"LearnedPositions",
     [](TinySpec& s) {
       s.ropes.clear();
       s.layers = {{0, -1}, {0, -1}};
       s.positions = true;
     }},
    {"InterleavedRope", [](TinySpec& s) { s.ropes[0].pairing = RopePairing::kInterleaved; }},
    {"PartialRope", [](TinySpec& s) { s.ropes[0].half = 3; }},
    {"PartialInterleavedRope",
     [](TinySpec& s) {
       s.ropes[0] = {3, 500, 1, RopePairing::kInterleaved};
     }},
    {"RopeMagnitude", [](TinySpec& s) { s.ropes[0].magnitude = 1.3f; }},
    {"TwoRopesAndALayerWithout",
     [](TinySpec& s) {
       s.ropes = {{4, 10000, 1, RopePairing::kHalf}, {4, 300, 1.1f, RopePairing::kHalf}};
       s.layers = {{0, 1}, {0, -1}, {0, 0}};
     }},
    {"Window",
     [](TinySpec& s) {
       s.layers = {{5, 0}, {0, 0}, {11, 0}};
     }},
    {"WindowOfOne",
     [](TinySpec& s) {
       s.layers = {{1, 0}, {0, 0}};
     }},
    {"WindowBeyondTheContext",
     [](TinySpec& s) {
       s.layers = {{64, 0}, {1000000, 0}};
     }},
    {"Ungated",
     [](TinySpec& s) {
       s.gated = false;
       s.activation = Activation::kRelu;
     }},
    {"UngatedGelu",
     [](TinySpec& s) {
       s.gated = false;
       s.ffn_bias = true;
       s.activation = Activation::kGeluErf;
     }},
    {"GatedGelu", [](TinySpec& s) { s.activation = Activation::kGeluTanh; }},
    {"AttentionSoftcap", [](TinySpec& s) { s.attention_softcap = 0.7f; }},
    {"LogitSoftcap", [](TinySpec& s) { s.logit_softcap = 2; }},
    {"Scales",
     [](TinySpec& s) {
       s.embedding_scale = 5.6f;
       s.residual_scale = 0.4f;
       s.logit_scale = 0.3f;
       s.logit_softcap = 1;
       s.head_bias = true;
     }},
    {"HalfPrecisionWeights",
     [](TinySpec& s) {
       s.panel = Panel::kF16;
       s.positions = true;
       s.tied = false;
     }},
    {"Int8Weights",
     [](TinySpec& s) {
       s.panel = Panel::kQ8;
       s.positions = true;
       s.tied = false;
     }},
    {"Int4Weights", [](TinySpec& s) { s.panel = Panel::kQ4; }},
    {"Int8OddSizes",
     [](TinySpec& s) {
       s.panel = Panel::kQ8;
       s.vocab = 277;
       s.hidden = 37;
       s.heads = 6;
       s.kv_heads = 3;
       s.head_dim = 10;
       s.ffn = 53;
       s.ropes[0].half = 5;
       s.attention_bias = s.ffn_bias = s.head_bias = true;
     }},
    {"Int4PostNormUngatedBiases",
     [](TinySpec& s) {
       s.panel = Panel::kQ4;
       s.hidden = 45;
       s.ffn = 70;
       s.gated = false;
       s.norm_placement = NormPlacement::kPost;
       s.attention_bias = s.ffn_bias = s.head_bias = true;
       s.layers = {{7, 0}, {0, 0}};
     }},
    {"Everything",
     [](TinySpec& s) {
       s.vocab = 269;
       s.hidden = 45;
       s.heads = 6;
       s.kv_heads = 2;
       s.head_dim = 7;
       s.ffn = 61;
       s.norm = NormKind::kLayer;
       s.norm_placement = NormPlacement::kSandwich;
       s.norm_bias = s.attention_bias = s.ffn_bias = s.head_bias = s.qk_norm = true;
       s.positions = true;
       s.tied = false;
       s.attention_softcap = 3;
       s.logit_softcap = 4;
       s.embedding_scale = 2;
       s.residual_scale = 0.7f;
       s.logit_scale = 1.5f;
       s.activation = Activation::kGeluErf;
       s.panel = Panel::kF16;
       s.ropes = {{3, 100, 1.2f, RopePairing::kInterleaved}, {2, 77, 1, RopePairing::kHalf}};
       s.layers = {{7, 1}, {0, -1}, {4, 0}, {0, 0}};
     }},
};

/// The oracle rounds activations to int8 as the kernels do, but f32 arithmetic puts a
/// value or two on the other side of a tie: one unit of a 255th of its row's range. Most
/// tokens meet none.
constexpr double kTieTolerance = 0.5;

class DecoderTest : public ::testing::TestWithParam<Case> {
 protected:
  DecoderTest() {
    GetParam().change(spec_);
    spec_.seed = 7;
    tiny_.emplace(spec_);
    model_.emplace(tiny_->Open());
    tokens_ = SomeTokens(40, spec_.vocab);
  }

  /// Whether activations are rounded to int8.
  bool rounds() const { return spec_.panel == Panel::kQ8 || spec_.panel == Panel::kQ4; }

  double LeastErrorOfAToken(std::span<const float> logits, const std::vector<double>& expected) {
    const size_t V = spec_.vocab;
    double least = INFINITY;
    for (size_t at = 0; at < logits.size(); at += V) {
      const auto row = expected.begin() + static_cast<ptrdiff_t>(at);
      const std::vector<double> of_token(row, row + static_cast<ptrdiff_t>(V));
      least = std::min(least, MaxDifference(logits.subspan(at, V), of_token));
    }
    return least;
  }

  std::vector<float> Logits(const SessionOptions& options, size_t step) {
    TestSession session(*model_, options);
    return AllLogits(*session, tokens_, step);
  }

  TinySpec spec_;
  std::optional<TinyModel> tiny_;
  std::optional<Model> model_;
  std::vector<int32_t> tokens_;
};

TEST_P(DecoderTest, AgreesWithTheOracle) {
  const std::vector<double> expected = testing::OracleLogits(*tiny_, tokens_);
  const std::vector<float> logits = Logits(TinyOptions(64, 1), 0);
  const double error = MaxDifference(logits, expected);
  RecordProperty("max_error", std::to_string(error));
  EXPECT_LT(error, rounds() ? kTieTolerance : 5e-5);
  EXPECT_LT(LeastErrorOfAToken(logits, expected), 5e-5);
}

// The oracle rounds as the cache does. What remains is a value or two that f32
// arithmetic puts on the other side of a tie: one unit of 2^-11 each.
TEST_P(DecoderTest, AgreesWithTheOracleWithAHalfPrecisionCache) {
  const std::vector<double> expected = testing::OracleLogits(*tiny_, tokens_, KvType::kF16);
  const double error = MaxDifference(Logits(TinyOptions(64, 1, KvType::kF16), 0), expected);
  RecordProperty("max_error", std::to_string(error));
  EXPECT_LT(error, rounds() ? kTieTolerance : 5e-3);
}

// Here a unit is a 127th of a vector's largest value, and ties of it are met by chance.
TEST_P(DecoderTest, AgreesWithTheOracleWithAnInt8Cache) {
  const std::vector<double> expected = testing::OracleLogits(*tiny_, tokens_, KvType::kInt8);
  const std::vector<float> logits = Logits(TinyOptions(64, 1, KvType::kInt8), 0);
  const double error = MaxDifference(logits, expected);
  RecordProperty("max_error", std::to_string(error));
  EXPECT_LT(error, rounds() ? kTieTolerance : 0.1);
  EXPECT_LT(LeastErrorOfAToken(logits, expected), 5e-5);
}

TEST_P(DecoderTest, AnInt8CacheGivesTheSameBitsForEveryChunkAndThreadCount) {
  const std::vector<float> expected = Logits(TinyOptions(64, 1, KvType::kInt8), 0);
  for (const int threads : {1, 2}) {
    EXPECT_EQ(Logits(TinyOptions(7, threads, KvType::kInt8), 0), expected) << threads;
    EXPECT_EQ(Logits(TinyOptions(3, threads, KvType::kInt8), 10), expected) << threads;
    EXPECT_EQ(Logits(TinyOptions(1, threads, KvType::kInt8), 0), expected) << threads;
  }
}

// The same bits however the prompt is cut, on however many threads; with windows,
// the rings wrap several times.
TEST_P(DecoderTest, ResultsDoNotDependOnChunksCallsOrThreads) {
  const std::vector<float> expected = Logits(TinyOptions(64, 1), 0);
  for (const int threads : {1, 2, 3}) {
    EXPECT_EQ(Logits(TinyOptions(64, threads), 1), expected) << threads;
    EXPECT_EQ(Logits(TinyOptions(7, threads), 0), expected) << threads;
    EXPECT_EQ(Logits(TinyOptions(3, threads), 10), expected) << threads;
    EXPECT_EQ(Logits(TinyOptions(1, threads), 0), expected) << threads;
  }
}

// The last row alone is what callers mostly ask for.
TEST_P(DecoderTest, TheLastRowAloneIsTheSame) {
  const std::vector<float> all = Logits(TinyOptions(64, 1), 0);
  SessionOptions options = TinyOptions(9, 2);
  options.all_logits = false;
  TestSession session(*model_, options);
  const auto last = session->Feed(tokens_);
  ASSERT_TRUE(last.ok());
  const std::vector<float> row(last.value().begin(), last.value().end());
  EXPECT_EQ(row, std::vector<float>(all.end() - static_cast<ptrdiff_t>(spec_.vocab), all.end()));
}

INSTANTIATE_TEST_SUITE_P(Switches, DecoderTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Decoder, AWindowOverSeveralBlocksOfTheCacheIsRightAndTheSameForEveryChunkAndThreadCount) {
  TinySpec spec;
  spec.context = 320;
  spec.layers = {{100, 0}, {0, 0}, {70, 0}};
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  const std::vector<int32_t> tokens = SomeTokens(300, spec.vocab);
  for (const KvType kv : {KvType::kF32, KvType::kF16, KvType::kInt8}) {
    const auto logits = [&](uint32_t chunk, int threads) {
      TestSession session(model, TinyOptions(chunk, threads, kv));
      return AllLogits(*session, tokens);
    };
    const std::vector<float> expected = logits(1, 1);
    if (kv == KvType::kF32) {
      EXPECT_LT(MaxDifference(expected, testing::OracleLogits(tiny, tokens)), 5e-5);
    }
    EXPECT_EQ(logits(300, 1), expected);
    EXPECT_EQ(logits(64, 2), expected);
    EXPECT_EQ(logits(23, 3), expected);
  }
}

TEST(DecoderMemory, AWindowedLayerKeepsItsWindowAndAChunkOnly) {
  TinySpec spec;
  spec.context = 1024;
  spec.layers = {{16, 0}};
  TinyModel windowed(spec);
  spec.layers = {{0, 0}};
  TinyModel full(spec);
  const Model a = windowed.Open(), b = full.Open();
  const SessionOptions options = TinyOptions(4, 1);
  const size_t saved = TestSession::BytesOf(b, options) - TestSession::BytesOf(a, options);
  // Keys and values of 2 heads of 8 floats; scores of one thread.
  EXPECT_EQ(saved, (1024 - (16 - 1 + 4)) * 2 * 8 * 4 * 2 + (1024 - 16) * 4);
}

TEST(ActivatedColumns, FitBeginWherePairsOfStripsDoAndAreSome) {
  for (const size_t rows : {1u, 2u, 7u, 64u, 128u, 512u, 4096u}) {
    const size_t columns = llm::ActivatedColumns(rows);
    EXPECT_EQ(columns % llm::kTileColumns, 0u);
    ASSERT_GE(columns, llm::kTileColumns);
    if (columns > llm::kTileColumns) {
      EXPECT_LE(columns * rows * 2 * sizeof(float), llm::kActivatedBytes);
    }
  }
}

TEST(ActivatedColumns, HaveRoomForAnyNumberOfRows) {
  for (const size_t chunk : {1u, 7u, 64u, 128u, 600u, 4096u}) {
    for (const size_t width : {1u, 48u, 150u, 1536u, 30000u}) {
      const uint64_t room = llm::ActivatedFloats(chunk, width);
      EXPECT_LE(room, chunk * width);
      for (size_t rows = 1; rows <= chunk; ++rows) {
        ASSERT_LE(rows * std::min(llm::ActivatedColumns(rows), width), room)
            << rows << " of " << chunk << " rows of " << width;
      }
    }
  }
}

TEST(Decoder, AFeedForwardThatIsActivatedPartByPartGivesTheSameBits) {
  for (const bool gated : {true, false}) {
    for (const Panel panel : {Panel::kF32, Panel::kQ8, Panel::kQ4}) {
      TinySpec spec;
      spec.gated = gated;
      spec.panel = panel;
      spec.ffn = 150;
      spec.context = 512;
      spec.layers = {{0, 0}, {0, 0}};
      TinyModel tiny(spec);
      const Model model = tiny.Open();
      const std::vector<int32_t> tokens = SomeTokens(500, spec.vocab);
      ASSERT_LT(llm::ActivatedColumns(tokens.size()), spec.ffn / 2);
      ASSERT_GE(llm::ActivatedColumns(50), spec.ffn);
      TestSession whole(model, TinyOptions(50, 1)), parts(model, TinyOptions(500, 2));
      EXPECT_EQ(AllLogits(*whole, tokens), AllLogits(*parts, tokens));
    }
  }
}

TEST(RowTiles, AreWorthItAndAsManyForEveryThread) {
  for (const size_t rows : {1u, 2u, 5u, 64u, 65u, 128u}) {
    for (const size_t work : {0u, 1u, 600u, 5000u, 1u << 15, 1u << 20}) {
      for (const int threads : {1, 2, 3, 16}) {
        const size_t tiles = llm::RowTiles(rows, work, threads);
        ASSERT_GE(tiles, 1u);
        ASSERT_LE(tiles, rows);
        EXPECT_TRUE(tiles == 1 || tiles == rows || tiles % static_cast<size_t>(threads) == 0)
            << rows << " rows of " << work << ", " << threads << " threads: " << tiles;
        if (rows * work <= llm::kTileWork) {
          EXPECT_EQ(tiles, 1u);
        }
      }
    }
  }
}

TEST(ColumnTiles, CoverAllColumnsBeginWherePairsOfStripsDoAndAreAsManyForEveryThread) {
  for (const size_t columns : {1u, 15u, 16u, 33u, 100u, 576u, 4096u, 49152u, 128256u}) {
    for (const size_t work : {0u, 1u, 64u, 576u, 8192u, 64u * 8192u}) {
      for (const int threads : {1, 2, 3, 8, 256}) {
        const size_t tiles = llm::ColumnTiles(columns, work, threads);
        const size_t units = (columns + 31) / 32;
        ASSERT_GE(tiles, 1u);
        ASSERT_LE(tiles, units);
        EXPECT_TRUE(tiles == 1 || tiles == units || tiles % static_cast<size_t>(threads) == 0)
            << columns << " columns of " << work << ", " << threads << " threads: " << tiles;
        if (columns * work <= llm::kTileWork) {
          EXPECT_EQ(tiles, 1u);
        }
        size_t end = 0;
        for (size_t tile = 0; tile < tiles; ++tile) {
          ASSERT_EQ(llm::ColumnCut(columns, tile, tiles), end);
          ASSERT_EQ(end % 32, 0u);
          end = llm::ColumnCut(columns, tile + 1, tiles);
        }
        EXPECT_EQ(end, columns);
      }
    }
  }
}

}  // namespace
}  // namespace quanta
