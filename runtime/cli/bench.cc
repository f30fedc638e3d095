// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/json.h"
#include "runtime/cli/live_session.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/profile.h"

namespace quanta::cli {
namespace {

/// FNV-1a, 64 bits: to see whether two measurements computed the same.
class Fingerprint {
 public:
  template <class T>
  void Add(const T& value) {
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    for (const unsigned char byte : bytes) hash_ = (hash_ ^ byte) * 0x100000001b3u;
  }
  std::string Text() const {
    unsigned char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(hash_ >> (56 - 8 * i));
    return Hex(bytes, 8);
  }
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;

 private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Scattered over the vocabulary, the same for every run and machine.
std::vector<int32_t> PromptIds(const Tokenizer& tokenizer, size_t count) {
  std::vector<int32_t> ids;
  uint64_t state = 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    ids.push_back(static_cast<int32_t>((state >> 33) % tokenizer.vocab()));
  }
  return ids;
}

class BenchCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    command->add_option("--prompt-tokens", prompt_tokens_, "Length of the prompt")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--tokens", tokens_, "Tokens to generate")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--runs", runs_, "Runs, of which the medians are reported")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_flag("--profile", profile_,
                      "One more run, by part of the forward pass: time, bytes and operations "
                      "beside what this machine can do; a table goes to standard error");
    context_options_.Define(command);
    command->footer("Prints one JSON object. Equal hashes: equal results, bit for bit.");
  }

  int Run() {
    const Stopwatch start;
    const Model model = model_options_.Open();
    const double loaded = start.Seconds();
    LiveSession live(model, Planned(model), model_options_.path);
    const std::vector<int32_t> prompt = PromptIds(model.tokenizer(), prompt_tokens_);

    std::vector<double> prefill, decode;
    double first = 0;
    Fingerprint hash;
    for (uint32_t run = 0; run < runs_; ++run) {
      const Measured measured = RunOnce(live, prompt);
      if (run == 0) {
        first = loaded + measured.prefill;
        hash = measured.hash;
      } else if (!(measured.hash == hash)) {
        throw Error(Code::kInternal, model_options_.path, "two runs gave different results");
      }
      prefill.push_back(Rate(prompt_tokens_, measured.prefill));
      decode.push_back(Rate(tokens_, measured.decode));
    }
    Json report = {{"prefill_tokens_per_second", Median(prefill)},
                   {"decode_tokens_per_second", Median(decode)},
                   {"load_seconds", loaded},
                   {"first_token_seconds", first},
                   {"peak_rss_bytes", platform::PeakResidentBytes()},
                   {"session_bytes", live.bytes()},
                   {"bytes_per_token", model.info().decode_bytes},
                   {"threads", live.session().threads()},
                   {"isa", model.info().kernels},
                   {"kv", context_options_.kv},
                   {"chunk", live.session().chunk()},
                   {"prompt_tokens", prompt_tokens_},
                   {"tokens", tokens_},
                   {"runs", runs_}};
    report["hash"] = hash.Text();
    if (profile_) report["profile"] = MeasureProfile(model, live, prompt);
    report["model"] = ModelFacts(model);
    WriteJson(report);
    return 0;
  }

 private:
  struct Measured {
    double prefill = 0, decode = 0;
    Fingerprint hash;
  };

  SessionOptions Planned(const Model& model) const {
    SessionOptions options = context_options_.Options();
    const uint64_t needed = uint64_t{prompt_tokens_} + tokens_;
    const uint32_t limit = options.context != 0 ? options.context : model.info().context;
    if (needed > limit) {
      throw Error(Code::kInvalidArgument, "",
                  std::to_string(needed) + " tokens were asked for, the context holds " +
                      std::to_string(limit),
                  "lower --prompt-tokens or --tokens");
    }
    if (options.context == 0) options.context = static_cast<uint32_t>(needed);
    return options;
  }

  std::span<const float> FeedOrThrow(Session& session, std::span<const int32_t> ids,
                                     Profile* profile = nullptr) const {
    Session::FeedHooks hooks;
    if (profile != nullptr) profile->Install(&hooks);
    hooks.proceed = [](void*, size_t, size_t) { return !Interrupted(); };
    ErrorDetail detail;
    auto logits = session.Feed(ids, hooks, &detail);
    if (logits.status().code() == Code::kCancelled) {
      throw Error(Code::kCancelled, "", "interrupted");
    }
    return Value(std::move(logits), detail, model_options_.path);
  }

  /// Runs once more, watched.
  Json MeasureProfile(const Model& model, LiveSession& live,
                      const std::vector<int32_t>& prompt) const {
    const size_t read =
        std::clamp<size_t>(static_cast<size_t>(model.info().decode_bytes), kLeastRead, kMostRead);
    const Ceiling ceiling = MeasureCeiling(model, read, live.session().threads());
    Profile prefill, decode;
    RunOnce(live, prompt, &prefill, &decode);
    std::fputs(ProfileText("prefill", prefill, ceiling).c_str(), stderr);
    std::fputs(ProfileText("decode", decode, ceiling).c_str(), stderr);
    return {{"read_gb_s", ceiling.read_gb_s},
            {"int8_gops", ceiling.int8_gops},
            {"prefill", ProfileJson(prefill, ceiling)},
            {"decode", ProfileJson(decode, ceiling)}};
  }

  Measured RunOnce(LiveSession& live, const std::vector<int32_t>& prompt,
                   Profile* prefill = nullptr, Profile* decode = nullptr) const {
    Session& session = live.session();
    Check(session.Truncate(0), ErrorDetail(), model_options_.path);
    Measured measured;
    const Stopwatch feeding;
    std::span<const float> last = FeedOrThrow(session, prompt, prefill);
    measured.prefill = feeding.Seconds();
    const SamplingOptions greedy;
    ErrorDetail detail;
    const Stopwatch answering;
    for (uint32_t i = 0; i < tokens_; ++i) {
      const int32_t id = Value(session.Sample(greedy, &detail), detail, model_options_.path);
      measured.hash.Add(id);
      last = FeedOrThrow(session, {&id, 1}, decode);
    }
    measured.decode = answering.Seconds();
    // Ids hide small differences; logits show every one.
    for (const float logit : last) measured.hash.Add(logit);
    return measured;
  }

  /// What the probe reads: the bytes of a token's weights, within reason.
  static constexpr size_t kLeastRead = size_t{1} << 20, kMostRead = size_t{1} << 29;

  ModelOptions model_options_;
  ContextOptions context_options_;
  bool profile_ = false;
  uint32_t prompt_tokens_ = 128, tokens_ = 64, runs_ = 5;
};

}  // namespace

void AddBench(CLI::App& app, Action* action) {
  AddCommand<BenchCommand>(app, action, "bench", "Measure speed and memory");
}

}  // namespace quanta::cli
