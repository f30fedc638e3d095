// SPDX-License-Identifier: MIT
#include "quanta/session.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "quanta/arena.h"
#include "runtime/kernels/kernels.h"
#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using testing::AlignedBytes;
using testing::AllLogits;
using testing::SomeTokens;
using testing::TestSession;
using testing::TinyModel;
using testing::TinyOptions;
using testing::TinySpec;

class SessionTest : public ::testing::Test {
 protected:
  std::vector<float> Last(Session& session, std::span<const int32_t> tokens) {
    ErrorDetail detail;
    auto logits = session.Feed(tokens, &detail);
    EXPECT_TRUE(logits.ok()) << detail.text();
    return logits.ok() ? std::vector<float>(logits->begin(), logits->end()) : std::vector<float>();
  }

  TinyModel tiny_{TinySpec()};
  Model model_ = tiny_.Open();
  std::vector<int32_t> tokens_ = SomeTokens(40);
  ErrorDetail detail_;
};

// --- Memory -----------------------------------------------------------------------

TEST_F(SessionTest, TakesExactlyItsBytesAndLeavesWhatFollowsAlone) {
  for (const SessionOptions& options :
       {SessionOptions(), TinyOptions(5, 2), TinyOptions(64, 3, KvType::kF16),
        TinyOptions(7, 1, KvType::kInt8)}) {
    const size_t bytes = TestSession::BytesOf(model_, options);
    EXPECT_EQ(bytes % Arena::kAlign, 0u);
    AlignedBytes memory(bytes + 256);
    std::memset(memory.span().data(), 0x5A, bytes + 256);
    auto session = Session::Create(model_, options, memory.span(), &detail_);
    ASSERT_OK_DETAIL(session, detail_);
    SamplingOptions sampling;
    sampling.temperature = 1;
    for (int i = 0; i < 64; ++i) {
      ASSERT_OK_DETAIL(session->Feed({&tokens_[static_cast<size_t>(i) % 40], 1}), detail_);
      ASSERT_TRUE(session->Sample(sampling).ok());
    }
    for (const std::byte b : memory.span().last(256)) ASSERT_EQ(b, std::byte{0x5A});
  }
}

TEST_F(SessionTest, EverySmallerArenaFailsCleanlyAndSaysWhatIsNeeded) {
  const SessionOptions options = TinyOptions(8, 2);
  const size_t bytes = TestSession::BytesOf(model_, options);
  AlignedBytes memory(bytes);
  std::memset(memory.span().data(), 0x5A, bytes);
  for (size_t size = 0; size < bytes; size += Arena::kAlign) {
    auto session = Session::Create(model_, options, memory.span().first(size), &detail_);
    ASSERT_EQ(session.status().code(), Code::kOutOfMemory) << size;
    const std::string expected = "the session needs " + std::to_string(bytes) +
                                 " bytes, the arena has " + std::to_string(size);
    ASSERT_EQ(detail_.text(), expected);
  }
  for (const std::byte b : memory.span()) ASSERT_EQ(b, std::byte{0x5A});
  EXPECT_TRUE(Session::Create(model_, options, memory.span(), &detail_).ok());
}

TEST_F(SessionTest, MisalignedArenaIsRefused) {
  const SessionOptions options = TinyOptions(8, 1);
  AlignedBytes memory(TestSession::BytesOf(model_, options) + 64);
  auto session = Session::Create(model_, options, memory.span().subspan(8), &detail_);
  EXPECT_EQ(session.status().code(), Code::kInvalidArgument);
  EXPECT_NE(std::string(detail_.text()).find("64-byte aligned"), std::string::npos);
}

TEST_F(SessionTest, SmallerContextsAndCachesOfFewerBitsTakeLess) {
  SessionOptions options = TinyOptions(1, 1);
  const size_t full = TestSession::BytesOf(model_, options);
  options.kv = KvType::kF16;
  const size_t half = TestSession::BytesOf(model_, options);
  // A block of keys and values as floats, where scores of the context were.
  constexpr size_t kWidened = (2 * 64 * 8 - 64) * sizeof(float);
  // Layers, k and v, context, heads, head_dim.
  EXPECT_EQ(full - (half - kWidened), 2u * 2 * 64 * 2 * 8 * 2);
  options.kv = KvType::kInt8;
  // A byte a number, and 4 for each vector's scale.
  EXPECT_EQ(half - TestSession::BytesOf(model_, options), 2u * 2 * 64 * 2 * (8 - 4));
  options.kv = KvType::kF16;
  options.context = 16;
  EXPECT_LT(TestSession::BytesOf(model_, options), half);
}

// --- Options ------------------------------------------------------------------------

TEST_F(SessionTest, OptionsOutOfRangeAreRefused) {
  const auto code = [&](auto change) {
    SessionOptions options;
    change(options);
    detail_.Clear();
    const Code result = Session::Bytes(model_, options, &detail_).status().code();
    EXPECT_EQ(result == Code::kOk, detail_.empty());
    return result;
  };
  EXPECT_EQ(code([](SessionOptions& o) { o.chunk = 0; }), Code::kOk);
  EXPECT_EQ(code([](SessionOptions& o) { o.chunk = 4097; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](SessionOptions& o) { o.chunk = 4096; }), Code::kOk);
  EXPECT_EQ(code([](SessionOptions& o) { o.threads = -1; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](SessionOptions& o) { o.threads = 257; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](SessionOptions& o) { o.kv = static_cast<KvType>(3); }), Code::kInvalidArgument);
  EXPECT_EQ(code([](SessionOptions& o) { o.context = 64; }), Code::kOk);
  EXPECT_EQ(code([](SessionOptions& o) { o.context = 65; }), Code::kLimit);
  EXPECT_STREQ(detail_.text(),
               "a context of 65 tokens was asked for: this model was made for at most 64");
}

TEST_F(SessionTest, WithoutAChunkItIsWhatTheKernelsAreQuickWith) {
  SessionOptions options = TinyOptions(0, 1);
  TestSession session(model_, options);
  EXPECT_EQ(session->chunk(), std::min(kernels::Best().prompt_rows, session->context()));
  EXPECT_GE(session->chunk(), 16u);
  options.chunk = 7;
  EXPECT_EQ(TestSession(model_, options)->chunk(), 7u);
}

TEST_F(SessionTest, AChunkLongerThanTheContextIsCutToIt) {
  SessionOptions options = TinyOptions(4096, 1);
  options.context = 16;
  SessionOptions same = TinyOptions(16, 1);
  same.context = 16;
  EXPECT_EQ(TestSession::BytesOf(model_, options), TestSession::BytesOf(model_, same));
}

TEST_F(SessionTest, StatesItsOptions) {
  SessionOptions options = TinyOptions(8, 2);
  options.context = 20;
  TestSession session(model_, options);
  EXPECT_EQ(session->context(), 20u);
  EXPECT_EQ(session->position(), 0u);
  EXPECT_TRUE(session->tokens().empty());
  EXPECT_GE(session->threads(), 1);
  EXPECT_LE(session->threads(), 2);
  EXPECT_EQ(&session->model(), &model_);
}

// --- Feeding ------------------------------------------------------------------------

TEST_F(SessionTest, BadTokensAreRefusedAndNothingIsFed) {
  TestSession session(model_, TinyOptions(8, 1));
  EXPECT_EQ(session->Feed({}, &detail_).status().code(), Code::kInvalidArgument);
  for (const int32_t bad : {-1, 272, INT32_MAX, INT32_MIN}) {
    const int32_t tokens[] = {1, 2, bad};
    EXPECT_EQ(session->Feed(tokens, &detail_).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(std::string(detail_.text()),
              "token 2 is " + std::to_string(bad) + ": the vocabulary has 272");
  }
  EXPECT_EQ(session->position(), 0u);
  EXPECT_EQ(session->Sample({}).status().code(), Code::kInvalidArgument);
}

TEST_F(SessionTest, TokensBeyondTheContextAreRefusedAndNothingIsFed) {
  SessionOptions options = TinyOptions(8, 1);
  options.context = 39;
  TestSession session(model_, options);
  EXPECT_EQ(session->Feed(tokens_, &detail_).status().code(), Code::kLimit);
  EXPECT_STREQ(detail_.text(),
               "40 tokens do not fit: the context holds 39 and 0 of them are taken");
  EXPECT_EQ(session->position(), 0u);
  ASSERT_OK_DETAIL(session->Feed(std::span(tokens_).first(39), &detail_), detail_);
  EXPECT_EQ(session->Feed({tokens_.data(), 1}, &detail_).status().code(), Code::kLimit);
  EXPECT_EQ(session->position(), 39u);
  EXPECT_TRUE(session->Sample({}).ok());  // a refused feed changes nothing
}

TEST_F(SessionTest, RemembersItsTokens) {
  TestSession session(model_, TinyOptions(7, 1));
  Last(*session, std::span(tokens_).first(15));
  Last(*session, std::span(tokens_).subspan(15));
  EXPECT_EQ(std::vector<int32_t>(session->tokens().begin(), session->tokens().end()), tokens_);
}

TEST_F(SessionTest, AllLogitsNeedRoom) {
  SessionOptions options = TinyOptions(8, 1);
  options.all_logits = false;
  TestSession session(model_, options);
  Session::FeedHooks hooks;
  hooks.on_logits = [](void*, size_t, std::span<const float>) {};
  EXPECT_EQ(session->Feed(tokens_, hooks, &detail_).status().code(), Code::kInvalidArgument);
  EXPECT_NE(std::string(detail_.text()).find("all_logits"), std::string::npos);
}

struct Cancel {
  size_t at;
  std::vector<size_t> asked;
  static bool Proceed(void* context, size_t done, size_t) {
    auto* self = static_cast<Cancel*>(context);
    self->asked.push_back(done);
    return done < self->at;
  }
};

TEST_F(SessionTest, CancelledFeedKeepsWholeChunksAndGoesOnIdentically) {
  TestSession whole(model_, TinyOptions(64, 1));
  const std::vector<float> expected = Last(*whole, tokens_);

  TestSession session(model_, TinyOptions(7, 2));
  Cancel cancel = {21, {}};
  Session::FeedHooks hooks;
  hooks.context = &cancel;
  hooks.proceed = &Cancel::Proceed;
  EXPECT_EQ(session->Feed(tokens_, hooks, &detail_).status().code(), Code::kCancelled);
  EXPECT_EQ(cancel.asked, (std::vector<size_t>{0, 7, 14, 21}));
  EXPECT_EQ(session->position(), 21u);
  EXPECT_EQ(session->Sample({}, &detail_).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Last(*session, std::span(tokens_).subspan(21)), expected);
}

TEST_F(SessionTest, SessionsShareAModelWithoutMeeting) {
  TestSession a(model_, TinyOptions(8, 1)), b(model_, TinyOptions(8, 1));
  const auto other = SomeTokens(20, 100);
  std::vector<float> from_a;
  for (size_t i = 0; i < 20; ++i) {
    from_a = Last(*a, {&tokens_[i], 1});
    Last(*b, {&other[i], 1});
  }
  TestSession alone(model_, TinyOptions(8, 1));
  EXPECT_EQ(Last(*alone, std::span(tokens_).first(20)), from_a);
}

TEST_F(SessionTest, CanBeMoved) {
  TestSession session(model_, TinyOptions(8, 1));
  Last(*session, std::span(tokens_).first(10));
  Session moved = std::move(*session);
  EXPECT_EQ(moved.position(), 10u);
  EXPECT_TRUE(moved.Sample({}).ok());
}

// Weights are not checked: nonsense in them may give nonsense, but nothing worse.
TEST_F(SessionTest, NonsenseWeightsGiveNonsenseOrAnError) {
  for (const float value : {NAN, INFINITY, -INFINITY, 3e38f, 0.0f}) {
    for (const auto role : {format::Role::kEmbedding, format::Role::kQ, format::Role::kDown}) {
      TinyModel broken{TinySpec()};
      const int32_t layer = role == format::Role::kEmbedding ? -1 : 1;
      broken.Set(role, layer, std::vector<float>(broken.Values(role, layer).size(), value));
      const Model model = broken.Open();
      for (const KvType kv : {KvType::kF16, KvType::kF32, KvType::kInt8}) {
        TestSession session(model, TinyOptions(8, 1, kv));
        ASSERT_TRUE(session->Feed(tokens_).ok());
        SamplingOptions sampling;
        sampling.top_p = 0.9f;
        sampling.top_k = 20;
        for (const float temperature : {0.0f, 1.0f}) {
          sampling.temperature = temperature;
          const auto id = session->Sample(sampling, &detail_);
          if (id.ok()) {
            EXPECT_TRUE(id.value() >= 0 && id.value() < 272);
          } else {
            EXPECT_EQ(id.status().code(), Code::kInvalidArgument);
          }
        }
      }
    }
  }
}

// --- Truncation ---------------------------------------------------------------------

TEST_F(SessionTest, TruncatedSessionGoesOnAsIfTheRestHadNeverBeen) {
  TestSession fresh(model_, TinyOptions(64, 1));
  const std::vector<float> expected = Last(*fresh, tokens_);

  TestSession session(model_, TinyOptions(6, 2));
  Last(*session, std::span(tokens_).first(17));
  const auto other = SomeTokens(40, 50);
  Last(*session, other);
  ASSERT_TRUE(session->Truncate(17).ok());
  EXPECT_EQ(session->position(), 17u);
  EXPECT_EQ(session->Sample({}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Last(*session, std::span(tokens_).subspan(17)), expected);

  ASSERT_TRUE(session->Truncate(0).ok());
  EXPECT_EQ(Last(*session, tokens_), expected);
  EXPECT_EQ(session->Truncate(41).code(), Code::kInvalidArgument);
  ASSERT_TRUE(session->Truncate(40).ok());  // keeps all: the logits stay too
  EXPECT_TRUE(session->Sample({}).ok());
}

// With a ring of window - 1 + chunk slots, every truncation either is refused or
// leaves a session that goes on identically; both happen.
TEST(SessionWindow, TruncationIsRefusedExactlyWhereTheWindowHasDroppedTokens) {
  TinySpec spec;
  spec.layers = {{6, 0}, {0, 0}};
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  const auto tokens = SomeTokens(50);
  TestSession reference(model, TinyOptions(64, 1));
  const std::vector<float> all = AllLogits(*reference, tokens);

  constexpr size_t kChunk = 4, kSlots = 6 - 1 + kChunk;
  int refused = 0;
  for (size_t fed = 1; fed <= 40; fed += 3) {
    for (size_t keep = 0; keep < fed; ++keep) {
      TestSession session(model, TinyOptions(kChunk, 1));
      ASSERT_TRUE(session->Feed(std::span(tokens).first(fed)).ok());
      const size_t needed = keep + 1 > 6 ? keep + 1 - 6 : 0;
      const size_t oldest = fed > kSlots ? fed - kSlots : 0;
      const bool possible = keep == 0 || needed >= oldest;
      const Status status = session->Truncate(keep);
      ASSERT_EQ(status.ok(), possible) << fed << " to " << keep;
      if (!possible) {
        ++refused;
        EXPECT_EQ(session->position(), fed);
        continue;
      }
      const auto rest = AllLogits(*session, std::span(tokens).subspan(keep));
      ASSERT_EQ(rest, std::vector<float>(all.begin() + static_cast<ptrdiff_t>(keep * spec.vocab),
                                         all.end()))
          << fed << " to " << keep;
    }
  }
  EXPECT_GT(refused, 10);
}

// A truncation after a truncation: what the first run dropped stays dropped.
TEST(SessionWindow, RemembersHowFarItHadBeen) {
  TinySpec spec;
  spec.layers = {{6, 0}};
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  const auto tokens = SomeTokens(50);
  TestSession session(model, TinyOptions(4, 1));
  ASSERT_TRUE(session->Feed(std::span(tokens).first(30)).ok());
  ASSERT_TRUE(session->Truncate(27).ok());
  ASSERT_TRUE(session->Feed({&tokens[27], 1}).ok());
  // Position 28 was reached again, but positions before 30 - 9 are gone.
  EXPECT_FALSE(session->Truncate(25).ok());
  EXPECT_TRUE(session->Truncate(26).ok());
}

TEST(SessionWindow, AnEmptiedSessionRemembersNothing) {
  TinySpec spec;
  spec.layers = {{6, 0}};
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  const auto tokens = SomeTokens(50);
  TestSession session(model, TinyOptions(4, 1));
  ASSERT_TRUE(session->Feed(std::span(tokens).first(30)).ok());
  ASSERT_TRUE(session->Truncate(0).ok());
  ASSERT_TRUE(session->Feed(std::span(tokens).first(10)).ok());
  EXPECT_TRUE(session->Truncate(8).ok());
}

// --- Sampling through a session --------------------------------------------------------

TEST_F(SessionTest, TheSameSeedGivesTheSameTokens) {
  SamplingOptions sampling;
  sampling.temperature = 8;
  sampling.top_p = 0.95f;
  const auto run = [&](uint64_t seed, int threads, uint32_t chunk) {
    TestSession session(model_, TinyOptions(chunk, threads));
    session->Seed(seed);
    Last(*session, std::span(tokens_).first(5));
    std::vector<int32_t> ids;
    for (int i = 0; i < 30; ++i) {
      const int32_t id = session->Sample(sampling).value();
      ids.push_back(id);
      Last(*session, {&id, 1});
    }
    return ids;
  };
  const auto ids = run(7, 1, 64);
  EXPECT_EQ(run(7, 2, 3), ids);
  EXPECT_NE(run(8, 1, 64), ids);
}

TEST_F(SessionTest, RepetitionPenaltySeesThePrompt) {
  TestSession session(model_, TinyOptions(64, 1));
  Last(*session, tokens_);
  const int32_t top = session->Sample({}).value();
  Last(*session, {&top, 1});
  const int32_t again = session->Sample({}).value();
  const auto fed = session->tokens();
  ASSERT_NE(std::find(fed.begin(), fed.end(), again), fed.end());  // a tied model repeats

  SamplingOptions sampling;
  sampling.repetition_penalty = 1e6f;
  sampling.repetition_window = 0;
  const int32_t penalized = session->Sample(sampling).value();
  EXPECT_EQ(std::find(fed.begin(), fed.end(), penalized), fed.end());
}

}  // namespace
}  // namespace quanta
