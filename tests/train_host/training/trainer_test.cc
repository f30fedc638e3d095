// SPDX-License-Identifier: MIT
//
// Runs in this process: what they learn, how they end, how they go on.
#include "train_host/training/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>

#include "converter/error.h"
#include "tests/train_host/tiny_run.h"

namespace quanta::train {
namespace {

namespace fs = std::filesystem;
using converter::Json;
using ::testing::HasSubstr;
using testing::Metrics;
using ::testing::Not;

class TrainingRun : public ::testing::Test {
 protected:
  void Run(const TrainerOptions& options = {}) {
    Trainer trainer(ParseTrainConfig(Json::parse(config_.dump()), "c.json"), options);
    trainer.Run();
  }
  std::string Failure(const TrainerOptions& options = {}) {
    try {
      Run(options);
    } catch (const converter::Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::vector<std::string> Checkpoints(const std::string& output = "out") const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.File(output))) {
      if (entry.is_directory() && !entry.is_symlink()) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void ExpectSameCheckpoint(const std::string& a, const std::string& b) const {
    for (const char* file : {"model.safetensors", "state.safetensors", "trainer.json",
                             "config.json", "tokenizer.json", "generation_config.json"}) {
      const std::string name = std::string("/") + file;
      EXPECT_FALSE(folder_.Read(a + name).empty()) << name;
      EXPECT_TRUE(folder_.Read(a + name) == folder_.Read(b + name)) << name;
    }
  }

  testing::TempFolder folder_;
  Json config_ = testing::TinyConfig(folder_);
};

TEST_F(TrainingRun, LearnsOneBatchByHeart) {
  config_["run"].update({{"overfit_one_batch", true}, {"steps", 150}, {"save_every", 0}});
  Run();
  const std::vector<double> losses = Metrics(folder_, "loss");
  ASSERT_EQ(losses.size(), 150u);
  EXPECT_NEAR(losses.front(), std::log(768.0), 0.3);
  EXPECT_LT(losses.back(), 0.1);
}

TEST_F(TrainingRun, QuantizationAwareLearnsToo) {
  config_["run"].update({{"overfit_one_batch", true}, {"steps", 150}, {"save_every", 0}});
  config_["qat"] = {{"scheme", "q4"}};
  Run();
  EXPECT_LT(Metrics(folder_, "loss").back(), 0.3);
}

TEST_F(TrainingRun, ResumedEqualsUninterruptedBitForBit) {
  config_["data"]["eval"] = config_["data"]["train"];
  config_["run"].update({{"dropout", 0.1}, {"accumulate", 2}, {"eval_every", 3}});
  for (const bool qat : {false, true}) {
    if (qat) config_["qat"] = {{"scheme", "q8"}, {"from", 6}};
    config_["output"] = folder_.File(qat ? "whole_qat" : "whole");
    Run();
    config_["output"] = folder_.File(qat ? "parts_qat" : "parts");
    std::atomic<bool> stop = true;  // after every step
    for (int part = 0; part < 12; ++part) {
      const std::string end = Failure({.resume = true, .stop = &stop});
      EXPECT_THAT(end, HasSubstr("--resume goes on from")) << end;
    }
    const std::string whole = qat ? "whole_qat" : "whole", parts = qat ? "parts_qat" : "parts";
    ExpectSameCheckpoint(whole + "/step-000012", parts + "/step-000012");
    for (const char* key : {"loss", "grad_norm", "lr", "eval_loss"}) {
      EXPECT_EQ(Metrics(folder_, key, whole + "/metrics.jsonl"),
                Metrics(folder_, key, parts + "/metrics.jsonl"))
          << key;
    }
  }
}

TEST_F(TrainingRun, ResultsDoNotDependOnTheNumberOfThreads) {
  config_["run"]["threads"] = 1;
  Run();
  config_["run"]["threads"] = 2;
  config_["output"] = folder_.File("two");
  Run();
  ExpectSameCheckpoint("out/step-000012", "two/step-000012");
}

TEST_F(TrainingRun, KeepsTheLastCheckpointsAndTheBest) {
  config_["data"]["eval"] = config_["data"]["train"];
  config_["run"].update({{"steps", 24}, {"save_every", 2}, {"keep", 2}, {"eval_every", 12}});
  Run();
  EXPECT_THAT(Checkpoints(), ::testing::ElementsAre("step-000022", "step-000024"));
  EXPECT_EQ(fs::read_symlink(folder_.File("out/last")), "step-000024");
  EXPECT_EQ(fs::read_symlink(folder_.File("out/best")), "step-000024");
}

TEST_F(TrainingRun, AccumulatedPassesEqualOneLargePass) {
  config_["run"].update({{"batch", 4}, {"steps", 6}});
  Run();
  config_["run"].update({{"batch", 1}, {"accumulate", 4}});
  config_["output"] = folder_.File("small");
  Run();
  const auto large = Metrics(folder_, "loss"),
             small = Metrics(folder_, "loss", "small/metrics.jsonl");
  ASSERT_EQ(large.size(), small.size());
  for (size_t i = 0; i < large.size(); ++i) EXPECT_NEAR(large[i], small[i], 1e-3 * large[i]) << i;
}

TEST_F(TrainingRun, StopsWhenEvaluationsGetNoBetter) {
  folder_.Write("other.txt", "zzz qqq vvv zzz qqq vvv zzz qqq vvv kkk jjj");
  config_["data"]["eval"] = folder_.File("other.txt");
  config_["run"].update({{"steps", 400}, {"eval_every", 2}, {"patience", 3}, {"save_every", 0}});
  Run();
  const auto evals = Metrics(folder_, "eval_loss");
  ASSERT_LT(evals.size(), 200u) << "it did not stop";
  const auto best = std::min_element(evals.begin(), evals.end());
  EXPECT_EQ(evals.end() - best, 4) << "the best, then three that are worse";
  EXPECT_EQ(Failure({.resume = true}), "no error") << "there is nothing to go on with";
  EXPECT_EQ(Metrics(folder_, "eval_loss"), evals);
}

TEST_F(TrainingRun, EndsWhenTheLossIsNotANumber) {
  config_["optimizer"] = {{"lr", 99}, {"warmup", 6}, {"weight_decay", 99}};
  config_["run"].update({{"steps", 300}, {"clip", 0}, {"spikes", 0}, {"save_every", 2}});
  const std::string failure = Failure();
  EXPECT_THAT(failure, HasSubstr("is not a number any more; lower optimizer.lr"));
  EXPECT_THAT(failure, HasSubstr("the last checkpoint is " + folder_.File("out/step-")));
  const auto checkpoint = Checkpoints().back();
  EXPECT_FALSE(folder_.Read("out/" + checkpoint + "/model.safetensors").empty());
}

TEST_F(TrainingRun, EndsWhenTheLossStaysFarAboveTheUsual) {
  config_["run"].update({{"steps", 400},
                         {"overfit_one_batch", true},
                         {"spike", 1.2},
                         {"spikes", 5},
                         {"save_every", 0}});
  config_["optimizer"] = {{"lr", 5}, {"warmup", 400}, {"weight_decay", 0}};
  EXPECT_THAT(Failure(), HasSubstr("times the usual"));
}

TEST_F(TrainingRun, DoesNotOverwriteARunUnlessItGoesOn) {
  Run();
  EXPECT_THAT(Failure(), HasSubstr("holds the checkpoints of a run; --resume goes on with it"));
  EXPECT_EQ(Failure({.resume = true}), "no error");
}

TEST_F(TrainingRun, ResumingWithOtherSettingsOrTextsIsRefused) {
  Run();
  const Json kept = config_;
  config_["model"]["ffn"] = 96;
  EXPECT_THAT(Failure({.resume = true}), HasSubstr("other settings of 'model'"));
  config_ = kept;
  config_["run"]["batch"] = 3;
  EXPECT_THAT(Failure({.resume = true}), HasSubstr("other settings of 'batch'"));
  config_ = kept;
  folder_.Write("text.txt", "something else than it was");
  EXPECT_THAT(Failure({.resume = true}), HasSubstr("other texts"));
}

TEST_F(TrainingRun, BadBeginningsAreErrors) {
  const Json kept = config_;
  config_["data"].erase("tokenizer");
  EXPECT_THAT(Failure(), HasSubstr("no tokenizer given"));
  config_ = kept;
  config_["data"]["train"] = Json::array();
  EXPECT_THAT(Failure(), HasSubstr("no texts given"));
  config_ = kept;
  config_["data"]["train"] = folder_.File("missing.txt");
  EXPECT_THAT(Failure(), HasSubstr("missing.txt"));
  config_ = kept;
  config_["data"]["end_token"] = "<none>";
  EXPECT_THAT(Failure(), HasSubstr("no added token '<none>'"));
  config_ = kept;
  config_["model"]["vocab"] = 100;
  EXPECT_THAT(Failure(), HasSubstr("model.vocab (100) is less than the tokenizer's 768"));
  config_ = kept;
  config_["run"]["length"] = 49;
  EXPECT_THAT(Failure(), HasSubstr("run.length (49) is more than model.context (48)"));
  config_ = kept;
  config_["init"] = QUANTA_TEST_DATA "/hf/gemma3_text";
  EXPECT_THAT(Failure(), HasSubstr("the trainer has no"));
}

TEST_F(TrainingRun, GoesOnFromAnotherPrograms) {
  config_["init"] = QUANTA_TEST_DATA "/hf/llama_untied";
  config_.erase("model");
  config_["run"].update({{"length", 32}, {"steps", 4}});
  Run();
  EXPECT_EQ(Metrics(folder_, "loss").size(), 4u);
}

TEST_F(TrainingRun, SaysWhereTransformersWouldMakeOtherTokens) {
  int runs = 0;
  const auto console = [&](const std::string& tokenizer, const char* part) {
    config_["output"] = folder_.File("console" + std::to_string(runs++));
    config_["data"]["tokenizer"] = tokenizer;
    Json config = config_;
    config["model"][part] = true;
    char* text = nullptr;
    size_t size = 0;
    std::FILE* stream = open_memstream(&text, &size);
    {
      const Trainer trainer(ParseTrainConfig(Json::parse(config.dump()), "c.json"),
                            {.style = converter::Progress::Style::kLines, .console = stream});
    }
    std::fclose(stream);
    const std::string said(text, size);
    std::free(text);
    EXPECT_THAT(said, HasSubstr("parameters"));
    return said;
  };
  const std::string qwen = QUANTA_TEST_DATA "/tokenizers/qwen2";
  EXPECT_THAT(console(testing::kTokenizer, "qkv_bias"), HasSubstr("--pre-tokenizer qwen2"));
  EXPECT_THAT(console(testing::kTokenizer, "qk_norm"), Not(HasSubstr("transformers")));
  EXPECT_THAT(console(qwen, "qkv_bias"), Not(HasSubstr("transformers")));
}

class LowRank : public TrainingRun {
 protected:
  void SetUp() override {
    Run();  // the base
    config_["init"] = folder_.File("out/step-000012");
    config_["lora"] = {{"rank", 3}, {"alpha", 6}};
    config_["output"] = folder_.File("tuned");
    config_["optimizer"]["warmup"] = 0;
  }
};

TEST_F(LowRank, BeginsAsItsBaseLearnsAndGoesOnBitForBit) {
  Run();
  const auto base = Metrics(folder_, "loss"),
             tuned = Metrics(folder_, "loss", "tuned/metrics.jsonl");
  EXPECT_NEAR(tuned.front(), base.back(), 0.3 * base.back());
  EXPECT_LT(tuned.back(), base.back());
  config_["output"] = folder_.File("parts");
  std::atomic<bool> stop = true;
  for (int part = 0; part < 12; ++part) Failure({.resume = true, .stop = &stop});
  ExpectSameCheckpoint("tuned/step-000012", "parts/step-000012");
}

TEST_F(LowRank, MergedWeightsAreTheBaseAndTheAdapter) {
  Run();
  const auto read = [&](const std::string& path) { return folder_.Read(path); };
  EXPECT_EQ(read("tuned/last/config.json"), read("out/last/config.json"));
  const std::string adapter = read("tuned/last/adapter/adapter_model.safetensors");
  uint64_t length = 0;
  std::memcpy(&length, adapter.data(), sizeof(length));
  const Json header = Json::parse(adapter.substr(8, length));
  const std::string name = "base_model.model.model.layers.1.mlp.down_proj";
  const auto number = [&](const std::string& tensor, size_t index) {
    const size_t at = 8 + length + header[tensor]["data_offsets"][0].get<size_t>() + index * 4;
    float value;
    std::memcpy(&value, adapter.data() + at, sizeof(value));
    return static_cast<double>(value);
  };
  EXPECT_EQ(header[name + ".lora_A.weight"]["shape"], Json({3, 64}));
  EXPECT_EQ(header[name + ".lora_B.weight"]["shape"], Json({32, 3}));
  const auto weight = [&](const std::string& folder, size_t row, size_t column) {
    const std::string bytes = read(folder + "/last/model.safetensors");
    uint64_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof(size));
    const Json its = Json::parse(bytes.substr(8, size));
    const size_t at = 8 + size +
                      its["model.layers.1.mlp.down_proj.weight"]["data_offsets"][0].get<size_t>() +
                      (row * 64 + column) * 4;
    float value;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return static_cast<double>(value);
  };
  for (const size_t row : {0, 17, 31}) {
    for (const size_t column : {0, 40, 63}) {
      double update = 0;
      for (size_t r = 0; r < 3; ++r) {
        update += 6.0 / 3 * number(name + ".lora_B.weight", row * 3 + r) *
                  number(name + ".lora_A.weight", r * 64 + column);
      }
      EXPECT_NE(update, 0);
      EXPECT_NEAR(weight("tuned", row, column), weight("out", row, column) + update, 1e-6);
    }
  }
}

/// As PEFT's documentation of its checkpoint format has it: names of modules behind
/// "base_model.model.", A [rank, in] and B [out, rank], and a configuration that says which.
TEST_F(LowRank, TheAdapterIsLaidOutAsPeftReadsIt) {
  Run();
  const std::string bytes = folder_.Read("tuned/last/adapter/adapter_model.safetensors");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  Json header = Json::parse(bytes.substr(8, length));
  header.erase("__metadata__");
  struct Module {
    const char* name;
    int in, out;
  };
  const Module modules[] = {{"self_attn.q_proj", 32, 32}, {"self_attn.k_proj", 32, 16},
                            {"self_attn.v_proj", 32, 16}, {"self_attn.o_proj", 32, 32},
                            {"mlp.gate_proj", 32, 64},    {"mlp.up_proj", 32, 64},
                            {"mlp.down_proj", 64, 32}};
  Json expected;
  for (const char* layer : {"0", "1"}) {
    for (const Module& module : modules) {
      const std::string name =
          std::string("base_model.model.model.layers.") + layer + "." + module.name;
      expected[name + ".lora_A.weight"] = {3, module.in};
      expected[name + ".lora_B.weight"] = {module.out, 3};
    }
  }
  Json shapes;
  for (const auto& [name, tensor] : header.items()) {
    shapes[name] = tensor["shape"];
    EXPECT_EQ(tensor["dtype"], "F32") << name;
  }
  EXPECT_EQ(shapes, expected);
  const Json config = Json::parse(folder_.Read("tuned/last/adapter/adapter_config.json"));
  EXPECT_EQ(config["peft_type"], "LORA");
  EXPECT_EQ(config["task_type"], "CAUSAL_LM");
  EXPECT_EQ(config["base_model_name_or_path"], folder_.File("out/step-000012"));
  EXPECT_EQ(config["r"], 3);
  EXPECT_EQ(config["lora_alpha"], 6);
  EXPECT_EQ(config["bias"], "none");
  EXPECT_EQ(config["fan_in_fan_out"], false);
  const std::vector<std::string> targets = config["target_modules"];
  EXPECT_THAT(targets, ::testing::UnorderedElementsAre("q_proj", "k_proj", "v_proj", "o_proj",
                                                       "gate_proj", "up_proj", "down_proj"));
}

TEST_F(LowRank, NeedsAModelAndTheSameOneToGoOn) {
  config_["run"]["steps"] = 4;
  Run();
  config_["run"]["steps"] = 8;
  config_["init"] = folder_.File("out/step-000004");
  EXPECT_THAT(Failure({.resume = true}), HasSubstr("other texts"));
  config_["init"] = "";
  config_["output"] = folder_.File("none");
  EXPECT_THAT(Failure(), HasSubstr("name its checkpoint in init"));
}

}  // namespace
}  // namespace quanta::train
