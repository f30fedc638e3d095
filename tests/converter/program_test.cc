// SPDX-License-Identifier: MIT
//
// The program quanta-convert, run as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "converter/json.h"
#include "tests/converter/checkpoint_builder.h"

namespace quanta::converter {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::ReadFile;
using testing::TempFolder;
using testing::TinyLlama;
using testing::WriteFile;

struct Outcome {
  int exit_code;
  std::string out, err;
};

class Program : public ::testing::Test {
 protected:
  /// Runs a shell command line in the test's folder, with $C the program.
  Outcome Run(const std::string& command) const {
    const std::string line = "cd '" + folder_.path() + "' && export C='" QUANTA_CONVERT "' && { " +
                             command + "; } >'" + logs_.File("out") + "' 2>'" + logs_.File("err") +
                             "'";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadFile(logs_.File("out")),
            ReadFile(logs_.File("err"))};
  }

  /// Expects exit code and one line on stderr, and nothing new in the folder.
  void ExpectFailure(const std::string& command, int exit_code, const std::string& text) const {
    const std::vector<std::string> before = folder_.List();
    const Outcome outcome = Run(command);
    EXPECT_EQ(outcome.exit_code, exit_code) << command << "\n" << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(text)) << command;
    EXPECT_TRUE(outcome.err.starts_with("quanta-convert: ")) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "") << command;
    EXPECT_EQ(folder_.List(), before) << command;
  }

  /// A checkpoint whose embedding is `megabytes` of zeros that take no room on disk.
  void WriteLarge(const std::string& name, uint64_t megabytes) const {
    TinyLlama tiny;
    tiny.config["tie_word_embeddings"] = true;
    tiny.config["hidden_size"] = 1024;
    tiny.config["vocab_size"] = megabytes << 8;
    tiny.config["intermediate_size"] = 8;
    tiny.config["num_hidden_layers"] = 1;
    tiny.config["head_dim"] = 2;
    const std::string path = folder_.File(name);
    Json header;
    uint64_t end = 0;
    const auto add = [&](const std::string& tensor, std::vector<uint64_t> shape) {
      uint64_t bytes = 4;
      for (const uint64_t extent : shape) bytes *= extent;
      header[tensor] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {end, end + bytes}}};
      end += bytes;
    };
    const std::string layer = "model.layers.0.";
    add("model.embed_tokens.weight", {megabytes << 8, 1024});
    add(layer + "input_layernorm.weight", {1024});
    add(layer + "self_attn.q_proj.weight", {4, 1024});
    add(layer + "self_attn.k_proj.weight", {2, 1024});
    add(layer + "self_attn.v_proj.weight", {2, 1024});
    add(layer + "self_attn.o_proj.weight", {1024, 4});
    add(layer + "post_attention_layernorm.weight", {1024});
    add(layer + "mlp.gate_proj.weight", {8, 1024});
    add(layer + "mlp.up_proj.weight", {8, 1024});
    add(layer + "mlp.down_proj.weight", {1024, 8});
    add("model.norm.weight", {1024});
    const std::string text = header.dump();
    const uint64_t length = text.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    std::filesystem::create_directories(path);
    WriteFile(path + "/config.json", tiny.config.dump());
    WriteFile(path + "/model.safetensors", bytes + text);
    std::filesystem::resize_file(path + "/model.safetensors", 8 + text.size() + end);
  }

  TempFolder folder_;
  TempFolder logs_;
};

TEST_F(Program, ConvertsAFolderAndReports) {
  const Outcome outcome = Run("$C " QUANTA_TEST_DATA "/hf/llama_tied -o m.qfb --quant f32");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("m.qfb (llama, f32)"));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(Run("$C verify m.qfb").out, "m.qfb: ok\n");
}

TEST_F(Program, NamesTheOutputAfterTheFolder) {
  EXPECT_EQ(Run("$C " QUANTA_TEST_DATA "/hf/llama_tied/ --quiet").exit_code, 0);
  EXPECT_EQ(folder_.List(), std::vector<std::string>{"llama_tied.qfb"});
}

TEST_F(Program, ConvertsQuantaTissuFilesWithWhatTheyDoNotSay) {
  const std::string data = QUANTA_TEST_DATA "/quantatissu/";
  const Outcome outcome = Run("$C " + data + "by_name/model.npz --heads 4 --context 64 " +
                              "--tokenizer " + data + "by_name/tok");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("model.qfb (quantatissu, f16)"));
  EXPECT_THAT(outcome.out, HasSubstr("320 tokens"));
  EXPECT_EQ(Run("$C " + data + "core_mqa_lora/checkpoint_epoch_3.pt --no-tokenizer -q").exit_code,
            0);
  EXPECT_EQ(folder_.List(), (std::vector<std::string>{"checkpoint_epoch_3.qfb", "model.qfb"}));

  ExpectFailure("$C " + data + "by_name/model.npz", 2, "add --heads N");
  ExpectFailure("$C " + data + "by_name/model.npz --heads 0", 2, "--heads");
  ExpectFailure("$C " + data + "by_name/model.npz --heads 4 --pre-tokenizer x --tokenizer y", 2,
                "unknown --pre-tokenizer x");
  ExpectFailure("$C " + data + "core/final_model.pt --heads 4", 1, "add --tokenizer PREFIX");
  ExpectFailure("$C " QUANTA_TEST_DATA "/hf/llama_tied --heads 4", 2, "--heads is of no use");
}

TEST_F(Program, TheOldQuantaTissuFileIsConvertedWithALoudNote) {
  const Outcome outcome = Run("$C " QUANTA_TEST_DATA
                              "/quantatissu/unqualified/quanta_tissu.npz --heads 2 --no-tokenizer");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("note           WEIGHTS ARE MISSING: "));
}

TEST_F(Program, QuietSaysNothingAndJsonIsJson) {
  const Outcome quiet = Run("$C " QUANTA_TEST_DATA "/hf/llama_tied -o m.qfb --quiet");
  EXPECT_EQ(quiet.out + quiet.err, "");
  const Json report =
      ParseJson(Run("$C " QUANTA_TEST_DATA "/hf/llama_tied -o m.qfb --json").out, "report");
  EXPECT_EQ(report["scheme"], "f16");
  const Json inspected = ParseJson(Run("$C inspect m.qfb --json --tensors").out, "inspect");
  EXPECT_EQ(inspected["architecture"]["hidden"], 64);
  EXPECT_EQ(inspected["tensors"].size(), report["tensors"].size());
}

TEST_F(Program, CalibratesByATextAndSaysWhatItWasGoodFor) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "the " + std::to_string(i * i % 97) + "th river ran, ";
  WriteFile(folder_.File("book.txt"), text);
  const std::string convert = "$C " QUANTA_TEST_DATA "/hf/qwen2 -o m.qfb --quant q4";
  const Outcome outcome = Run(convert + " --calibrate book.txt");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("m.qfb (qwen2, q4, calibrated)"));
  EXPECT_THAT(outcome.out, HasSubstr("\ncalibration    "));
  EXPECT_THAT(outcome.out, HasSubstr(" sequences of 512 tokens; error of their outputs "));
  EXPECT_EQ(Run("$C verify m.qfb").out, "m.qfb: ok\n");
  const std::string calibrated = ReadFile(folder_.File("m.qfb"));

  const Json report = Json::parse(Run(convert + " --calibrate book.txt --json").out);
  EXPECT_EQ(ReadFile(folder_.File("m.qfb")), calibrated) << "the same input, other bytes";
  size_t matrices = 0;
  for (const Json& tensor : report["tensors"]) {
    EXPECT_EQ(tensor.contains("output_error"), tensor["scheme"] == "q4") << tensor;
    if (!tensor.contains("output_error")) continue;
    ++matrices;
    EXPECT_LT(tensor["output_error"], tensor["rounding_output_error"]) << tensor;
  }
  EXPECT_EQ(matrices, 22u);  // seven of each of three layers, and the embedding, which is the head
  EXPECT_EQ(Run(convert).exit_code, 0);
  EXPECT_EQ(ReadFile(folder_.File("m.qfb")).size(), calibrated.size());
  EXPECT_NE(ReadFile(folder_.File("m.qfb")), calibrated);
}

TEST_F(Program, TextsThatCannotCalibrateAreOneLine) {
  const std::string convert = "$C " QUANTA_TEST_DATA "/hf/llama_tied -o m.qfb ";
  WriteFile(folder_.File("empty"), "");
  WriteFile(folder_.File("short"), "once");
  WriteFile(folder_.File("binary"), "once\x80upon");
  ExpectFailure(convert + "--quant q4 --calibrate nowhere", 1, "nowhere: ");
  ExpectFailure(convert + "--quant q4 --calibrate empty", 3, "empty: ");
  ExpectFailure(convert + "--quant q4 --calibrate binary", 3, "binary: byte 4 is not UTF-8");
  ExpectFailure(convert + "--quant q4 --calibrate short", 2, "short: the text is too short");
  ExpectFailure(convert + "--quant q8 --calibrate short", 2,
                "--calibrate has nothing to do: no matrix that multiplies is stored as q4");
  ExpectFailure(convert + "--quant q4 --no-tokenizer --calibrate short", 2,
                "--calibrate needs the tokenizer; leave out --no-tokenizer");
  ExpectFailure(convert + "--to gguf --calibrate short", 2,
                "only a .qfb is calibrated; leave out --calibrate");
  TinyLlama tiny;
  tiny.tokenizer = false;
  tiny.Write(folder_.File("ckpt"));
  ExpectFailure("$C ckpt -o m.qfb --quant q4 --calibrate short", 1, "tokenizer.json");
}

TEST_F(Program, InspectShowsACompressedSignedModel) {
  const Outcome made =
      Run("$C keygen k && $C " QUANTA_TEST_DATA
          "/hf/llama3_rope -o m.qfb --sign k --compress --quiet && $C inspect m.qfb --tensors");
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("once decompressed"));
  EXPECT_THAT(made.out, HasSubstr("signature        by "));
  EXPECT_THAT(made.out, HasSubstr("model.layers.2.mlp.down_proj.weight"));
}

TEST_F(Program, SignsVerifiesCompressesAndRestores) {
  const Outcome outcome = Run("set -e; $C " QUANTA_TEST_DATA
                              "/hf/llama_tied -o m.qfb --quiet; $C keygen k; $C keygen other; "
                              "$C sign m.qfb --key k -o s.qfb; $C verify s.qfb --key k.pub; "
                              "$C compress s.qfb -o c.qfb; $C verify c.qfb --key k.pub; "
                              "$C decompress c.qfb -o d.qfb; cmp s.qfb d.qfb");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  ExpectFailure("$C verify s.qfb --key other.pub", 3, "s.qfb");
  ExpectFailure("$C verify m.qfb --key k.pub", 3, "m.qfb");
  ExpectFailure("$C keygen k", 2, "k");
  ExpectFailure("$C compress c.qfb -o e.qfb", 2, "compressed already");
  ExpectFailure("$C sign c.qfb --key k -o e.qfb", 3, "compressed");
}

TEST_F(Program, ATamperedByteDoesNotVerify) {
  Run("$C " QUANTA_TEST_DATA "/hf/llama_tied -o m.qfb --quiet");
  std::string bytes = ReadFile(folder_.File("m.qfb"));
  for (const size_t at : {size_t{100}, bytes.size() - 100}) {
    std::string changed = bytes;
    changed[at] ^= 1;
    WriteFile(folder_.File("m.qfb"), changed);
    ExpectFailure("$C verify m.qfb", 3, "m.qfb: ");
  }
  WriteFile(folder_.File("m.qfb"), bytes.substr(0, bytes.size() / 2));
  ExpectFailure("$C verify m.qfb", 3, "m.qfb: ");
}

TEST_F(Program, UsageErrorsAreOneLineAndTwo) {
  ExpectFailure("$C", 2, "no checkpoint given; see quanta-convert --help");
  ExpectFailure("$C x --quant f64", 2, "unknown --quant f64; use f32, f16, q8 or q4");
  ExpectFailure("$C x --embed q5", 2, "unknown --embed q5; use f32, f16, q8 or q4");
  ExpectFailure("$C x --head int8", 2, "unknown --head int8; use f32, f16, q8 or q4");
  ExpectFailure("$C x --to hf --quant q4", 2, "unknown --quant q4 for this target");
  ExpectFailure("$C x --quant-for down", 2, "--quant-for down is not PATTERN=SCHEME");
  ExpectFailure("$C x --quant-for =q8", 2, "is not PATTERN=SCHEME");
  ExpectFailure("$C x --quant-for down=q5", 2, "unknown --quant-for q5; use f32, f16, q8 or q4");
  ExpectFailure("$C x --to hf --quant-for down=q8", 2, "only a .qfb stores some matrices");
  ExpectFailure("$C x --to hf --embed q8", 2, "leave out --embed and --head");
  ExpectFailure("$C x --no-such-flag", 2, "no-such-flag");
  ExpectFailure("$C x y", 2, "see quanta-convert --help");
  ExpectFailure("$C sign m.qfb", 2, "--key");
  ExpectFailure("$C inspect", 2, "FILE");
}

TEST_F(Program, HelpAndVersionGoToStdout) {
  const Outcome help = Run("$C --help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("--quant"));
  EXPECT_THAT(help.out, HasSubstr("inspect"));
  EXPECT_THAT(help.out, HasSubstr("--embed"));
  EXPECT_THAT(Run("$C --version").out, HasSubstr("quanta-convert "));
}

TEST_F(Program, BadInputsAreOneLineAndThree) {
  TinyLlama().Write(folder_.File("ckpt"));
  ExpectFailure("$C nowhere", 1, "nowhere: no such file or folder");
  ExpectFailure("$C inspect nowhere", 1, "nowhere: ");
  WriteFile(folder_.File("cat.png"), "\x89PNG\r\n\x1a\n....");
  ExpectFailure("$C cat.png", 3, "cat.png: looks like a PNG image");
  ExpectFailure("$C inspect cat.png", 3, "not a Quanta model: it looks like a PNG image");
  ExpectFailure("$C verify ckpt", 1, "ckpt: ");

  std::string weights = ReadFile(folder_.File("ckpt/model.safetensors"));
  WriteFile(folder_.File("ckpt/model.safetensors"), weights.substr(0, weights.size() - 7));
  ExpectFailure("$C ckpt", 3,
                "ckpt/model.safetensors: truncated: " + std::to_string(weights.size() - 7) +
                    " of " + std::to_string(weights.size()) + " bytes");
  WriteFile(folder_.File("ckpt/model.safetensors"), weights);
  ExpectFailure("$C ckpt -o none/m.qfb", 1, "none");
  ExpectFailure("$C ckpt -o cat.png", 2, "exists and looks like a PNG image");
  ExpectFailure("$C ckpt -o ckpt", 2, "is a folder");
}

TEST_F(Program, AFullDeviceLeavesNothing) {
  TinyLlama().Write(folder_.File("ckpt"));
  ExpectFailure("(ulimit -f 16; exec $C ckpt -o m.qfb)", 1, "m.qfb: ");
  ExpectFailure("(ulimit -f 16; exec $C ckpt -o m.qfb --compress)", 1, "m.qfb");
}

/// Starts the program and sends it `signal` once `ready` holds. Returns its status.
int RunAndSignal(const std::vector<std::string>& arguments, const std::string& log, int signal,
                 const std::function<bool()>& ready) {
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    std::freopen(log.c_str(), "w", stderr);
    execv(QUANTA_CONVERT, argv.data());
    _exit(99);
  }
  int status = 0;
  for (int i = 0; i < 30'000; ++i) {
    if (ready()) {
      kill(child, signal);
      break;
    }
    if (waitpid(child, &status, WNOHANG) == child) return status;  // done too early
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  waitpid(child, &status, 0);
  return status;
}

TEST_F(Program, AnInterruptedConversionLeavesNothing) {
  WriteLarge("ckpt", 256);
  const std::vector<std::string> before = folder_.List();
  for (const bool compress : {false, true}) {
    for (const int signal : {SIGINT, SIGTERM}) {
      std::vector<std::string> arguments = {"quanta-convert",
                                            folder_.File("ckpt"),
                                            "-o",
                                            folder_.File("m.qfb"),
                                            "--quant",
                                            "f32",
                                            "--no-tokenizer",
                                            "--quiet"};
      if (compress) arguments.push_back("--compress");
      const int status = RunAndSignal(arguments, logs_.File("err"), signal, [&] {
        return folder_.List() != before;  // the temporary file is there
      });
      ASSERT_TRUE(WIFEXITED(status));
      EXPECT_EQ(WEXITSTATUS(status), 130);
      EXPECT_EQ(ReadFile(logs_.File("err")), "quanta-convert: interrupted; nothing was written\n");
      EXPECT_EQ(folder_.List(), before);
    }
  }
}

TEST_F(Program, MemoryStaysFarBelowTheLargestTensor) {
  WriteLarge("ckpt", 192);
  const Outcome outcome = Run("$C ckpt -o m.qfb --quant f16 --no-tokenizer --no-self-test --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json report = ParseJson(outcome.out, "report");
  EXPECT_GT(report["source_bytes"], 192u << 20);
  // 12 MiB in an optimised build; sanitizers take more.
  EXPECT_LT(report["peak_bytes"], 96u << 20);
}

}  // namespace
}  // namespace quanta::converter
