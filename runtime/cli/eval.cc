// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/json.h"
#include "runtime/cli/likelihood.h"
#include "runtime/cli/live_session.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/output.h"
#include "runtime/cli/progress.h"
#include "runtime/cli/prompt.h"

namespace quanta::cli {
namespace {

constexpr uint32_t kUsualContext = 2048;

/// A model that reads a text.
class Reader {
 public:
  Reader(const Model& model, const SessionOptions& options, const std::string& place)
      : live_(model, options, place), place_(place), vocab_(model.info().vocab) {}

  /// Tokens that Read may take; the same for models on one machine.
  uint32_t chunk() { return live_.session().chunk(); }

  void StartOver() { Check(live_.session().Truncate(0), ErrorDetail(), place_); }

  /// Reads at most a chunk of tokens.
  void Read(std::span<const int32_t> ids) {
    Session::FeedHooks hooks;
    hooks.context = this;
    hooks.proceed = [](void*, size_t, size_t) { return !Interrupted(); };
    hooks.on_logits = [](void* self, size_t, std::span<const float> logits) {
      static_cast<Reader*>(self)->logits_ = logits;
    };
    ErrorDetail detail;
    const auto result = live_.session().Feed(ids, hooks, &detail);
    if (result.status().code() == Code::kCancelled) {
      throw Error(Code::kCancelled, "", "interrupted");
    }
    Check(result.status(), detail, place_);
  }

  /// What follows each token of the last Read.
  std::span<const float> Row(size_t row) const { return logits_.subspan(row * vocab_, vocab_); }

 private:
  LiveSession live_;
  const std::string& place_;
  size_t vocab_;
  std::span<const float> logits_;
};

/// Sums over predicted tokens.
struct Totals {
  size_t tokens = 0;
  double nll = 0;
  // Beside another model:
  double other_nll = 0, divergence = 0;
  size_t agreed = 0;

  double MeanOf(double sum) const { return sum / static_cast<double>(tokens); }

  void Add(std::span<const float> row, int32_t id) {
    ++tokens;
    nll += NegativeLogLikelihood(row, id);
  }
  void Compare(std::span<const float> row, std::span<const float> other, int32_t id) {
    other_nll += NegativeLogLikelihood(other, id);
    divergence += Divergence(other, row);
    agreed += Likeliest(row) == Likeliest(other) ? 1 : 0;
  }
};

class EvalCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    command->add_option("--text", text_, "The file to predict; -: the standard input")->required();
    command
        ->add_option("--stride", stride_,
                     "Tokens by which the context moves on; default: half the context")
        ->check(CLI::PositiveNumber);
    command->add_option("--against", against_,
                        "Compare with this model of the same tokens, taken for the truth: it keeps "
                        "keys and values in f32");
    command->add_flag("--json", json_, "Print a JSON object");
    context_options_.Define(command);
    command->footer(
        "Predicts each token of the text but the first from those before it. The context moves "
        "over a longer text in steps, so that all but the first context's tokens are predicted "
        "from at least (context - stride) others.");
  }

  int Run() {
    const std::string text = ReadText(text_);
    const Model model = model_options_.Open();
    const std::vector<int32_t> ids = EncodeText(model, text, {}, model_options_.path);
    if (ids.size() < 2) {
      throw Error(Code::kInvalidArgument, text_,
                  "the text is too short: it has " + std::to_string(ids.size()) + " tokens",
                  "two are needed");
    }
    const std::optional<Model> other = OpenOther(text, ids);
    const Stopwatch watch;
    SessionOptions options = Planned(model, other, ids.size());
    Reader reader(model, options, model_options_.path);
    std::optional<Reader> truth;
    if (other) {
      SessionOptions exact = options;
      exact.kv = KvType::kF32;
      truth.emplace(*other, exact, against_);
    }
    const Totals totals = Sum(reader, truth ? &*truth : nullptr, ids, options);
    Report(totals, text.size(), options.context, watch.Seconds());
    return 0;
  }

 private:
  /// The model to compare with, which must take the text for the same tokens.
  std::optional<Model> OpenOther(const std::string& text, const std::vector<int32_t>& ids) const {
    if (against_.empty()) return std::nullopt;
    ModelOptions options = model_options_;
    options.path = against_;
    Model other = options.Open();
    if (EncodeText(other, text, {}, against_) == ids) return other;
    throw Error(Code::kInvalidArgument, against_,
                "takes the text for other tokens than " + model_options_.path,
                "compare models with the same tokenizer");
  }

  SessionOptions Planned(const Model& model, const std::optional<Model>& other,
                         size_t tokens) const {
    uint32_t limit = model.info().context;
    if (other) {
      if (other->info().vocab != model.info().vocab) {
        throw Error(Code::kInvalidArgument, against_,
                    "has logits for " + std::to_string(other->info().vocab) + " tokens, " +
                        model_options_.path + " for " + std::to_string(model.info().vocab),
                    "compare models with the same vocabulary");
      }
      limit = std::min(limit, other->info().context);
    }
    SessionOptions options = context_options_.Options();
    if (options.context == 0) options.context = std::min(limit, kUsualContext);
    options.context =
        static_cast<uint32_t>(std::min<size_t>(options.context, std::max<size_t>(tokens, 1)));
    options.all_logits = true;
    return options;
  }

  uint32_t Stride(uint32_t context) const {
    return std::min(context, stride_ != 0 ? stride_ : std::max(context / 2, 1u));
  }

  Totals Sum(Reader& reader, Reader* truth, std::span<const int32_t> ids,
             const SessionOptions& options) const {
    Totals totals;
    Progress progress("predicting");
    size_t scored = 1;  // nothing predicts the first token
    for (size_t begin = 0; scored < ids.size(); begin += Stride(options.context)) {
      const size_t end = std::min(begin + options.context, ids.size());
      reader.StartOver();
      if (truth != nullptr) truth->StartOver();
      for (size_t at = begin; at < end; at += reader.chunk()) {
        const size_t rows = std::min<size_t>(reader.chunk(), end - at);
        reader.Read(ids.subspan(at, rows));
        if (truth != nullptr) truth->Read(ids.subspan(at, rows));
        for (size_t row = 0; row < rows; ++row) {
          const size_t target = at + row + 1;
          if (target < scored || target >= ids.size()) continue;
          totals.Add(reader.Row(row), ids[target]);
          if (truth != nullptr) totals.Compare(reader.Row(row), truth->Row(row), ids[target]);
        }
        progress.Show(totals.tokens, ids.size() - 1);
      }
      scored = end + 1;
    }
    return totals;
  }

  void Report(const Totals& totals, size_t bytes, uint32_t context, double seconds) const {
    const double perplexity = std::exp(totals.MeanOf(totals.nll));
    const double bits = totals.nll / std::numbers::ln2 / static_cast<double>(bytes);
    Json report = {{"perplexity", perplexity},  {"bits_per_byte", bits},
                   {"tokens", totals.tokens},   {"bytes", bytes},
                   {"nll", totals.nll},         {"context", context},
                   {"stride", Stride(context)}, {"kv", context_options_.kv},
                   {"seconds", seconds}};
    char text[256];
    std::snprintf(text, sizeof(text),
                  "perplexity     %.4f\nbits per byte  %.4f\ntokens         %zu\n"
                  "bytes          %zu\ncontext        %u, moved by %u\n",
                  perplexity, bits, totals.tokens, bytes, context, Stride(context));
    std::string lines = text;
    if (!against_.empty()) {
      const double other = std::exp(totals.MeanOf(totals.other_nll));
      const double agreed = totals.MeanOf(static_cast<double>(totals.agreed));
      const double divergence = totals.MeanOf(totals.divergence);
      report["against"] = {
          {"perplexity", other}, {"top1_agreement", agreed}, {"mean_divergence", divergence}};
      std::snprintf(text, sizeof(text),
                    "against        perplexity %.4f, same likeliest token %.2f %%, "
                    "KL divergence %.6f\n",
                    other, agreed * 100, divergence);
      lines += text;
    }
    json_ ? WriteJson(report) : Write(lines);
  }

  ModelOptions model_options_;
  ContextOptions context_options_;
  std::string text_, against_;
  uint32_t stride_ = 0;
  bool json_ = false;
};

}  // namespace

void AddEval(CLI::App& app, Action* action) {
  AddCommand<EvalCommand>(app, action, "eval", "Measure how well a model predicts a text");
}

}  // namespace quanta::cli
