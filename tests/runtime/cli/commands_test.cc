// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/runtime/cli/child.h"
#include "tests/runtime/cli/models.h"
#include "tests/support/npy.h"

namespace quanta::cli {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Joined(const Json& ids) {
  std::string out;
  for (const Json& id : ids) out += (out.empty() ? "" : ",") + id.dump();
  return out;
}

/// Must succeed; its standard output.
std::string Ok(const std::vector<std::string>& arguments, const std::string& input = "") {
  const Outcome outcome = Quanta(arguments, input);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out;
}

TEST(Run, ContinuesIdsAsPyTorchDoes) {
  const std::string golden = QUANTA_TEST_DATA "/hf/llama_tied/golden/";
  const auto inputs = quanta::testing::ReadNpy<int64_t>(golden + "input_ids.npy");
  const auto greedy = quanta::testing::ReadNpy<int64_t>(golden + "greedy.npy");
  const auto join = [](const std::vector<int64_t>& values, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::to_string(values[i]);
    return out;
  };
  for (const char* chunk : {"1", "7", "64"}) {
    EXPECT_EQ(Ok({"run", PlainModel(), "--ids", join(inputs.values, 48), "--greedy", "--ignore-eos",
                  "--max-tokens", "32", "--print-ids", "--kv", "f32", "--chunk", chunk}),
              join(greedy.values, 32) + "\n");
  }
}

TEST(Run, TakesThePromptFromTheStandardInputWithoutItsLastLineEnd) {
  const std::vector<std::string> rest = {"--greedy", "--max-tokens", "8", "--print-ids"};
  std::vector<std::string> from_input = {"run", PlainModel()};
  std::vector<std::string> from_flag = {"run", PlainModel(), "-p", "Once upon"};
  from_input.insert(from_input.end(), rest.begin(), rest.end());
  from_flag.insert(from_flag.end(), rest.begin(), rest.end());
  EXPECT_EQ(Ok(from_input, "Once upon\n"), Ok(from_flag));
}

TEST(Run, RendersTheTemplateUnlessRaw) {
  WriteFile(Scratch("talk.json"),
            R"([{"role": "system", "content": "S"}, {"role": "user", "content": "U"}])");
  const Json ids =
      Json::parse(Ok({"render", ChatModel(), "--messages", Scratch("talk.json"), "--ids"}));
  const std::vector<std::string> rest = {"--greedy", "--max-tokens", "8", "--print-ids"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"run", ChatModel()});
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    return Ok(arguments);
  };
  EXPECT_EQ(run({"-p", "U", "--system", "S"}), run({"--ids", Joined(ids)}));
  const Json raw = Json::parse(Ok({"tokenize", ChatModel(), "--text", "U"}));
  EXPECT_EQ(run({"-p", "U", "--raw"}), run({"--ids", Joined(raw)}));
}

TEST(Run, TheSameSeedGivesTheSameText) {
  const auto run = [](const char* seed) {
    return Ok({"run", PlainModel(), "-p", "a", "--temperature", "1.5", "--max-tokens", "20",
               "--seed", seed});
  };
  EXPECT_EQ(run("11"), run("11"));
  EXPECT_NE(run("11"), run("12"));
}

TEST(Run, StopsBeforeAStopString) {
  const std::string text = Ok({"run", PlainModel(), "-p", "a", "--greedy", "--max-tokens", "30"});
  ASSERT_GT(text.size(), 20u);
  const std::string stop = text.substr(10, 4);
  const std::string cut = Ok({"run", PlainModel(), "-p", "a", "--greedy", "--max-tokens", "30",
                              "--stop", "never seen", "--stop", stop});
  EXPECT_EQ(cut, text.substr(0, text.find(stop)) + "\n");
}

TEST(Run, BiasForcesAToken) {
  EXPECT_EQ(Ok({"run", PlainModel(), "-p", "a", "--greedy", "--max-tokens", "3", "--print-ids",
                "--logit-bias", "99=1000", "--logit-bias", "98=-5"}),
            "99,99,99\n");
}

TEST(Run, PrintsStatsOnTheStandardErrorOnly) {
  const std::vector<std::string> command = {"run",      PlainModel(),   "-p", "a",
                                            "--greedy", "--max-tokens", "4"};
  std::vector<std::string> with_stats = command;
  with_stats.push_back("--stats");
  const Outcome outcome = Quanta(with_stats);
  EXPECT_EQ(outcome.out, Ok(command));
  for (const char* word : {"prompt", "answer  4 tokens", "load", "first token", "memory", "seed"}) {
    EXPECT_THAT(outcome.err, HasSubstr(word));
  }
}

TEST(Run, SaysThatTheContextIsFull) {
  const Outcome outcome = Quanta({"run", PlainModel(), "--ids", "5,6,7", "--greedy", "--ignore-eos",
                                  "--context", "8", "--print-ids"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("the context is full (8 tokens)"));
}

TEST(Tokenize, FollowsHuggingFaceAndGoesBack) {
  const std::string text = "Hello <|im_end|> na\u00efve";
  const std::string ids = Ok({"tokenize", PlainModel(), "--text", text});
  EXPECT_THAT(Json::parse(ids), ::testing::Contains(2)) << "<|im_end|> counts by default";
  EXPECT_EQ(Ok({"tokenize", PlainModel(), "--decode", ids}), text + "\n");
  EXPECT_EQ(Ok({"tokenize", PlainModel(), "--decode", ids, "--skip-special"}),
            "Hello  na\u00efve\n");
  const Json plain =
      Json::parse(Ok({"tokenize", PlainModel(), "--text", text, "--no-parse-special"}));
  EXPECT_THAT(plain, ::testing::Not(::testing::Contains(2)));
  WriteFile(Scratch("text.txt"), text);
  EXPECT_EQ(Ok({"tokenize", PlainModel(), "--text-file", Scratch("text.txt")}), ids);
  EXPECT_EQ(Ok({"tokenize", PlainModel(), "--text-file", "-"}, text), ids);
}

TEST(Render, PrintsThePromptAndNothingElse) {
  const std::string talk = R"([{"role":"user","content":"hi <|im_end|>"}])";
  EXPECT_EQ(Ok({"render", ChatModel(), "--messages", "-"}, talk),
            "<|im_start|>user\nhi <|im_end|><|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(Ok({"render", ChatModel(), "--messages", "-", "--no-generation-prompt"}, talk),
            "<|im_start|>user\nhi <|im_end|><|im_end|>\n");
}

TEST(Render, ASpecialTokenInAMessageIsText) {
  const std::string talk = R"([{"role":"user","content":"hi <|im_end|>"}])";
  const auto count = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> command = {"render", ChatModel(), "--messages", "-", "--ids"};
    command.insert(command.end(), flags.begin(), flags.end());
    const Json ids = Json::parse(Ok(command, talk));
    return std::count(ids.begin(), ids.end(), Json(2));
  };
  EXPECT_EQ(count({}), 1);
  EXPECT_EQ(count({"--parse-special"}), 2);
}

TEST(Render, PrintsTodaysDateWhereTheTemplateDoes) {
  const auto prompt_of_today = [] {
    const std::time_t now = std::time(nullptr);
    std::tm fields = {};
    char date[64];
    std::strftime(date, sizeof(date), "%d %B %Y", localtime_r(&now, &fields));
    return "It is " + std::string(date) + ".\nuser: hi\n";
  };
  const std::string before = prompt_of_today();  // the day may end here
  const std::string prompt =
      Ok({"render", DatedModel(), "--messages", "-"}, R"([{"role":"user","content":"hi"}])");
  EXPECT_TRUE(prompt == before || prompt == prompt_of_today()) << prompt;
}

TEST(Render, RefusesInTheTemplatesWords) {
  const Outcome outcome =
      Quanta({"render", StrictModel(), "--messages", "-"}, R"([{"role":"system","content":"x"}])");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("No system messages, please"));
}

TEST(Logits, WritesWhatPyTorchComputes) {
  const std::string golden = QUANTA_TEST_DATA "/hf/llama_tied/golden/";
  const auto inputs = quanta::testing::ReadNpy<int64_t>(golden + "input_ids.npy");
  const auto reference = quanta::testing::ReadNpy<float>(golden + "logits.npy");
  std::string ids;
  for (size_t i = 0; i < 48; ++i) ids += (i == 0 ? "" : ",") + std::to_string(inputs.values[i]);
  const std::string path = Scratch("logits.npy");
  Ok({"logits", PlainModel(), "--ids", ids, "-o", path, "--chunk", "5"});
  const auto logits = quanta::testing::ReadNpy<float>(path);
  ASSERT_EQ(logits.shape, (std::vector<size_t>{48, 768}));
  float worst = 0;
  for (size_t i = 0; i < logits.values.size(); ++i) {
    worst = std::max(worst, std::abs(logits.values[i] - reference.values[i]));
  }
  EXPECT_LT(worst, 1e-3f);
}

TEST(Bench, ReportsMediansAndARepeatableHash) {
  const auto bench = [](const char* threads) {
    return Json::parse(Ok({"bench", PlainModel(), "--runs", "2", "--prompt-tokens", "40",
                           "--tokens", "8", "--threads", threads}));
  };
  const Json one = bench("1"), two = bench("2");
  EXPECT_EQ(one["hash"], two["hash"]) << "the number of threads must not change results";
  EXPECT_EQ(one["hash"].get<std::string>().size(), 16u);
  EXPECT_GT(one["prefill_tokens_per_second"].get<double>(), 0);
  EXPECT_GT(one["decode_tokens_per_second"].get<double>(), 0);
  EXPECT_GT(one["load_seconds"].get<double>(), 0);
  EXPECT_GT(one["first_token_seconds"].get<double>(), one["load_seconds"].get<double>());
  EXPECT_GT(one["peak_rss_bytes"].get<uint64_t>(), 1000u);
  EXPECT_EQ(one["threads"], 1);
  EXPECT_EQ(one["bytes_per_token"], one["model"]["decode_bytes"]);
  EXPECT_FALSE(one["isa"].get<std::string>().empty());
}

TEST(Bench, ProfilesThePartsOfThePassAndChangesNoResult) {
  const std::vector<std::string> command = {"bench",           PlainModel(), "--runs",    "1",
                                            "--tokens",        "8",          "--threads", "1",
                                            "--prompt-tokens", "40"};
  std::vector<std::string> profiled = command;
  profiled.push_back("--profile");
  const Outcome outcome = Quanta(profiled);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json report = Json::parse(outcome.out);
  EXPECT_EQ(report["hash"], Json::parse(Ok(command))["hash"]);
  EXPECT_GT(report["profile"]["read_gb_s"].get<double>(), 0);
  EXPECT_GT(report["profile"]["int8_gops"].get<double>(), 0);
  for (const char* part : {"prefill", "decode"}) {
    const Json& phases = report["profile"][part];
    double shares = 0;
    for (const auto& [name, phase] : phases.items()) {
      if (name != "all") shares += phase["share"].get<double>();
    }
    EXPECT_NEAR(shares, 1, 1e-6);
    EXPECT_GT(phases["down"]["gops"].get<double>(), 0);
    EXPECT_GT(phases["attention"]["bytes"].get<uint64_t>(), 0u);
    EXPECT_THAT(outcome.err, HasSubstr(std::string(part) + ": of "));
  }
  EXPECT_THAT(outcome.err, HasSubstr("gate_up"));
}

TEST(Eval, AgreesWithLogits) {
  const std::string text = "Once upon a time there was a little kernel.";
  WriteFile(Scratch("eval.txt"), text);
  const Json ids =
      Json::parse(Ok({"tokenize", PlainModel(), "--text", text, "--no-parse-special"}));
  Ok({"logits", PlainModel(), "--ids", Joined(ids), "-o", Scratch("eval.npy")});
  const auto logits = quanta::testing::ReadNpy<float>(Scratch("eval.npy"));
  double nll = 0;
  for (size_t row = 0; row + 1 < ids.size(); ++row) {
    double sum = 0;
    for (size_t i = 0; i < 768; ++i) sum += std::exp(double{logits.values[row * 768 + i]});
    nll += std::log(sum) - double{logits.values[row * 768 + ids[row + 1].get<size_t>()]};
  }
  const Json whole = Json::parse(
      Ok({"eval", PlainModel(), "--text", Scratch("eval.txt"), "--json", "--kv", "f32"}));
  EXPECT_NEAR(whole["nll"].get<double>(), nll, 1e-3);
  EXPECT_EQ(whole["tokens"], ids.size() - 1);
  EXPECT_EQ(whole["bytes"], text.size());
  EXPECT_NEAR(whole["perplexity"].get<double>(),
              std::exp(nll / static_cast<double>(ids.size() - 1)), 1e-2);
  EXPECT_NEAR(whole["bits_per_byte"].get<double>(),
              nll / std::log(2) / static_cast<double>(text.size()), 1e-4);
}

TEST(Eval, ComparesWithAnotherModelTokenByToken) {
  const std::string text = "Once upon a time there was a little kernel.";
  WriteFile(Scratch("compare.txt"), text);
  const Json ids =
      Json::parse(Ok({"tokenize", PlainModel(), "--text", text, "--no-parse-special"}));
  const auto logits = [&](const std::string& model) {
    const std::string path = Scratch("compare.npy");
    Ok({"logits", model, "--ids", Joined(ids), "-o", path});
    return quanta::testing::ReadNpy<float>(path).values;
  };
  const std::vector<float> rounded = logits(RoundedModel()), exact = logits(PlainModel());
  const auto probabilities = [](const float* row) {
    std::vector<double> p(row, row + 768);
    double sum = 0;
    for (double& value : p) sum += value = std::exp(value);
    for (double& value : p) value /= sum;
    return p;
  };
  double divergence = 0, agreed = 0, nll = 0;
  for (size_t row = 0; row + 1 < ids.size(); ++row) {
    const auto p = probabilities(&exact[row * 768]), q = probabilities(&rounded[row * 768]);
    for (size_t i = 0; i < 768; ++i) divergence += p[i] * std::log(p[i] / q[i]);
    nll -= std::log(p[ids[row + 1].get<size_t>()]);
    const auto best = [](const auto& x) {
      return std::max_element(x.begin(), x.end()) - x.begin();
    };
    agreed += best(p) == best(q) ? 1 : 0;
  }
  const auto count = static_cast<double>(ids.size() - 1);
  const Json report =
      Json::parse(Ok({"eval", RoundedModel(), "--text", Scratch("compare.txt"), "--json", "--kv",
                      "f32", "--against", PlainModel(), "--chunk", "3"}))["against"];
  EXPECT_GT(divergence, 0);
  EXPECT_NEAR(report["mean_divergence"].get<double>(), divergence / count, 1e-5);
  EXPECT_DOUBLE_EQ(report["top1_agreement"].get<double>(), agreed / count);
  EXPECT_NEAR(report["perplexity"].get<double>(), std::exp(nll / count), 1e-2);
}

TEST(Eval, AModelAgreesWithItself) {
  WriteFile(Scratch("self.txt"), "one two three four five six seven");
  const std::vector<std::string> command = {
      "eval",      PlainModel(), "--text", Scratch("self.txt"),
      "--against", PlainModel(), "--kv",   "f32"};
  EXPECT_THAT(Ok(command), HasSubstr("same likeliest token 100.00 %, KL divergence 0.000000"));
}

TEST(Eval, EveryTokenCountsOnceHoweverTheContextMoves) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "word " + std::to_string(i) + ", ";
  WriteFile(Scratch("long.txt"), text);
  Json first;
  for (const char* stride : {"1", "7", "16"}) {
    const Json report = Json::parse(Ok({"eval", PlainModel(), "--text", Scratch("long.txt"),
                                        "--json", "--context", "16", "--stride", stride}));
    if (first.is_null()) first = report;
    EXPECT_EQ(report["tokens"], first["tokens"]);
    EXPECT_EQ(report["stride"].dump(), stride);
  }
  EXPECT_THAT(Ok({"eval", PlainModel(), "--text", Scratch("long.txt")}), StartsWith("perplexity"));
}

TEST(Info, TellsFactsMemoryAndVerifies) {
  const std::string text = Ok({"info", ChatModel(), "--memory", "--verify"});
  for (const char* word : {"llama", "context        512", "session of 512 tokens, kv f16",
                           "mapped from the file", "the data is intact", "chat template  yes"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
  const Json json = Json::parse(Ok(
      {"info", PlainModel(), "--json", "--verify", "--memory", "--context", "100", "--kv", "f32"}));
  EXPECT_EQ(json["vocab"], 768);
  EXPECT_EQ(json["chat_template"], false);
  EXPECT_EQ(json["verified"]["data"], true);
  EXPECT_GT(json["verified"]["self_test"]["judged"].get<int>(), 0);
  ASSERT_EQ(json["memory"]["sessions"].size(), 1u);
  EXPECT_EQ(json["memory"]["sessions"][0]["context"], 100);
}

TEST(Program, HelpsWithEveryCommand) {
  EXPECT_THAT(Ok({"--version"}), StartsWith("quanta "));
  const std::string help = Ok({"--help"});
  for (const char* command :
       {"run", "chat", "bench", "eval", "info", "tokenize", "logits", "render"}) {
    EXPECT_THAT(help, HasSubstr(command));
    EXPECT_THAT(Ok({command, "--help"}), HasSubstr("FILE"));
  }
}

}  // namespace
}  // namespace quanta::cli
