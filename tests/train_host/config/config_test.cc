// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "converter/error.h"
#include "tests/train_host/temp_folder.h"
#include "train_host/config/train_config.h"

namespace quanta::train {
namespace {

using converter::Json;
using ::testing::HasSubstr;

std::string Refusal(const Json& json) {
  try {
    ParseTrainConfig(Json::parse(json.dump()), "run.json");
  } catch (const converter::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(TrainConfigFile, UnknownKeysAreErrorsThatNameThem) {
  EXPECT_THAT(Refusal({{"modle", Json::object()}}), HasSubstr("run.json: unknown key modle"));
  EXPECT_THAT(Refusal({{"run", {{"step", 5}}}}), HasSubstr("unknown key run.step"));
  EXPECT_THAT(Refusal({{"optimizer", {{"learning_rate", 5}}}}),
              HasSubstr("unknown key optimizer.learning_rate"));
}

TEST(TrainConfigFile, ValuesOutOfRangeAreErrorsThatNameTheKey) {
  EXPECT_THAT(Refusal({{"model", {{"layers", 0}}}}), HasSubstr("model.layers must be"));
  EXPECT_THAT(Refusal({{"model", {{"hidden", 1u << 30}}}}), HasSubstr("model.hidden must be"));
  EXPECT_THAT(Refusal({{"run", {{"steps", -1}}}}), HasSubstr("run.steps must be"));
  EXPECT_THAT(Refusal({{"run", {{"dropout", 1.5}}}}), HasSubstr("run.dropout must be from 0 to"));
  EXPECT_THAT(Refusal({{"optimizer", {{"schedule", "square"}}}}),
              HasSubstr("one of cosine, linear, constant"));
  EXPECT_THAT(Refusal({{"qat", {{"scheme", "q2"}}}}), HasSubstr("qat.scheme must be one of"));
  EXPECT_THAT(Refusal({{"data", {{"train", 7}}}}), HasSubstr("data.train must be a text"));
}

TEST(TrainConfigFile, SettingsReplaceAndAdd) {
  testing::TempFolder folder;
  const std::string path = folder.Write("c.json", R"({"run": {"steps": 5}, "output": "a"})");
  const std::vector<std::string> settings = {"run.steps=9", "output=b c", "optimizer.lr=1e-2",
                                             "model.tied=false"};
  const TrainConfig config = ReadTrainConfig(path, settings);
  EXPECT_EQ(config.run.steps, 9u);
  EXPECT_EQ(config.output, "b c");
  EXPECT_EQ(config.schedule.peak, 0.01);
  EXPECT_EQ(config.schedule.floor, 0.001);
  EXPECT_EQ(config.schedule.steps, 9u);
  EXPECT_FALSE(config.model.tied);
  for (const char* bad : {"run.steps", "=5", "output.x=5"}) {
    const std::vector<std::string> one = {bad};
    EXPECT_THROW(ReadTrainConfig(path, one), converter::Error) << bad;
  }
}

TEST(TrainConfigFile, ImpossibleShapesSayWhatIsImpossible) {
  const auto refusal = [](const ModelShape& shape) -> std::string {
    try {
      CheckShape(shape);
    } catch (const converter::Error& error) {
      return error.what();
    }
    return "no error";
  };
  const ModelShape good = {.vocab = 9,
                           .layers = 1,
                           .hidden = 8,
                           .heads = 4,
                           .kv_heads = 2,
                           .head_dim = 2,
                           .ffn = 8,
                           .context = 8};
  EXPECT_EQ(refusal(good), "no error");
  ModelShape bad = good;
  bad.kv_heads = 3;
  EXPECT_THAT(refusal(bad), HasSubstr("model.kv_heads (3) does not divide model.heads (4)"));
  bad = good;
  bad.head_dim = 3;
  EXPECT_THAT(refusal(bad), HasSubstr("must be even"));
  bad = good;
  bad.qkv_bias = bad.qk_norm = true;
  EXPECT_THAT(refusal(bad), HasSubstr("both model.qkv_bias and model.qk_norm"));
  bad = good;
  bad.ffn = 0;
  EXPECT_THAT(refusal(bad), HasSubstr("model.ffn is not set"));
}

}  // namespace
}  // namespace quanta::train
