// SPDX-License-Identifier: MIT
//
// Which array of a QuantaTissu file is which, and whether their shapes belong together.
#include <algorithm>
#include <optional>

#include "converter/element_type.h"
#include "converter/error.h"
#include "converter/readers/quantatissu.h"
#include "runtime/format/limits.h"

namespace quanta::converter::tissu {
namespace {

using Shape = std::vector<uint64_t>;

constexpr std::string_view kNames[kSlots] = {
    "mha.Wq",
    "mha.Wk",
    "mha.Wv",
    "mha.Wo",
    "mha.lora_q.lora_A",
    "mha.lora_q.lora_B",
    "mha.lora_v.lora_A",
    "mha.lora_v.lora_B",
    "ffn.W1",
    "ffn.b1",
    "ffn.W2",
    "ffn.b2",
    "ln1.gamma",
    "ln1.beta",
    "ln2.gamma",
    "ln2.beta",
    "embeddings",
    "final_ln.gamma",
    "final_ln.beta",
    "output_proj",
    "output_bias",
};

bool IsLora(Slot slot) { return slot >= Slot::kLoraQA && slot <= Slot::kLoraVB; }
bool IsNormBias(Slot slot) { return slot == Slot::kBias1 || slot == Slot::kBias2; }

std::string Show(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + ")";
}

/// A row vector may be a matrix of one row, as in the C++ core.
bool SameShape(const Shape& shape, const Shape& wanted) {
  if (shape == wanted) return true;
  return wanted.size() == 1 && shape.size() == 2 && shape[0] == 1 && shape[1] == wanted[0];
}

/// How the shapes of one model depend on each other. Sizes that are not yet known are 0.
class Shapes {
 public:
  Shapes(const Parts& parts, const std::string& place) : parts_(parts), place_(place) {}

  Sizes Check() {
    sizes_.layers = static_cast<uint32_t>(parts_.blocks.size());
    if (sizes_.layers == 0 || sizes_.layers > format::kMaxLayers) {
      throw Error(
          Code::kCorrupt, place_,
          Format("has %zu blocks, expected 1 to %u", parts_.blocks.size(), format::kMaxLayers));
    }
    const Shape& embedding = Matrix(Slot::kEmbedding, 0);
    sizes_.vocab = Size(Slot::kEmbedding, embedding[0], format::kMaxVocab);
    sizes_.hidden = Size(Slot::kEmbedding, embedding[1], format::kMaxWidth);
    sizes_.kv_width = Size(Slot::kWk, Matrix(Slot::kWk, 0)[1], format::kMaxWidth);
    sizes_.ffn = Size(Slot::kW1, Matrix(Slot::kW1, 0)[1], format::kMaxWidth);
    norm_biases_ = parts_.At(Slot::kBias1, 0) != nullptr;
    for (size_t block = 0; block < parts_.blocks.size(); ++block) {
      for (size_t i = 0; i < kBlockSlots; ++i) CheckSlot(static_cast<Slot>(i), block);
    }
    for (size_t i = kBlockSlots; i < kSlots; ++i) CheckSlot(static_cast<Slot>(i), 0);
    return sizes_;
  }

 private:
  const Shape& Matrix(Slot slot, size_t block) {
    const Stored* stored = parts_.At(slot, block);
    if (stored == nullptr) Missing(slot, block, {});
    if (stored->array.shape.size() != 2) {
      throw Error(Code::kCorrupt, place_,
                  "array '" + stored->name + "' has shape " + Show(stored->array.shape) +
                      ", where " + FullName(slot, block) + " is a matrix");
    }
    return stored->array.shape;
  }

  uint32_t Size(Slot slot, uint64_t size, uint32_t max) const {
    if (size >= 1 && size <= max) return static_cast<uint32_t>(size);
    throw Error(Code::kCorrupt, place_,
                Format("array '%s' has a side of %llu, expected 1 to %u", FullName(slot, 0).c_str(),
                       static_cast<unsigned long long>(size), max));
  }

  [[noreturn]] void Missing(Slot slot, size_t block, const Shape& wanted) const {
    throw Error(Code::kCorrupt, place_,
                "array '" + FullName(slot, block) + "' is missing" +
                    (wanted.empty() ? "" : ": expected shape " + Show(wanted)));
  }

  bool Required(Slot slot, size_t block) const {
    const bool core = parts_.program == Program::kCore;
    if (IsNormBias(slot)) return norm_biases_;
    if (IsLora(slot)) return parts_.At(Slot::kLoraQA, block) != nullptr;
    if (slot == Slot::kOutput) return core;
    if (slot == Slot::kFinalGain || slot == Slot::kFinalBias || slot == Slot::kOutputBias) {
      return core;
    }
    return true;
  }

  Shape Wanted(Slot slot, size_t block) {
    const uint64_t E = sizes_.hidden, K = sizes_.kv_width, F = sizes_.ffn, V = sizes_.vocab;
    const auto rank = [&](Slot a) {
      return parts_.At(a, block) == nullptr ? uint64_t{1} : Matrix(a, block)[1];
    };
    switch (slot) {
      case Slot::kWq:
      case Slot::kWo:
        return {E, E};
      case Slot::kWk:
      case Slot::kWv:
        return {E, K};
      case Slot::kLoraQA:
        return {E, rank(Slot::kLoraQA)};
      case Slot::kLoraQB:
        return {rank(Slot::kLoraQA), E};
      case Slot::kLoraVA:
        return {E, rank(Slot::kLoraVA)};
      case Slot::kLoraVB:
        return {rank(Slot::kLoraVA), K};
      case Slot::kW1:
        return {E, F};
      case Slot::kB1:
        return {F};
      case Slot::kW2:
        return {F, E};
      case Slot::kEmbedding:
        return {V, E};
      case Slot::kOutput:
        return {E, V};
      case Slot::kOutputBias:
        return {V};
      case Slot::kB2:
      case Slot::kGain1:
      case Slot::kBias1:
      case Slot::kGain2:
      case Slot::kBias2:
      case Slot::kFinalGain:
      case Slot::kFinalBias:
        break;
    }
    return {E};
  }

  void CheckSlot(Slot slot, size_t block) {
    const Stored* stored = parts_.At(slot, block);
    if (stored == nullptr) {
      if (Required(slot, block)) Missing(slot, block, Wanted(slot, block));
      return;
    }
    if (IsNormBias(slot) && !norm_biases_) {
      throw Error(
          Code::kCorrupt, place_,
          "array '" + stored->name + "' is there, but '" + FullName(Slot::kBias1, 0) + "' is not");
    }
    const Shape wanted = Wanted(slot, block);
    const Shape& shape = stored->array.shape;
    if (!SameShape(shape, wanted) || std::find(shape.begin(), shape.end(), 0) != shape.end()) {
      throw Error(Code::kCorrupt, place_,
                  "array '" + stored->name + "' has shape " + Show(shape) + ": as " +
                      FullName(slot, block) + " it should have " + Show(wanted));
    }
    if (FindElementType(stored->array.dtype) == nullptr) {
      throw Error(Code::kUnsupported, place_,
                  "array '" + stored->name + "' has dtype " + stored->array.dtype +
                      ": only F64, F32 and F16 are weights");
    }
  }

  const Parts& parts_;
  const std::string& place_;
  Sizes sizes_;
  bool norm_biases_ = false;
};

/// One way to read a file without names.
struct Variant {
  bool output_first;  ///< the Python model's own output, after the embedding
  bool norm_biases;
  bool lora;
};

/// The slots of a model with that many arrays, in order; nothing if none has so many.
std::optional<std::vector<std::pair<Slot, size_t>>> Order(Program program, const Variant& variant,
                                                          size_t count) {
  const bool core = program == Program::kCore;
  std::vector<Slot> block;
  for (size_t i = 0; i < kBlockSlots; ++i) {
    const auto slot = static_cast<Slot>(i);
    if (IsLora(slot) && !variant.lora) continue;
    if (IsNormBias(slot) && !variant.norm_biases) continue;
    block.push_back(slot);
  }
  const size_t around = core ? 5 : variant.output_first ? 2 : 1;
  if (count <= around || (count - around) % block.size() != 0) return std::nullopt;
  const size_t blocks = (count - around) / block.size();
  std::vector<std::pair<Slot, size_t>> order = {{Slot::kEmbedding, 0}};
  if (variant.output_first) order.emplace_back(Slot::kOutput, 0);
  for (size_t i = 0; i < blocks; ++i) {
    for (const Slot slot : block) order.emplace_back(slot, i);
  }
  if (core) {
    for (const Slot slot : {Slot::kFinalGain, Slot::kFinalBias, Slot::kOutput, Slot::kOutputBias}) {
      order.emplace_back(slot, 0);
    }
  }
  return order;
}

std::vector<Variant> Variants(Program program) {
  if (program == Program::kCore) return {{false, true, false}, {false, true, true}};
  std::vector<Variant> all;
  for (const bool lora : {false, true}) {
    for (const bool norm_biases : {true, false}) {
      for (const bool output_first : {true, false}) {
        all.push_back({output_first, norm_biases, lora});
      }
    }
  }
  return all;
}

}  // namespace

std::string_view SlotName(Slot slot) { return kNames[static_cast<size_t>(slot)]; }

std::string FullName(Slot slot, size_t block) {
  const std::string name(SlotName(slot));
  return static_cast<size_t>(slot) < kBlockSlots
             ? "transformer_blocks." + std::to_string(block) + "." + name
             : name;
}

const Stored*& Parts::At(Slot slot, size_t block) {
  const auto index = static_cast<size_t>(slot);
  return index < kBlockSlots ? blocks.at(block)[index] : model[index - kBlockSlots];
}

Sizes CheckShapes(const Parts& parts, const std::string& place) {
  return Shapes(parts, place).Check();
}

Parts AssignInOrder(Program program, const std::vector<Stored>& arrays, const std::string& place) {
  std::optional<Parts> found;
  std::string misfit;
  for (const Variant& variant : Variants(program)) {
    const auto order = Order(program, variant, arrays.size());
    if (!order) continue;
    Parts parts;
    parts.program = program;
    parts.blocks.resize(order->back().second + 1);
    for (size_t i = 0; i < arrays.size(); ++i) {
      const auto [slot, block] = (*order)[i];
      if (block >= parts.blocks.size()) parts.blocks.resize(block + 1);
      parts.At(slot, block) = &arrays[i];
    }
    try {
      CheckShapes(parts, "");
    } catch (const Error& error) {
      if (misfit.empty()) misfit = error.what();
      continue;
    }
    if (found) {
      throw Error(Code::kCorrupt, place, "its shapes fit more than one model",
                  "save it by names: np.savez(path, **{name: value})");
    }
    found = std::move(parts);
  }
  if (found) return *std::move(found);
  if (!misfit.empty()) throw Error(Code::kCorrupt, place, misfit);
  throw Error(Code::kCorrupt, place,
              Format("has %zu parameters, which fit no number of blocks: %s", arrays.size(),
                     program == Program::kCore
                         ? "expected 5 and 12 a block, or 16 with LoRA"
                         : "expected 2 and 12 a block (1 if tied; 10 without LayerNorm biases; "
                           "4 more with LoRA)"));
}

}  // namespace quanta::converter::tissu
