// SPDX-License-Identifier: MIT
#include "converter/calibrate/layer_model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "converter/calibrate/embed.h"
#include "converter/error.h"
#include "converter/readers/reader.h"
#include "quanta/model.h"
#include "quanta/session.h"
#include "runtime/platform/platform.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/convert_now.h"
#include "tests/support/checkpoints.h"

namespace quanta::converter {
namespace {

using format::Panel;
using format::Role;

constexpr uint32_t kLength = 70;  // longer than the fixtures' sliding windows

std::vector<int32_t> SomeIds(uint32_t vocab) {
  std::vector<int32_t> ids(kLength);
  for (uint32_t i = 0; i < kLength; ++i) ids[i] = static_cast<int32_t>((i * 97 + 5) % vocab);
  return ids;
}

/// What the head of the model file reads: the last input before the logits.
std::vector<float> HeadInputs(const std::string& path, const std::vector<int32_t>& ids) {
  ErrorDetail detail;
  const Model model = Value(Model::Open(path.c_str(), {}, &detail), detail);
  SessionOptions options{.context = kLength, .chunk = kLength, .kv = KvType::kF32};
  options.all_logits = true;
  const size_t bytes = Value(Session::Bytes(model, options, &detail), detail);
  const auto arena = Value(platform::PageBlock::Create(bytes, &detail), detail);
  Session session = Value(Session::Create(model, options, arena.bytes(), &detail), detail);
  std::vector<float> last;
  Session::FeedHooks hooks;
  hooks.context = &last;
  hooks.on_logits = [](void*, size_t, std::span<const float>) {};
  hooks.on_input = [](void* to, const std::byte*, const float* x, size_t rows, size_t columns) {
    static_cast<std::vector<float>*>(to)->assign(x, x + rows * columns);
  };
  Check(session.Feed(ids, hooks, &detail).status(), detail);
  return last;
}

/// The same, layer by layer.
std::vector<float> LayerByLayer(const std::string& checkpoint, const std::vector<int32_t>& ids) {
  auto source = OpenCheckpoint(checkpoint, {});
  const std::vector<Panel> panels(source->tensors.size(), Panel::kF32);
  std::vector<float> states = Embed(*source, panels, std::vector<std::vector<int32_t>>{ids});
  LayerModel model(std::move(source), kLength);
  for (size_t layer = 0; layer < model.layers(); ++layer) {
    model.Load(layer);
    model.Run(states, [&](Role role, const float* x, size_t rows, size_t columns) {
      if (role == Role::kEmbedding) states.assign(x, x + rows * columns);
    });
  }
  return states;
}

TEST(LayerModel, LayersOneByOneComputeBitForBitWhatTheModelDoes) {
  for (const char* name : quanta::testing::kCheckpoints) {
    const std::string checkpoint = std::string(QUANTA_TEST_DATA "/hf/") + name;
    const testing::TempFolder folder;
    const std::string file = folder.File("m.qfb");
    testing::ConvertNow({.checkpoint = checkpoint,
                         .output = file,
                         .scheme = Panel::kF32,
                         .self_test = false,
                         .chat_template = false});
    const auto ids = SomeIds(OpenCheckpoint(checkpoint, {})->architecture.vocab);
    EXPECT_EQ(LayerByLayer(checkpoint, ids), HeadInputs(file, ids)) << name;
  }
}

TEST(LayerModel, SeesWhatEachMatrixReadsAndRunsWithReplacedWeights) {
  LayerModel model(OpenCheckpoint(QUANTA_TEST_DATA "/hf/llama_untied", {}), kLength);
  model.Load(1);
  const auto& tensors = model.checkpoint().tensors;
  const auto find = [&](Role role) {
    const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const SourceTensor& t) {
      return t.layer == 1 && t.role == role;
    });
    return static_cast<size_t>(found - tensors.begin());
  };
  std::vector<float> states(3 * 64);
  for (size_t i = 0; i < states.size(); ++i) states[i] = static_cast<float>(i % 7) - 3;
  std::vector<std::pair<Role, size_t>> seen;
  std::vector<float> out;
  const auto observe = [&](Role role, const float* x, size_t rows, size_t columns) {
    EXPECT_EQ(rows, 3u);
    seen.emplace_back(role, columns);
    if (role == Role::kEmbedding) out.assign(x, x + rows * columns);
  };
  model.Run(states, observe);
  // The first of those that share an input is told apart by what it is, not when it comes.
  EXPECT_EQ(seen, (std::vector<std::pair<Role, size_t>>{{Role::kQ, 64},
                                                        {Role::kO, 64},
                                                        {Role::kUp, 64},
                                                        {Role::kDown, 176},
                                                        {Role::kEmbedding, 64}}));
  EXPECT_NE(out, states);
  for (const Role role : {Role::kO, Role::kDown}) {
    std::ranges::fill(model.Values(find(role)), 0.0f);
  }
  model.Run(states, observe);
  EXPECT_EQ(out, states) << "nothing is added to the stream";
}

}  // namespace
}  // namespace quanta::converter
