// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/runtime/cli/child.h"
#include "tests/runtime/cli/models.h"

namespace quanta::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kPng[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

std::string Png() {
  WriteFile(Scratch("picture.png"), std::string(kPng, sizeof(kPng) - 1) + std::string(500, '\x42'));
  return Scratch("picture.png");
}
std::string Truncated(size_t bytes) {
  WriteFile(Scratch("short.qfb"), ReadFile(PlainModel()).substr(0, bytes));
  return Scratch("short.qfb");
}
/// The model with its last data byte changed.
std::string Tampered() {
  std::string bytes = ReadFile(PlainModel());
  bytes[bytes.size() - 100] ^= 1;
  WriteFile(Scratch("tampered.qfb"), bytes);
  return Scratch("tampered.qfb");
}
std::string Empty() {
  WriteFile(Scratch("empty.qfb"), "");
  return Scratch("empty.qfb");
}
std::string Folder() { return std::filesystem::temp_directory_path().string(); }
std::string Missing() { return Scratch("missing.qfb"); }

struct Mistake {
  const char* name;
  std::vector<std::string> before;     ///< the command
  std::function<std::string()> model;  ///< after it; null: none
  std::vector<std::string> after;
  int exit_code;
  const char* words;
};

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, GiveOneClearLineAndTheRightExitCode) {
  const Mistake& mistake = GetParam();
  std::vector<std::string> arguments = mistake.before;
  if (mistake.model) arguments.push_back(mistake.model());
  arguments.insert(arguments.end(), mistake.after.begin(), mistake.after.end());
  const Outcome outcome = Quanta(arguments);
  EXPECT_EQ(outcome.exit_code, mistake.exit_code);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr(mistake.words));
  EXPECT_THAT(outcome.err, testing::StartsWith("quanta: "));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_TRUE(outcome.err.ends_with("\n"));
}

const std::string kWrongKey(64, 'a');
std::string LongText() { return std::string(4000, 'z'); }

INSTANTIATE_TEST_SUITE_P(
    All, Mistakes,
    testing::Values(
        Mistake{"NoCommand", {}, nullptr, {}, 2, "--help"},
        Mistake{"UnknownCommand", {"frobnicate"}, nullptr, {}, 2, "frobnicate"},
        Mistake{"UnknownFlag", {"run"}, PlainModel, {"-p", "x", "--frob"}, 2, "--frob"},
        Mistake{"NoModel", {"run", "-p", "x"}, nullptr, {}, 2, "FILE"},
        Mistake{"NotANumber", {"run"}, PlainModel, {"-p", "x", "--top-k", "many"}, 2, "--top-k"},
        Mistake{
            "TooManyThreads", {"run"}, PlainModel, {"-p", "x", "--threads", "257"}, 2, "[1 - 256]"},
        Mistake{"NoChunk", {"run"}, PlainModel, {"-p", "x", "--chunk", "0"}, 2, "[1 - 4096]"},
        Mistake{
            "TooLargeAChunk", {"run"}, PlainModel, {"-p", "x", "--chunk", "5000"}, 2, "[1 - 4096]"},
        Mistake{"NoThreads", {"run"}, PlainModel, {"-p", "x", "--threads", "0"}, 2, "--threads"},
        Mistake{"UnknownKv", {"run"}, PlainModel, {"-p", "x", "--kv", "f8"}, 2, "--kv"},
        Mistake{"TwoPrompts", {"run"}, PlainModel, {"-p", "x", "--ids", "1"}, 2, "--ids"},
        Mistake{"BadIds", {"run"}, PlainModel, {"--ids", "1,x"}, 2, "1,x"},
        Mistake{"NegativeId", {"run"}, PlainModel, {"--ids=-1"}, 2, "--ids"},
        Mistake{"HugeId", {"run"}, PlainModel, {"--ids", "99999999999"}, 2, "--ids"},
        Mistake{"IdOutsideTheVocabulary", {"run"}, PlainModel, {"--ids", "1,768"}, 2, "768"},
        Mistake{"EmptyPrompt", {"run"}, PlainModel, {"-p", ""}, 2, "empty"},
        Mistake{"NegativeTemperature",
                {"run"},
                PlainModel,
                {"-p", "x", "--temperature", "-1"},
                2,
                "temperature"},
        Mistake{"TopPAboveOne", {"run"}, PlainModel, {"-p", "x", "--top-p", "2"}, 2, "top"},
        Mistake{"BiasWithoutValue",
                {"run"},
                PlainModel,
                {"-p", "x", "--logit-bias", "3"},
                2,
                "--logit-bias"},
        Mistake{"BiasOutsideTheVocabulary",
                {"run"},
                PlainModel,
                {"-p", "x", "--logit-bias", "768=1"},
                2,
                "768"},
        Mistake{"EmptyStopString", {"run"}, PlainModel, {"-p", "x", "--stop", ""}, 2, "stop"},
        Mistake{"SystemWithoutTemplate",
                {"run"},
                PlainModel,
                {"-p", "x", "--system", "y"},
                2,
                "no chat template"},
        Mistake{
            "SystemWithRaw", {"run"}, ChatModel, {"-p", "x", "--system", "y", "--raw"}, 2, "--raw"},
        Mistake{"SystemRefusedByTheTemplate",
                {"run"},
                StrictModel,
                {"-p", "x", "--system", "y"},
                1,
                "No system messages, please"},
        Mistake{"ContextBeyondTheModels",
                {"run"},
                PlainModel,
                {"-p", "x", "--context", "513"},
                1,
                "at most 512"},
        Mistake{"MissingFile", {"run"}, Missing, {"-p", "x"}, 1, "no such file"},
        Mistake{"AFolder", {"run"}, Folder, {"-p", "x"}, 1, "directory"},
        Mistake{"EmptyFile", {"run"}, Empty, {"-p", "x"}, 3, "empty"},
        Mistake{"APicture", {"info"}, Png, {}, 3, "not a .qfb model"},
        Mistake{"TruncatedInTheHeader",
                {"run"},
                [] { return Truncated(3000); },
                {"-p", "x"},
                3,
                "truncated"},
        Mistake{"TruncatedInTheData",
                {"run"},
                [] { return Truncated(400'000); },
                {"-p", "x"},
                3,
                "short.qfb"},
        Mistake{"TamperedData", {"info"}, Tampered, {"--verify"}, 3, "chunk"},
        Mistake{"TamperedDataAsJson", {"info"}, Tampered, {"--verify", "--json"}, 3, "chunk"},
        Mistake{"Unsigned",
                {"run"},
                PlainModel,
                {"-p", "x", "--require-signature", kWrongKey},
                3,
                "not signed"},
        Mistake{"NotAKey",
                {"run"},
                PlainModel,
                {"-p", "x", "--require-signature", "abc"},
                2,
                "64 hexadecimal"},
        Mistake{"PromptLongerThanTheContext",
                {"run"},
                PlainModel,
                {"-p", "one two three four five", "--context", "4"},
                1,
                "the context holds 4; use --context or shorten it"},
        Mistake{"PromptLongerThanTheModelsContext",
                {"run"},
                PlainModel,
                {"-p", LongText()},
                1,
                "the context holds 512; shorten it"},
        Mistake{"ChatWithoutTemplate", {"chat"}, PlainModel, {}, 3, "--raw"},
        Mistake{"BenchBeyondTheContext",
                {"bench"},
                PlainModel,
                {"--tokens", "500"},
                2,
                "the context holds 512"},
        Mistake{"EvalOfNothing", {"eval"}, PlainModel, {"--text", "/dev/null"}, 2, "too short"},
        Mistake{"EvalOfAMissingText", {"eval"}, PlainModel, {"--text", "/missing"}, 1, "/missing"},
        Mistake{"EvalAgainstNothing",
                {"eval"},
                PlainModel,
                {"--text", QUANTA_TEST_DATA "/hf/llama_tied/config.json", "--against", "/missing"},
                1,
                "/missing"},
        Mistake{"TokenizeNothing", {"tokenize"}, PlainModel, {}, 2, "--text-file"},
        Mistake{"TokenizeTwoThings",
                {"tokenize"},
                PlainModel,
                {"--text", "a", "--decode", "1"},
                2,
                "one of"},
        Mistake{"DecodeUnknownId", {"tokenize"}, PlainModel, {"--decode", "768"}, 2, "768"},
        Mistake{"RenderWithoutTemplate",
                {"render"},
                PlainModel,
                {"--messages", "-"},
                2,
                "standard input"},
        Mistake{"LogitsNowhere",
                {"logits"},
                PlainModel,
                {"--ids", "1", "-o", "/missing/x.npy"},
                1,
                "/missing/x.npy"},
        Mistake{"MemoryBeyondTheModel",
                {"info"},
                PlainModel,
                {"--memory", "--context", "9999"},
                1,
                "at most 512"},
        Mistake{"ContextWithoutMemory", {"info"}, PlainModel, {"--context", "9"}, 2, "--memory"}),
    [](const auto& mistake) { return mistake.param.name; });

TEST(Errors, EvalAgainstAModelWithOtherTokens) {
  const Outcome outcome =
      Quanta({"eval", PlainModel(), "--text", QUANTA_TEST_DATA "/hf/llama_tied/config.json",
              "--against", OtherModel()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("takes the text for other tokens"));
}

TEST(Errors, MessagesThatAreNoConversation) {
  const auto render = [](const std::string& messages) {
    return Quanta({"render", ChatModel(), "--messages", "-"}, messages);
  };
  const std::string deep(100'000, '[');
  const std::string long_role = R"([{"role":")" + std::string(100'000, 'u') + R"(","content":""}])";
  const std::pair<std::string, const char*> mistakes[] = {
      {"", "is not JSON"},
      {"nonsense", "is not JSON"},
      {R"([{"role":"user","content":"x"}] more)", "is not JSON"},
      {"[{\"role\":\"user\",\"content\":\"\xFF\"}]", "is not JSON"},
      {R"([{"role":"user","content":"\ud800"}])", "is not JSON"},
      {deep, "is not JSON"},
      {deep + std::string(deep.size(), ']'), "message 0 needs a role and a content"},
      {"{}", "not a list of messages"},
      {"[]", "not a list of messages"},
      {"[1]", "message 0 needs a role and a content"},
      {R"([{"role":"user"}])", "message 0 needs a role and a content"},
      {R"([{"role":1,"content":""}])", "message 0 needs a role and a content"},
      {R"([{"role":"user","content":"x"},{"role":"tool","content":""}])", "message 1 has the role"},
      {R"([{"role":"a\nb","content":""}])", "message 0 has the role 'a?b'"},
      {long_role, "message 0 has the role 'uuuu"},
      {R"([{"role":"user","content":7}])", "a content that is a JSON number"},
      {R"([{"role":"user","content":null}])", "a content that is null"},
      {R"([{"role":"user","content":[{"type":"text","text":"x"}]}])", "a list of parts"},
  };
  for (const auto& [messages, words] : mistakes) {
    const Outcome outcome = render(messages);
    EXPECT_EQ(outcome.exit_code, 2) << messages.substr(0, 80);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(words)) << messages.substr(0, 80);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_LT(outcome.err.size(), 250u) << outcome.err;
  }
  const Outcome missing = Quanta({"render", ChatModel(), "--messages", Scratch("no_such.json")});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("no_such.json: cannot read: No such file"));
}

TEST(Errors, LongConversationsAreRendered) {
  std::string messages = "[";
  for (int i = 0; i < 20'000; ++i) {
    messages += R"({"role":"user","content":"x","name":"ignored"},)";
  }
  messages.back() = ']';
  const Outcome outcome = Quanta({"render", ChatModel(), "--messages", "-"}, messages);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GT(outcome.out.size(), 20'000u * 2);
}

TEST(Errors, ASignatureByAnotherKeyIsRefusedAndTheRightOneTaken) {
  const std::string copy = Scratch("signed.qfb");
  for (const char* name : {"one", "two"}) {
    ASSERT_EQ(RunProgramFile(QUANTA_CONVERT, {"keygen", Scratch(name)}).exit_code, 0);
  }
  ASSERT_EQ(
      RunProgramFile(QUANTA_CONVERT, {"sign", PlainModel(), "--key", Scratch("one"), "-o", copy})
          .exit_code,
      0);
  const auto info = [&](const std::string& key) {
    return Quanta({"info", copy, "--require-signature", key});
  };
  EXPECT_EQ(info(Scratch("one") + ".pub").exit_code, 0);
  const Outcome wrong = info(Scratch("two") + ".pub");
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_EQ(wrong.out, "");
  EXPECT_THAT(wrong.err, HasSubstr("signed"));
}

TEST(Errors, LogitsLeaveNothingBehind) {
  const std::string path = Scratch("none.npy");
  EXPECT_EQ(Quanta({"logits", PlainModel(), "--ids", "1,768", "-o", path}).exit_code, 2);
  for (const auto& entry : std::filesystem::directory_iterator(Scratch(""))) {
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("none.npy")));
  }
}

TEST(Errors, AFullDeviceIsReported) {
  const Outcome outcome =
      RunProgramFile("/bin/sh", {"-c", std::string(QUANTA_PROGRAM) + " run " + PlainModel() +
                                           " -p x --max-tokens 3 > /dev/full"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("No space left"));
}

TEST(Errors, AReaderThatLeavesEndsTheProgramQuietly) {
  const Outcome outcome = RunProgramFile(
      "/bin/bash", {"-c", "set -o pipefail; " + std::string(QUANTA_PROGRAM) + " run " +
                              PlainModel() + " -p x --ignore-eos --max-tokens 500 | head -c 1"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST(Errors, AClosedOutputDoesNotBecomeTheModelFile) {
  const Outcome outcome = RunProgramFile(
      "/bin/sh",
      {"-c", std::string(QUANTA_PROGRAM) + " run " + PlainModel() + " -p x --max-tokens 3 >&-"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace quanta::cli
