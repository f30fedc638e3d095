// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "converter/json.h"
#include "runtime/kernels/kernels.h"
#include "train_host/data/packing.h"
#include "train_host/model/shape.h"
#include "train_host/optimizer/adamw.h"
#include "train_host/optimizer/schedule.h"

namespace quanta::train {

struct DataConfig {
  std::vector<std::string> train, eval;  ///< files
  std::string tokenizer;                 ///< a folder or a tokenizer.json
  std::string end_token;                 ///< empty: the tokenizer's own
  std::string separator;                 ///< of documents in text files; empty: none
  Packing packing = Packing::kSplit;
};

/// Training for a model that will run with quantized weights.
struct QatConfig {
  std::optional<kernels::Panel> scheme;  ///< kQ8 or kQ4; none: off
  std::optional<kernels::Panel> embed;   ///< of the embedding (and a tied head); none: as scheme
  uint64_t from = 0;                     ///< steps before it are trained without
};

struct LoraConfig {
  uint32_t rank = 0;  ///< 0: all weights are trained
  double alpha = 0;   ///< the update is alpha / rank * B A; 0: as rank
};

struct RunConfig {
  uint64_t steps = 1000;
  uint32_t batch = 16;      ///< rows of a pass
  uint32_t accumulate = 1;  ///< passes of a step, in each process
  uint32_t processes = 1;   ///< that share a step; no setting of the file
  uint32_t length = 0;      ///< tokens of a row; 0: the context
  double clip = 1;          ///< of the gradient's norm; 0: never
  double dropout = 0, smoothing = 0;
  double init_deviation = 0.02;
  uint64_t seed = 1;
  int threads = 0;  ///< 0: the usable cores
  uint64_t eval_every = 200, eval_batches = 16;
  uint64_t patience = 0;  ///< evaluations without a better loss until it stops; 0: never stops
  uint64_t save_every = 500, keep = 2;
  uint64_t log_every = 10;
  double spike = 3;      ///< a loss that is so many times the usual ...
  uint64_t spikes = 20;  ///< ... in so many steps on end stops the run; 0: never
  bool overfit = false;  ///< the first batch again and again
  std::string sample_prompt;
  uint32_t sample_tokens = 64;

  uint64_t passes() const { return uint64_t{accumulate} * processes; }  ///< of a step
};

/// Everything that a run is made from.
struct TrainConfig {
  ModelShape model;
  std::string init;  ///< a checkpoint to begin with; its shape is taken; empty: random weights
  DataConfig data;
  RunConfig run;
  AdamWOptions optimizer;
  Schedule schedule;
  QatConfig qat;
  LoraConfig lora;
  std::string output;

  uint32_t length() const { return run.length != 0 ? run.length : model.context; }
};

/// Reads a configuration file and applies `settings`, each "key.path=value" whose value is JSON,
/// or else a text. docs/training.md lists the keys.
/// Throws converter::Error naming the key: kCorrupt for an unknown key or a value out of range,
/// kInvalidArgument for a setting without '='.
TrainConfig ReadTrainConfig(const std::string& path, std::span<const std::string> settings);

/// The same from JSON that came from `place`.
TrainConfig ParseTrainConfig(const converter::Json& json, const std::string& place);

/// Everything that a resumed run must share with its beginning, as JSON.
converter::Json DescribeForResume(const TrainConfig& config);

/// Throws converter::Error(kInvalidArgument) naming what is impossible. The vocabulary is set.
void CheckShape(const ModelShape& shape);

const char* PackingName(Packing packing);
const char* DeclineName(Decline decline);

}  // namespace quanta::train
