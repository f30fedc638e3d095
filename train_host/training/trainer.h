// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "converter/checkpoint.h"
#include "converter/progress.h"
#include "train_host/checkpoint/folder.h"
#include "train_host/config/train_config.h"
#include "train_host/data/packing.h"
#include "train_host/model/transformer.h"
#include "train_host/parallel/communicator.h"
#include "train_host/training/adapters.h"
#include "train_host/training/evaluate.h"
#include "train_host/training/metrics.h"
#include "train_host/training/state.h"
#include "train_host/training/weights.h"

namespace quanta::train {

struct TrainerOptions {
  bool resume = false;  ///< from the last checkpoint of the output folder, if there is one
  converter::Progress::Style style = converter::Progress::Style::kNone;
  std::FILE* console = stderr;              ///< progress, samples and notes
  const std::atomic<bool>* stop = nullptr;  ///< set: save, and end with kCancelled
  /// That train the model together, each with an equal Trainer; null: this process alone.
  Communicator* processes = nullptr;
};

/// A training run: steps, evaluations, samples, checkpoints, until its end. The output folder
/// holds metrics.jsonl, the token files and the checkpoints (CheckpointStore).
///
/// Several processes take turns with the passes of a step and sum their gradients, so that N of
/// them with `accumulate` passes each are one process with N times as many. The first one alone
/// writes files; all see them, and hold the same weights and state.
class Trainer {
 public:
  /// Reads everything, so that what is wrong is told before the first step.
  /// Throws converter::Error.
  Trainer(TrainConfig config, const TrainerOptions& options);
  ~Trainer();

  /// Throws converter::Error, a CommonError where all processes do: kLimit if the loss is not a
  /// number any more or stays far above what it was; kNoSpace, kIo if a checkpoint cannot be
  /// written; kCancelled. The last checkpoint is intact then, and the message names it.
  void Run();

  const TrainState& state() const { return state_; }
  const float* weights() const { return weights_.data(); }
  /// What the model computes with now: quantized where it trains for that.
  const float* effective() { return Effective(); }
  Transformer<float>& model() { return *model_; }
  const ModelShape& shape() const { return config_.model; }

 private:
  void PrepareOutput();
  void PrepareTokens();
  std::unique_ptr<TokenFile> OpenTokens(const std::vector<std::string>& paths, const char* name);
  std::unique_ptr<TokenFile> MakeTokens(const std::vector<std::string>& paths, const char* name);
  void PrepareModel();
  void PrepareWeights(const converter::Checkpoint* init);
  void Resume();
  uint64_t DataFingerprint() const;
  std::vector<float>& trained() { return lora_ ? updates_ : weights_; }
  std::vector<float>& trained_gradient() { return lora_ ? update_gradient_ : gradient_; }

  /// One step; returns its metrics.
  converter::Json Step();
  void ReadBatches();
  double Differentiate();
  void CheckLoss(double loss, double norm);
  bool Quantizing() const;
  const float* Effective();
  /// False: training ends here.
  bool EvaluateNow();
  void SampleNow();
  void Save();
  void SaveHere();
  /// Throws unless all processes hold the same.
  void CheckEqual();
  void Write(const converter::Json& metrics);
  [[noreturn]] void Fail(Code code, const std::string& what, const std::string& hint) const;
  std::string LastCheckpoint() const;
  void Say(const std::string& line);
  bool Due(uint64_t every) const { return every != 0 && state_.step % every == 0; }

  TrainConfig config_;
  const TrainerOptions options_;
  const std::unique_ptr<Communicator> alone_;  ///< if there are no others
  Communicator& processes_;
  converter::Progress progress_;
  CheckpointStore store_;
  std::unique_ptr<TrainTokenizer> tokenizer_;
  std::unique_ptr<TokenFile> train_, eval_;
  std::unique_ptr<BatchReader> reader_;
  std::unique_ptr<Transformer<float>> model_;
  std::unique_ptr<MetricsFile> metrics_;
  std::optional<QuantizedWeights> quantized_;
  std::optional<LoraAdapters> lora_;
  std::vector<float> weights_, gradient_;  ///< of the model
  /// With LoRA what is trained in place of the weights, and its gradient; else empty.
  std::vector<float> updates_, update_gradient_;
  std::vector<float> m_, v_;  ///< of what is trained
  std::vector<UpdateRange> ranges_;
  std::vector<double> norm_scratch_;
  std::vector<Batch> batches_;  ///< of a step, this process's
  Batch others_;
  size_t targets_ = 0;  ///< of a step, of all processes
  TrainState state_;
  int threads_ = 1;
};

}  // namespace quanta::train
