// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "converter/json.h"
#include "train_host/data/tokenizer.h"
#include "train_host/model/parameters.h"

namespace quanta::train {

/// A stretch of floats under a name.
struct NamedArray {
  std::string name;
  std::span<const float> values;
  std::vector<uint64_t> shape = {};  ///< empty: [values.size()]
};

/// Writes a safetensors file, which appears complete or not at all and is on the disk then.
/// Throws converter::Error(kNoSpace, kIo).
void WriteArrays(std::span<const NamedArray> arrays, const std::string& path);
/// The same with a text.
void WriteDurably(const std::string& text, const std::string& path);

/// What a checkpoint folder holds.
struct CheckpointContents {
  const ModelShape& shape;
  const ParameterLayout& layout;
  const float* weights;
  const TrainTokenizer* tokenizer;     ///< null: none
  std::span<const NamedArray> arrays;  ///< the optimizer's, for state.safetensors
  const converter::Json& state;        ///< for trainer.json
  /// Writes what else belongs into the folder; null: nothing.
  std::function<void(const std::string& folder)> more = nullptr;
};

/// Writes a Hugging Face folder with state.safetensors and trainer.json, what a run needs to go
/// on. It appears complete or not at all, and is on the disk when this returns.
/// Throws converter::Error(kNoSpace, kIo); nothing is left behind then.
void SaveCheckpoint(const CheckpointContents& contents, const std::string& folder);

/// Copies the arrays of state.safetensors to `arrays`, of the same names and sizes.
/// Throws converter::Error(kCorrupt, kNotFound).
struct ReadArray {
  std::string name;
  std::span<float> values;
};
void ReadState(const std::string& folder, std::span<const ReadArray> arrays);

/// Where the checkpoints of a run lie: step-NNNNNN, and the links last and best.
class CheckpointStore {
 public:
  explicit CheckpointStore(std::string output) : output_(std::move(output)) {}

  std::string FolderOf(uint64_t step) const;
  /// The steps that there are checkpoints of, ascending.
  std::vector<uint64_t> Steps() const;
  /// Removes what a killed run left half done, and checkpoints that are neither among the last
  /// `keep` (0: all are) nor what a link names.
  void CleanUp(uint64_t keep) const;
  /// Makes output/name lead to the checkpoint of `step`, in one step.
  void Link(const std::string& name, uint64_t step) const;

 private:
  std::string output_;
};

}  // namespace quanta::train
