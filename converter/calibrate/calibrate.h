// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "converter/calibrate/compensate.h"
#include "converter/checkpoint.h"
#include "converter/progress.h"
#include "converter/tokenizer/tables.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

struct CalibrationOptions {
  std::string text = {};    ///< a file
  uint32_t length = 512;    ///< tokens of a sequence; fewer if the model's context is shorter
  uint32_t sequences = 64;  ///< at most
  int threads = 0;          ///< 0 = the usable cores; results do not depend on it
};

struct CalibratedModel {
  std::map<size_t, CompensatedMatrix> matrices;  ///< by their index in the checkpoint
  uint32_t sequences = 0, length = 0;            ///< what was read of the text
};

/// Rounds a checkpoint's matrices that shall be q4 so that their outputs over a text change
/// least: those of the layers and the head, also one that is the embedding. Layer by layer, each
/// reads what the layers before it make of the text as they are stored. `panels`: how each
/// tensor of the checkpoint, which is used up, shall be stored.
/// Memory: the hidden states of the text, a layer in f32, a square matrix for each of its
/// inputs, and the result.
/// Throws Error: ReadCalibrationText's; kInvalidArgument (there is no such matrix), kInternal
/// (the model computes numbers that are not finite).
CalibratedModel Calibrate(std::unique_ptr<Checkpoint> checkpoint, const TokenizerTables& tokenizer,
                          std::span<const format::Panel> panels, const CalibrationOptions& options,
                          Progress* progress);

}  // namespace quanta::converter
