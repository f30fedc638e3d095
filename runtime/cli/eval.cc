// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>
#include <vector>

#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/json.h"
#include "runtime/cli/live_session.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/output.h"
#include "runtime/cli/prompt.h"

namespace quanta::cli {
namespace {

constexpr uint32_t kUsualContext = 2048;

/// -log of the probability that softmax(logits) gives `id`.
double NegativeLogLikelihood(std::span<const float> logits, int32_t id) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - top);
  return top + std::log(sum) - static_cast<double>(logits[static_cast<size_t>(id)]);
}

class EvalCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    command->add_option("--text", text_, "The file to predict; -: the standard input")->required();
    command
        ->add_option("--stride", stride_,
                     "Tokens by which the context moves on; default: half the context")
        ->check(CLI::PositiveNumber);
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
    const Stopwatch watch;
    const SessionOptions options = Planned(model, ids.size());
    LiveSession live(model, options, model_options_.path);
    const double total = Sum(live, ids, options.context);
    Report({ids.size() - 1, text.size(), total, options.context, Stride(options.context),
            watch.Seconds()});
    return 0;
  }

 private:
  struct Totals {
    size_t tokens, bytes;
    double nll;
    uint32_t context, stride;
    double seconds;
  };

  /// Adds up the rows of one context.
  struct Window {
    std::span<const int32_t> ids;  ///< of the whole text
    size_t begin;                  ///< first token fed
    size_t scored;                 ///< tokens below have been counted
    size_t vocab;
    double nll = 0;

    void Add(size_t first, std::span<const float> logits) {
      for (size_t row = 0; row < logits.size() / vocab; ++row) {
        const size_t target = begin + first + row + 1;
        if (target < scored || target >= ids.size()) continue;
        nll += NegativeLogLikelihood(logits.subspan(row * vocab, vocab), ids[target]);
      }
    }
  };

  SessionOptions Planned(const Model& model, size_t tokens) const {
    SessionOptions options = context_options_.Options();
    if (options.context == 0) options.context = std::min(model.info().context, kUsualContext);
    options.context =
        static_cast<uint32_t>(std::min<size_t>(options.context, std::max<size_t>(tokens, 1)));
    options.all_logits = true;
    return options;
  }

  uint32_t Stride(uint32_t context) const {
    return std::min(context, stride_ != 0 ? stride_ : std::max(context / 2, 1u));
  }

  double Sum(LiveSession& live, std::span<const int32_t> ids, uint32_t context) const {
    Session& session = live.session();
    double nll = 0;
    size_t scored = 1;  // nothing predicts the first token
    for (size_t begin = 0; scored < ids.size(); begin += Stride(context)) {
      const size_t end = std::min(begin + context, ids.size());
      Window window = {ids, begin, scored, session.model().info().vocab};
      Session::FeedHooks hooks;
      hooks.context = &window;
      hooks.proceed = [](void*, size_t, size_t) { return !Interrupted(); };
      hooks.on_logits = [](void* self, size_t first, std::span<const float> logits) {
        static_cast<Window*>(self)->Add(first, logits);
      };
      Check(session.Truncate(0), ErrorDetail(), model_options_.path);
      ErrorDetail detail;
      const auto result = session.Feed(ids.subspan(begin, end - begin), hooks, &detail);
      if (result.status().code() == Code::kCancelled) {
        throw Error(Code::kCancelled, "", "interrupted");
      }
      Check(result.status(), detail, model_options_.path);
      nll += window.nll;
      scored = end + 1;
    }
    return nll;
  }

  void Report(const Totals& totals) const {
    const double perplexity = std::exp(totals.nll / static_cast<double>(totals.tokens));
    const double bits = totals.nll / std::numbers::ln2 / static_cast<double>(totals.bytes);
    if (json_) {
      WriteJson({{"perplexity", perplexity},
                 {"bits_per_byte", bits},
                 {"tokens", totals.tokens},
                 {"bytes", totals.bytes},
                 {"nll", totals.nll},
                 {"context", totals.context},
                 {"stride", totals.stride},
                 {"seconds", totals.seconds}});
      return;
    }
    char text[256];
    std::snprintf(text, sizeof(text),
                  "perplexity     %.4f\nbits per byte  %.4f\ntokens         %zu\n"
                  "bytes          %zu\n",
                  perplexity, bits, totals.tokens, totals.bytes);
    Write(text);
  }

  ModelOptions model_options_;
  ContextOptions context_options_;
  std::string text_;
  uint32_t stride_ = 0;
  bool json_ = false;
};

}  // namespace

void AddEval(CLI::App& app, Action* action) {
  AddCommand<EvalCommand>(app, action, "eval", "Measure how well a model predicts a text");
}

}  // namespace quanta::cli
