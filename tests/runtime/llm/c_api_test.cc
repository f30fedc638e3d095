// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "quanta/quanta.h"
#include "tests/runtime/llm/tiny_model.h"

extern "C" int quanta_c_usage(const void* file, size_t size);

namespace quanta {
namespace {

TEST(CApi, ServesACProgram) {
  testing::TinySpec spec;
  spec.chat = true;
  testing::TinyModel tiny(spec);
  const auto file = tiny.File();
  EXPECT_EQ(quanta_c_usage(file.data(), file.size()), 0) << "the line of c_api_usage.c";
}

// What a library may not change: these numbers are in programs already built.
TEST(CApi, LayoutsAreFixed) {
  if (sizeof(void*) != 8) GTEST_SKIP() << "stated for 64 bits";
  EXPECT_EQ(sizeof(quanta_error), 528u);
  EXPECT_EQ(sizeof(quanta_open_options), 16u);
  EXPECT_EQ(sizeof(quanta_session_options), 24u);
  EXPECT_EQ(sizeof(quanta_sampling_options), 56u);
  EXPECT_EQ(sizeof(quanta_generate_options), 40u);
  EXPECT_EQ(sizeof(quanta_feed_hooks), 32u);
  EXPECT_EQ(sizeof(quanta_step), 24u);
  EXPECT_EQ(sizeof(quanta_message), 24u);
  EXPECT_EQ(sizeof(quanta_model_info), 200u);
}

TEST(CApi, OptionsOfANewerHeaderMustBeUnset) {
  struct Newer {
    quanta_open_options known;
    uint32_t unknown[2];
  } options = {};
  options.known.struct_size = sizeof(options);
  testing::TinyModel tiny{testing::TinySpec()};
  const auto file = tiny.File();
  quanta_model* model = nullptr;
  EXPECT_EQ(quanta_model_open_bytes(file.data(), file.size(), &options.known, &model, nullptr),
            QUANTA_OK);
  quanta_model_free(model);
  options.unknown[1] = 1;
  quanta_error error = {};
  EXPECT_EQ(quanta_model_open_bytes(file.data(), file.size(), &options.known, &model, &error),
            QUANTA_UNSUPPORTED);
}

}  // namespace
}  // namespace quanta
