// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>

#include "converter/json.h"
#include "train_host/config/train_config.h"
#include "train_host/data/packing.h"

namespace quanta::train {

/// Where a run stands, beside its weights and moments: trainer.json of a checkpoint. No random
/// number has a state: each is drawn from the seed and the step.
struct TrainState {
  uint64_t step = 0;    ///< steps done
  uint64_t tokens = 0;  ///< that were read
  DataPosition data;
  double usual_loss = 0;  ///< a moving mean; 0: none yet
  uint64_t spikes = 0;    ///< steps on end whose loss was far above it
  double best_eval = std::numeric_limits<double>::infinity();
  uint64_t worse_evals = 0;  ///< since the best
  bool stopped = false;      ///< early: there is nothing to go on with

  converter::Json Describe(const TrainConfig& config, uint64_t data_fingerprint) const;
  /// Reads trainer.json of `folder`. Throws converter::Error: kCorrupt; kInvalidArgument naming
  /// what the configuration or the data have otherwise than the run had.
  static TrainState Read(const std::string& folder, const TrainConfig& config,
                         uint64_t data_fingerprint);
};

}  // namespace quanta::train
