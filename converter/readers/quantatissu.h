// SPDX-License-Identifier: MIT
//
// What the readers of QuantaTissu's checkpoints share: the arrays of a model, whatever
// file they come from, and the checkpoint that they make.
//
// QuantaTissu has two models with files. The Python one is float64, post-norm without a
// final norm, with grouped heads at choice; the C++ core is float32, pre-norm with a final
// norm, an output bias and, at choice, one key-value head. Both compute y = x W, add
// sinusoidal positions and have a feed-forward block of two matrices and ReLU. No file
// says how many heads there are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/checkpoint.h"
#include "converter/numpy/npy.h"
#include "converter/readers/reader.h"

namespace quanta::converter::tissu {

enum class Program : uint8_t { kPython, kCore };

/// What an array is for. Those of a block in the order of the files that have no names.
enum class Slot : uint8_t {
  kWq,
  kWk,
  kWv,
  kWo,
  kLoraQA,
  kLoraQB,
  kLoraVA,
  kLoraVB,
  kW1,
  kB1,
  kW2,
  kB2,
  kGain1,
  kBias1,
  kGain2,
  kBias2,
  // Of the model outside its blocks:
  kEmbedding,
  kFinalGain,
  kFinalBias,
  kOutput,
  kOutputBias,
};
inline constexpr size_t kBlockSlots = 16;
inline constexpr size_t kSlots = 21;

/// What the Python model calls it: of a block's, after "transformer_blocks.N.".
std::string_view SlotName(Slot slot);
std::string FullName(Slot slot, size_t block);

/// An array as a file holds it.
struct Stored {
  std::string name;  ///< how the file, or an error about it, calls it
  NpyArray array;
};

/// Which array serves for what; null: there is none. Borrows the arrays.
struct Parts {
  Program program = Program::kPython;
  std::array<const Stored*, kSlots - kBlockSlots> model{};
  std::vector<std::array<const Stored*, kBlockSlots>> blocks;

  const Stored*& At(Slot slot, size_t block);
  const Stored* At(Slot slot, size_t block) const {
    return const_cast<Parts*>(this)->At(slot, block);
  }
};

/// Assigns `arrays`, which are in the order of a file without names. Tries every variant
/// of the program's model: with LoRA or not, and for Python with an output of its own or
/// not, with LayerNorm biases or not.
/// Throws Error(kCorrupt) saying which count or which shape fits none.
Parts AssignInOrder(Program program, const std::vector<Stored>& arrays, const std::string& place);

/// Checks the shapes of all parts, and fills the checkpoint's architecture, tensors and
/// tokenizer. Everything that `parts` borrows must lie in the checkpoint's files.
/// Throws Error, kInvalidArgument if the user has to say more.
void Build(const Parts& parts, const std::string& place, const ReadOptions& options,
           Checkpoint* checkpoint);

/// Sizes that follow from shapes.
struct Sizes {
  uint32_t vocab = 0, hidden = 0, kv_width = 0, ffn = 0, layers = 0;
};
/// Throws Error(kCorrupt) for the first array that is missing or whose shape does not
/// follow from the sizes.
Sizes CheckShapes(const Parts& parts, const std::string& place);

/// What neither a file nor its program fixes.
struct Settings {
  uint32_t heads = 0, kv_heads = 0, context = 0;
};
/// From the user's options, then the configuration (options.config, else model_config.json
/// beside `place`), which must agree with the sizes. Adds notes.
/// Throws Error.
Settings ReadSettings(Program program, const Sizes& sizes, bool tied, const std::string& place,
                      const ReadOptions& options, std::vector<std::string>* notes);

}  // namespace quanta::converter::tissu
