// SPDX-License-Identifier: MIT
#include "runtime/cli/options.h"

#include <random>

#include "runtime/cli/error.h"
#include "runtime/cli/input.h"

namespace quanta::cli {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::vector<uint8_t>> FromHex(const std::string& text) {
  if (text.size() != 64) return std::nullopt;
  std::vector<uint8_t> bytes(32);
  for (size_t i = 0; i < text.size(); ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] * 16 + digit);
  }
  return bytes;
}

/// "123=-1.5"
SamplingOptions::Bias ParseBias(const std::string& text) {
  const size_t equals = text.find('=');
  try {
    if (equals == std::string::npos) throw std::invalid_argument("no =");
    const std::vector<int32_t> ids = ParseIds(text.substr(0, equals), "--logit-bias");
    const std::string number = text.substr(equals + 1);
    size_t used = 0;
    const float value = std::stof(number, &used);
    if (ids.size() != 1 || used != number.size()) throw std::invalid_argument("not a number");
    return {ids[0], value};
  } catch (const std::exception&) {
    throw Error(Code::kInvalidArgument, "--logit-bias", "'" + text + "' is not ID=VALUE",
                "write it like 123=-2.5");
  }
}

}  // namespace

std::vector<uint8_t> ReadPublicKey(const std::string& text) {
  if (auto key = FromHex(text)) return *key;
  std::string contents;
  try {
    contents = ReadText(text);
  } catch (const Error& error) {
    throw Error(Code::kInvalidArgument, "--require-signature",
                "'" + text + "' is neither 64 hexadecimal digits nor a file that can be read");
  }
  while (!contents.empty() && (contents.back() == '\n' || contents.back() == '\r')) {
    contents.pop_back();
  }
  if (auto key = FromHex(contents)) return *key;
  throw Error(Code::kInvalidArgument, text, "is not a public key: a line of 64 hexadecimal digits",
              "quanta-convert keygen makes one");
}

void ModelOptions::Define(CLI::App* command) {
  command->add_option("FILE", path, "The model, a .qfb file")->required();
  command->add_option("--require-signature", require_signature,
                      "Refuse a file that is not signed with this public key (64 hexadecimal "
                      "digits, or a file with them)");
}

Model ModelOptions::Open() const {
  std::vector<uint8_t> key;
  if (!require_signature.empty()) key = ReadPublicKey(require_signature);
  OpenOptions options;
  options.require_signature = key;
  ErrorDetail detail;
  Result<Model> model = Model::Open(path.c_str(), options, &detail);
  const bool foreign = std::string_view(model.status().what()).starts_with("not a .qfb");
  const char* hint = foreign ? "quanta-convert makes such files" : "";
  return Value(std::move(model), detail, path, hint);
}

const std::vector<std::string> kKvNames = {"int8", "f16", "f32"};

KvType KvOf(const std::string& name) {
  if (name == "int8") return KvType::kInt8;
  return name == "f32" ? KvType::kF32 : KvType::kF16;
}

void ContextOptions::Define(CLI::App* command) {
  command->add_option("--context", context, "Tokens that the session can hold")
      ->check(CLI::PositiveNumber);
  command->add_option("--kv", kv, "How keys and values are kept: int8, f16 or f32")
      ->check(CLI::IsMember(kKvNames))
      ->capture_default_str();
  command
      ->add_option("--chunk", chunk,
                   "Tokens of the prompt that are processed together; default: 64, with AMX 128")
      ->check(CLI::Range(uint32_t{1}, SessionOptions::kMaxChunk));
  command
      ->add_option("--threads", threads,
                   "Threads; default: the usable cores, of several kinds the fast ones")
      ->check(CLI::Range(1, SessionOptions::kMaxThreads));
}

SessionOptions ContextOptions::Options() const {
  SessionOptions options;
  options.context = context;
  options.chunk = chunk;
  options.kv = KvOf(kv);
  options.threads = threads;
  return options;
}

void SampleOptions::Define(CLI::App* command) {
  command->add_option("--temperature", temperature, "How freely to choose; 0 is --greedy")
      ->capture_default_str();
  command->add_option("--top-k", top_k, "Choose among the K likeliest; 0: all")
      ->capture_default_str();
  command->add_option("--top-p", top_p, "Choose among the likeliest that sum up to P")
      ->capture_default_str();
  command->add_option("--min-p", min_p, "Leave out what is less than P times as likely as the best")
      ->capture_default_str();
  command->add_option("--repeat-penalty", repeat_penalty, "Above 1: avoid what was said recently")
      ->capture_default_str();
  command->add_option("--logit-bias", logit_bias, "ID=VALUE: add VALUE to a token's logit")
      ->allow_extra_args(false);
  command->add_option("--seed", seed, "The same seed gives the same text; default: by chance");
  command->add_flag("--greedy", greedy, "Always take the likeliest token");
  command->add_option("--max-tokens", max_tokens, "Stop after this many tokens")
      ->capture_default_str();
  command->add_option("--stop", stops, "Stop before this text appears; may be repeated")
      ->allow_extra_args(false);
  command->add_flag("--ignore-eos", ignore_eos, "Go on where the model would end");
}

GenerateOptions SampleOptions::Options(Storage* storage) const {
  for (const std::string& text : logit_bias) storage->bias.push_back(ParseBias(text));
  storage->stops.assign(stops.begin(), stops.end());
  GenerateOptions options;
  options.sampling.temperature = greedy ? 0 : temperature;
  options.sampling.top_k = top_k;
  options.sampling.top_p = top_p;
  options.sampling.min_p = min_p;
  options.sampling.repetition_penalty = repeat_penalty;
  options.sampling.logit_bias = storage->bias;
  options.sampling.seed = seed ? *seed : std::random_device()();
  options.max_tokens = max_tokens;
  options.stops = storage->stops;
  options.ignore_stop_tokens = ignore_eos;
  return options;
}

}  // namespace quanta::cli
