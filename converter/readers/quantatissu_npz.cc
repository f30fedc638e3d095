// SPDX-License-Identifier: MIT
//
// What QuantaTissu's Python program saves: weights by name, or a training checkpoint
// with numbered parameters, as an .npz file.
#include "converter/readers/quantatissu_npz.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "converter/error.h"
#include "converter/numpy/npz.h"
#include "converter/readers/quantatissu.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace tissu {
namespace {

constexpr std::string_view kBlock = "transformer_blocks.";
constexpr std::string_view kParam = "param_";

using Arrays = std::map<std::string, NpyArray>;

/// A number that follows `prefix` in `text`, which ends after it.
std::optional<size_t> NumberAfter(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // One spelling only: "01" is not "1".
  return std::to_string(number) == text ? std::optional(number) : std::nullopt;
}

// --- Weights by name --------------------------------------------------------------

std::optional<Slot> FindSlot(std::string_view name, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (SlotName(static_cast<Slot>(i)) == name) return static_cast<Slot>(i);
  }
  return std::nullopt;
}

/// Where an array belongs: a block's slot, or one of the model's.
std::optional<std::pair<Slot, size_t>> PlaceOf(const std::string& name) {
  if (name == "embeddings") return std::pair(Slot::kEmbedding, size_t{0});
  if (name == "output_proj") return std::pair(Slot::kOutput, size_t{0});
  const size_t dot = name.find('.', kBlock.size());
  if (!name.starts_with(kBlock) || dot == name.npos) return std::nullopt;
  const auto block = NumberAfter(kBlock, std::string_view(name).substr(0, dot));
  const auto slot = FindSlot(std::string_view(name).substr(dot + 1), 0, kBlockSlots);
  if (!block || !slot || *block >= format::kMaxLayers) return std::nullopt;
  return std::pair(*slot, *block);
}

[[noreturn]] void ThrowUnknown(const std::string& name, const std::string& path) {
  const char* what = name.find(".moe.") != name.npos    ? "mixtures of experts are not supported"
                     : name.find(".conv.") != name.npos ? "convolution blocks are not supported"
                                                        : nullptr;
  if (what != nullptr) {
    throw Error(Code::kUnsupported, path, std::string(what) + ": array '" + name + "'");
  }
  throw Error(Code::kUnsupported, path, "unknown array '" + name + "'",
              "a QuantaTissu file has embeddings, output_proj and transformer_blocks.N. with "
              "mha, ffn, ln1 and ln2");
}

void LoadNamed(Arrays arrays, const std::string& path, Loaded* loaded) {
  loaded->stored.reserve(arrays.size());
  for (auto& [name, array] : arrays) {
    const auto place = PlaceOf(name);
    if (!place) ThrowUnknown(name, path);
    const auto [slot, block] = *place;
    if (slot < Slot::kEmbedding && block >= loaded->parts.blocks.size()) {
      loaded->parts.blocks.resize(block + 1);
    }
    loaded->stored.push_back({name, std::move(array)});
    loaded->parts.At(slot, block) = &loaded->stored.back();
  }
}

// --- The older file, whose names say nothing of blocks --------------------------------

void LoadUnqualified(Arrays arrays, const std::string& path, Loaded* loaded,
                     std::vector<std::string>* notes) {
  const std::pair<std::string_view, Slot> known[] = {
      {"embeddings", Slot::kEmbedding},
      {"output_proj", Slot::kOutput},
      {"Wq", Slot::kWq},
      {"Wk", Slot::kWk},
      {"Wv", Slot::kWv},
      {"Wo", Slot::kWo},
      {"W1", Slot::kW1},
      {"b1", Slot::kB1},
      {"W2", Slot::kW2},
      {"b2", Slot::kB2},
      {"gamma", Slot::kGain2},
      {"beta", Slot::kBias2},
  };
  Parts& parts = loaded->parts;
  parts.blocks.resize(1);
  loaded->stored.reserve(arrays.size());
  for (auto& [name, array] : arrays) {
    const auto* found =
        std::find_if(std::begin(known), std::end(known),
                     [&wanted = name](const auto& entry) { return entry.first == wanted; });
    if (found == std::end(known)) ThrowUnknown(name, path);
    loaded->stored.push_back({name, std::move(array)});
    parts.At(found->second, 0) = &loaded->stored.back();
  }
  // They were written over each other: what is left is the last one's.
  parts.At(Slot::kGain1, 0) = parts.At(Slot::kGain2, 0);
  parts.At(Slot::kBias1, 0) = parts.At(Slot::kBias2, 0);
  notes->push_back(
      "WEIGHTS ARE MISSING: this old kind of file holds the last block only, and of its two "
      "LayerNorms only the second; all others were lost when it was written. The model that "
      "comes out has one block with that norm twice, and does not compute what was trained");
}

// --- A training checkpoint -----------------------------------------------------------

void LoadTraining(Arrays arrays, const std::string& path, Loaded* loaded,
                  std::vector<std::string>* notes) {
  size_t count = 0, left_out = 0;
  for (const auto& [name, array] : arrays) {
    if (NumberAfter(kParam, name)) {
      ++count;
    } else if (NumberAfter("optimizer_m_", name) || NumberAfter("optimizer_v_", name)) {
      ++left_out;
    } else if (name != "num_params" && name != "optimizer_t" && name != "epoch" && name != "step") {
      ThrowUnknown(name, path);
    }
  }
  const auto stated = arrays.find("num_params");
  if (stated != arrays.end()) {
    const int64_t number = ReadInteger(stated->second, path, "num_params");
    if (number < 0 || static_cast<uint64_t>(number) != count) {
      throw Error(
          Code::kCorrupt, path,
          Format("num_params says %lld, but there are %zu", static_cast<long long>(number), count));
    }
  }
  for (size_t i = 0; i < count; ++i) {
    const std::string name = std::string(kParam) + std::to_string(i);
    const auto found = arrays.find(name);
    if (found == arrays.end()) {
      throw Error(Code::kCorrupt, path,
                  Format("array '%s' is missing among %zu parameters", name.c_str(), count));
    }
    loaded->stored.push_back({name, std::move(found->second)});
  }
  loaded->parts = AssignInOrder(Program::kPython, loaded->stored, path);
  if (left_out != 0) {
    notes->push_back(Format("%zu arrays of optimizer state are left out", left_out));
  }
}

}  // namespace

Loaded LoadArrays(Arrays arrays, const std::string& path, Checkpoint* checkpoint) {
  Loaded loaded;
  const auto param = arrays.lower_bound(std::string(kParam));
  if (param != arrays.end() && param->first.starts_with(kParam)) {
    checkpoint->source_format = "quantatissu training checkpoint (npz)";
    LoadTraining(std::move(arrays), path, &loaded, &checkpoint->notes);
  } else if (arrays.contains("Wq")) {
    checkpoint->source_format = "quantatissu weights without blocks (npz)";
    LoadUnqualified(std::move(arrays), path, &loaded, &checkpoint->notes);
  } else {
    checkpoint->source_format = "quantatissu weights (npz)";
    LoadNamed(std::move(arrays), path, &loaded);
  }
  return loaded;
}

}  // namespace tissu

namespace {

bool Probe(const std::string& path) {
  ErrorDetail detail;
  const auto file = platform::MappedFile::Open(path.c_str(), &detail);
  return file.ok() && LooksLikeNpz(file->bytes());
}

std::unique_ptr<Checkpoint> Open(const std::string& path, const ReadOptions& options) {
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->path = path;
  ErrorDetail detail;
  checkpoint->files.push_back(
      Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path));
  const tissu::Loaded loaded = tissu::LoadArrays(
      ReadNpz(checkpoint->files.back().bytes(), true, path), path, checkpoint.get());
  tissu::Build(loaded.parts, path, options, checkpoint.get());
  return checkpoint;
}

constexpr std::string_view kCapabilities[] = {"file",        "--heads",  "--context",
                                              "--tokenizer", "--config", "--pre-tokenizer"};

}  // namespace

const Reader kQuantaTissuNpz = {
    .name = "quantatissu-npz",
    .version = {1, 0, 0},
    .capabilities = kCapabilities,
    .expects = "a QuantaTissu .npz file",
    .probe = Probe,
    .open = Open,
};

}  // namespace quanta::converter
