// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "converter/families/family.h"
#include "converter/rope.h"

/// What the families share: sizes and settings that config.json files have under the same
/// keys, and the names of the tensors of most.
namespace quanta::converter {

/// What transformers' class of the family assumes where config.json says nothing.
struct Defaults {
  uint32_t kv_heads = 0;  ///< 0: as many as heads
  uint32_t head_dim = 0;  ///< 0: hidden / heads
  uint32_t context = 2048;
  double eps = 1e-6;
  std::string_view activation_key = "hidden_act";
  const char* activation = nullptr;  ///< null: must be said
};

/// Sizes, norms and activation of a pre-norm gated decoder with RMS norms; layers without
/// window and rotation. Checks that heads divide.
void ReadSizes(const FamilyInput& input, const Defaults& defaults, Checkpoint* checkpoint);

/// Reads the one rotation of a model into its ropes, and gives it to every layer. A
/// context that it limits is shortened with a note.
void ReadOneRope(const FamilyInput& input, double theta, bool partial, Checkpoint* checkpoint);
/// Adds a rotation to the ropes, of which there is room for `total`; returns its index.
int32_t AddRope(RopeTable table, size_t total, Checkpoint* checkpoint);

/// `layer_types`: for each layer whether it slides. Nothing if the key is absent.
std::optional<std::vector<bool>> ReadLayerTypes(Config& config, size_t layers);
/// The window of each layer that slides.
void SetWindows(const std::vector<bool>& slides, uint32_t window, Checkpoint* checkpoint);
/// `sliding_window` under `use_sliding_window`, and the layers it is for, as Qwen2, Qwen3
/// and SmolLM3 have them. `by_default`: the layers that slide where layer_types is absent.
void ReadSwitchedWindow(Config& config, const std::vector<bool>& by_default,
                        Checkpoint* checkpoint);
/// The same with the layers from `max_window_layers` on, as Qwen 2 and 3 have it.
void ReadQwenWindow(Config& config, Checkpoint* checkpoint);

/// The head, unless `tie_word_embeddings` (by default `tied`).
format::RoleSet ReadHead(Config& config, bool tied);

/// The names of a Llama's tensors, which most families use.
std::span<const TensorName> LlamaNames();
inline constexpr format::RoleSet kQkvBiases = format::RoleBit(format::Role::kQBias) |
                                              format::RoleBit(format::Role::kKBias) |
                                              format::RoleBit(format::Role::kVBias);
inline constexpr format::RoleSet kAttentionBiases =
    kQkvBiases | format::RoleBit(format::Role::kOBias);
inline constexpr format::RoleSet kMlpBiases = format::RoleBit(format::Role::kGateBias) |
                                              format::RoleBit(format::Role::kUpBias) |
                                              format::RoleBit(format::Role::kDownBias);
inline constexpr format::RoleSet kHeadNorms =
    format::RoleBit(format::Role::kQNorm) | format::RoleBit(format::Role::kKNorm);

// For describe(): what a family cannot express is an error.

/// The number with the fewest digits within that relative distance: 256 for 256.0000058.
double Shortest(double value, double tolerance);
/// Throws unless all layers have the same window; returns it.
uint32_t OneWindow(const format::Architecture& architecture);
/// layer_types, and the window of the layers that slide (0: none does).
uint32_t DescribeWindows(const format::Architecture& architecture, Json* config);
/// The same with the switch that ReadSwitchedWindow reads.
void DescribeSwitchedWindow(const format::Architecture& architecture, Json* config);
/// `attention_bias` from the roles; they must be all or none of `set`.
bool DescribeBiases(const OptionalRoles& roles, format::RoleSet set, std::string_view what);
/// Throws Error(kUnsupported): the family cannot express `what`.
[[noreturn]] void CannotExpress(std::string_view what);

}  // namespace quanta::converter
