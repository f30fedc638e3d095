// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "quanta/generator.h"
#include "quanta/quanta.h"
#include "tests/runtime/llm/test_session.h"

// Every way to the heap of glibc is counted, on every thread.
namespace {
std::atomic<long> allocations{0};
}

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void* memalign(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  ++allocations;
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? 12 : 0;
}
}

namespace quanta {
namespace {

using testing::TestSession;
using testing::TinyModel;
using testing::TinySpec;

/// Large enough that the work is really cut into tiles for several threads.
TinySpec BusySpec() {
  TinySpec spec;
  spec.hidden = 160;
  spec.heads = 8;
  spec.kv_heads = 4;
  spec.head_dim = 20;
  spec.ffn = 400;
  spec.vocab = 1000;
  spec.layers = {{0, 0}, {24, 0}};
  return spec;
}

TEST(Allocations, TheCounterCounts) {
  const long before = allocations;
  std::vector<char>(100).swap(*new std::vector<char>(3));
  EXPECT_GE(allocations - before, 3);
  const long middle = allocations;
  std::free(std::malloc(10));
  EXPECT_EQ(allocations - middle, 1);
}

class AllocationsByPanel : public ::testing::TestWithParam<format::Panel> {};
INSTANTIATE_TEST_SUITE_P(, AllocationsByPanel,
                         ::testing::Values(format::Panel::kF32, format::Panel::kF16,
                                           format::Panel::kQ8, format::Panel::kQ4),
                         [](const auto& test) { return format::PanelName(test.param); });

TEST_P(AllocationsByPanel, NoneAfterASessionIsCreated) {
  TinySpec spec = BusySpec();
  spec.panel = GetParam();
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  for (const int threads : {1, 2}) {
    for (const KvType kv : {KvType::kF16, KvType::kF32, KvType::kInt8}) {
      TestSession session(model, testing::TinyOptions(16, threads, kv));
      EXPECT_EQ(session->threads(), threads);
      const auto prompt = testing::SomeTokens(30);
      const SamplingOptions::Bias bias[] = {{5, 1.0f}};
      const std::string_view stops[] = {"never", "said"};
      GenerateOptions options;
      options.sampling = {.repetition_penalty = 1.1f,
                          .repetition_window = 64,
                          .logit_bias = bias,
                          .temperature = 1,
                          .top_k = 100,
                          .top_p = 0.9f,
                          .min_p = 0.01f,
                          .seed = 3};
      options.stops = stops;
      options.ignore_stop_tokens = true;
      std::vector<char> storage(Generator::StorageBytes(model));
      ErrorDetail detail;

      const long before = allocations;
      bool ok = session->Feed(prompt, &detail).ok();
      ok = ok && session->Sample({}, &detail).ok();
      ok = ok && session->Truncate(20).ok();
      ok = ok && session->Feed(std::span(prompt).subspan(20), &detail).ok();
      auto generator = Generator::Create(*session, options, storage, &detail);
      ok = ok && generator.ok();
      StopReason stop = StopReason::kNone;
      while (ok && stop == StopReason::kNone) {
        auto step = generator->Next(&detail);
        ok = step.ok();
        if (ok) stop = step->stop;
      }
      const long after = allocations;

      EXPECT_TRUE(ok) << detail.text();
      EXPECT_TRUE(stop == StopReason::kContextFull || stop == StopReason::kStopString);
      EXPECT_EQ(session->position(), 64u);
      EXPECT_EQ(after - before, 0) << threads << " threads";
    }
  }
}

TEST(Allocations, NoneThroughTheCApi) {
  TinyModel tiny(BusySpec());
  const auto file = tiny.File();
  quanta_model* model = nullptr;
  quanta_session* session = nullptr;
  quanta_generator* generator = nullptr;
  ASSERT_EQ(quanta_model_open_bytes(file.data(), file.size(), nullptr, &model, nullptr), QUANTA_OK);
  quanta_session_options options = {};
  options.struct_size = sizeof(options);
  options.threads = 2;
  ASSERT_EQ(quanta_session_create(model, &options, nullptr, 0, &session, nullptr), QUANTA_OK);
  const auto prompt = testing::SomeTokens(30);
  ASSERT_EQ(quanta_session_feed(session, prompt.data(), 1, nullptr, nullptr, nullptr), QUANTA_OK);
  const quanta_logit_bias bias[] = {{7, 3.0f}, {8, -3.0f}};
  quanta_sampling_options sampling = {};
  sampling.struct_size = sizeof(sampling);
  sampling.temperature = 1;
  sampling.logit_bias = bias;
  sampling.logit_bias_count = 2;
  quanta_generate_options generate = {};
  generate.struct_size = sizeof(generate);
  generate.sampling = &sampling;
  generate.max_tokens = 20;
  ASSERT_EQ(quanta_generator_create(session, &generate, &generator, nullptr), QUANTA_OK);

  const long before = allocations;
  int32_t id = 0;
  quanta_step step = {};
  quanta_code code = quanta_session_feed(session, prompt.data(), 30, nullptr, nullptr, nullptr);
  if (code == QUANTA_OK) code = quanta_session_sample(session, &sampling, &id, nullptr);
  while (code == QUANTA_OK && step.stop == QUANTA_STOP_NONE) {
    code = quanta_generator_next(generator, &step, nullptr);
  }
  const long after = allocations;
  EXPECT_EQ(code, QUANTA_OK);
  EXPECT_GT(quanta_session_position(session), 31u);
  EXPECT_EQ(after - before, 0);
  quanta_generator_free(generator);
  quanta_session_free(session);
  quanta_model_free(model);
}

TEST(Allocations, ErrorsTakeNoneEither) {
  TinyModel tiny(BusySpec());
  const Model model = tiny.Open();
  const SessionOptions options = testing::TinyOptions(16, 1);
  testing::AlignedBytes small(64);
  const std::vector<int32_t> bad = {1, -1};
  TestSession session(model, options);
  ErrorDetail detail;
  const long before = allocations;
  const bool created = Session::Create(model, options, small.span(), &detail).ok();
  const bool fed = session->Feed(bad, &detail).ok();
  const bool sampled = session->Sample({}, &detail).ok();
  EXPECT_EQ(allocations - before, 0);
  EXPECT_FALSE(created || fed || sampled);
}

}  // namespace
}  // namespace quanta
