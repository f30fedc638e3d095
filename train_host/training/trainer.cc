// SPDX-License-Identifier: MIT
#include "train_host/training/trainer.h"

#include <algorithm>
#include <cmath>

#include "converter/error.h"
#include "runtime/core/thread_pool.h"
#include "runtime/platform/platform.h"
#include "train_host/data/fingerprint.h"
#include "train_host/math/random.h"

namespace quanta::train {

using converter::Error;
using converter::Format;
using converter::Json;

namespace {

/// Of the moving mean of the loss, and how many steps it takes to mean something.
constexpr double kMeanKeeps = 0.98;
constexpr uint64_t kSettled = 20;
enum Purpose : uint64_t { kDropout = 101 };

}  // namespace

Trainer::~Trainer() = default;

void Trainer::Run() {
  progress_.Start("training", config_.run.steps - std::min(config_.run.steps, state_.step));
  while (state_.step < config_.run.steps && !state_.stopped) {
    const Json line = Step();
    if (Due(std::max<uint64_t>(config_.run.log_every, 1)) || state_.step == config_.run.steps) {
      Write(line);
    }
    progress_.Note(Format("step %llu, loss %.4f, %.0f tokens/s",
                          static_cast<unsigned long long>(state_.step), line["loss"].get<double>(),
                          line["tokens_per_second"].get<double>()));
    progress_.Advance(1);
    const bool last = state_.step == config_.run.steps;
    if (eval_ != nullptr && (Due(config_.run.eval_every) || last)) EvaluateNow();
    if (!config_.run.sample_prompt.empty() && (Due(config_.run.eval_every) || last)) SampleNow();
    const bool stop = Any(processes_, options_.stop != nullptr && options_.stop->load());
    if (Due(config_.run.save_every) || last || stop || state_.stopped) Save();
    if (stop) {
      Fail(Code::kCancelled, "interrupted", "--resume goes on from " + LastCheckpoint());
    }
  }
  progress_.Clear();
}

Json Trainer::Step() {
  const double begin = platform::Now();
  const uint64_t step = state_.step + 1;
  ReadBatches();
  const double loss = Differentiate();
  if (lora_) {
    lora_->Differentiate(updates_.data(), gradient_.data(), update_gradient_.data(), threads_);
  }
  processes_.Sum(std::span(trained_gradient()));
  const float* gradient = trained_gradient().data();
  const double norm = GradientNorm(gradient, ranges_, &norm_scratch_, threads_);
  CheckLoss(loss, norm);
  const double clip = config_.run.clip;
  const double lr = config_.schedule.At(step);
  Update({trained().data(), gradient, m_.data(), v_.data(), ranges_, lr,
          clip > 0 && norm > clip ? clip / norm : 1, step},
         config_.optimizer, threads_);
  if (lora_) lora_->Merge(updates_.data(), weights_.data(), threads_);
  state_.step = step;
  const uint64_t tokens = config_.run.passes() * batches_[0].tokens();
  state_.tokens += tokens;
  state_.data = reader_->position();
  return {{"step", step},
          {"loss", loss},
          {"lr", lr},
          {"grad_norm", norm},
          {"tokens", state_.tokens},
          {"tokens_per_second", static_cast<double>(tokens) / (platform::Now() - begin)}};
}

/// Those of all processes pass here, so that each knows where the next step's begin and how many
/// targets there are.
void Trainer::ReadBatches() {
  if (config_.run.overfit && batches_[0].rows != 0) return;
  const auto size = static_cast<size_t>(processes_.size());
  const auto rank = static_cast<size_t>(processes_.rank());
  targets_ = 0;
  for (size_t pass = 0; pass < config_.run.passes(); ++pass) {
    Batch& batch = pass % size == rank ? batches_[pass / size] : others_;
    reader_->Next(&batch);
    targets_ += batch.target_count;
  }
}

/// This process's part of the gradient of the mean loss over all targets of the step; that mean.
double Trainer::Differentiate() {
  std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  const float* weights = Effective();
  const double scale = 1 / static_cast<double>(std::max<size_t>(targets_, 1));
  double sum = 0;
  for (size_t i = 0; i < batches_.size(); ++i) {
    const uint64_t pass = i * config_.run.processes + static_cast<uint64_t>(processes_.rank());
    const uint64_t seed =
        Seed(Seed(config_.run.seed, kDropout), state_.step * config_.run.passes() + pass);
    sum += model_->Differentiate(weights, batches_[i],
                                 {.scale = scale,
                                  .smoothing = config_.run.smoothing,
                                  .dropout = config_.run.dropout,
                                  .seed = seed},
                                 gradient_.data());
  }
  processes_.Sum(std::span(&sum, 1));
  return sum * scale;
}

void Trainer::CheckLoss(double loss, double norm) {
  const auto step = static_cast<unsigned long long>(state_.step + 1);
  if (!std::isfinite(loss) || !std::isfinite(norm)) {
    Fail(Code::kLimit,
         Format("step %llu: the %s is not a number any more", step,
                std::isfinite(loss) ? "gradient" : "loss"),
         "lower optimizer.lr, or raise optimizer.warmup; the last checkpoint is " +
             LastCheckpoint());
  }
  const bool spike = state_.step >= kSettled && loss > config_.run.spike * state_.usual_loss;
  state_.spikes = spike ? state_.spikes + 1 : 0;
  if (config_.run.spikes != 0 && state_.spikes >= config_.run.spikes) {
    Fail(Code::kLimit,
         Format("step %llu: the loss has been more than %g times the usual %.3f for %llu steps",
                step, config_.run.spike, state_.usual_loss,
                static_cast<unsigned long long>(state_.spikes)),
         "lower optimizer.lr; the last checkpoint is " + LastCheckpoint());
  }
  // A spike does not become the usual.
  if (spike) return;
  state_.usual_loss =
      state_.usual_loss == 0 ? loss : kMeanKeeps * state_.usual_loss + (1 - kMeanKeeps) * loss;
}

bool Trainer::Quantizing() const { return quantized_ && state_.step >= config_.qat.from; }

const float* Trainer::Effective() {
  if (!quantized_) return weights_.data();
  model_->QuantizeInputs(Quantizing() ? quantized_->inputs() : InputQuantization());
  return Quantizing() ? quantized_->Make(weights_.data(), threads_) : weights_.data();
}

bool Trainer::EvaluateNow() {
  const Evaluation result = Evaluate(
      *model_, Effective(), *eval_,
      {.rows = config_.run.batch, .length = config_.length(), .packing = config_.data.packing},
      config_.run.eval_batches, processes_);
  Write(
      {{"step", state_.step}, {"eval_loss", result.loss}, {"eval_perplexity", result.perplexity}});
  Say(Format("step %llu: evaluation loss %.4f, perplexity %.3f",
             static_cast<unsigned long long>(state_.step), result.loss, result.perplexity));
  if (result.loss < state_.best_eval) {
    state_.best_eval = result.loss;
    state_.worse_evals = 0;
    Save();
    OnFirst(processes_, [this] { store_.Link("best", state_.step); });
    return true;
  }
  ++state_.worse_evals;
  state_.stopped = config_.run.patience != 0 && state_.worse_evals >= config_.run.patience;
  if (state_.stopped) {
    Say(Format("no better evaluation in %llu: training ends",
               static_cast<unsigned long long>(state_.worse_evals)));
  }
  return !state_.stopped;
}

void Trainer::SampleNow() {
  OnFirst(processes_, [this] {
    const std::string text =
        Sample(*model_, Effective(), *tokenizer_, config_.run.sample_prompt, config_.length(),
               config_.model.vocab, {.tokens = config_.run.sample_tokens});
    metrics_->Write({{"step", state_.step}, {"sample", text}});
    Say("sample: " + config_.run.sample_prompt + text);
  });
}

void Trainer::Write(const Json& metrics) {
  OnFirst(processes_, [&] { metrics_->Write(metrics); });
}

void Trainer::CheckEqual() {
  if (processes_.size() == 1) return;
  Fingerprint print;
  print.Add(state_.step);
  print.Add(DataFingerprint());
  print.Add(std::as_bytes(std::span(trained())));
  if (AllEqual(processes_, print.value())) return;
  throw CommonError(Code::kInternal, "",
                    Format("step %llu: the processes hold different weights or data",
                           static_cast<unsigned long long>(state_.step)),
                    "they need processors of one kind, and the same files");
}

void Trainer::Save() {
  CheckEqual();
  OnFirst(processes_, [this] { SaveHere(); });
}

void Trainer::SaveHere() {
  std::vector<NamedArray> arrays = {{"m", m_}, {"v", v_}};
  if (lora_) arrays.push_back({"updates", updates_});
  const auto adapter = [this](const std::string& folder) {
    if (lora_) lora_->Save(config_.model, updates_.data(), config_.init, folder + "/adapter");
  };
  try {
    SaveCheckpoint({.shape = config_.model,
                    .layout = model_->layout(),
                    .weights = weights_.data(),
                    .tokenizer = tokenizer_.get(),
                    .arrays = arrays,
                    .state = state_.Describe(config_, DataFingerprint()),
                    .more = adapter},
                   store_.FolderOf(state_.step));
    store_.Link("last", state_.step);
  } catch (const Error& error) {
    Fail(error.code(), error.what(), "the last checkpoint is " + LastCheckpoint());
  }
  store_.CleanUp(config_.run.keep);
}

uint64_t Trainer::DataFingerprint() const {
  return lora_ ? Seed(train_->fingerprint(), lora_->fingerprint()) : train_->fingerprint();
}

void Trainer::Fail(Code code, const std::string& what, const std::string& hint) const {
  throw CommonError(code, "", what, hint);
}

std::string Trainer::LastCheckpoint() const {
  const std::vector<uint64_t> steps = store_.Steps();
  return steps.empty() ? "none yet" : store_.FolderOf(steps.back());
}

void Trainer::Say(const std::string& line) {
  if (options_.style == converter::Progress::Style::kNone || !processes_.first()) return;
  progress_.Clear();
  std::fprintf(options_.console, "%s\n", line.c_str());
  std::fflush(options_.console);
}

}  // namespace quanta::train
