// SPDX-License-Identifier: MIT
//
// From a family's table of names to the tensors of a model.
#include <algorithm>
#include <cstring>
#include <utility>

#include "converter/error.h"
#include "converter/families/family.h"
#include "converter/families/settings.h"

namespace quanta::converter {
namespace {

using format::Role;
using format::RoleBit;
using format::RoleSet;

constexpr std::string_view kPrefix = "model.";

/// Whether two tensors of one shape hold the same numbers. Keeps no page of them.
bool SameNumbers(const SourceTensor& a, const SourceTensor& b) {
  std::vector<float> x(a.columns), y(a.columns);
  for (uint32_t row = 0; row < a.rows; ++row) {
    a.source->Read(row, 1, x.data());
    b.source->Read(row, 1, y.data());
    a.source->Release(row, 1);
    b.source->Release(row, 1);
    if (std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) != 0) return false;
  }
  return true;
}

/// Takes the tensors in the order of the table: that in which a forward pass reads them.
class Taker {
 public:
  Taker(const Family& family, const FamilyInput& input, const OptionalRoles& optional,
        Checkpoint* checkpoint)
      : family_(family), input_(input), tensors_(input.tensors), out_(*checkpoint) {
    const format::Architecture& a = checkpoint->architecture;
    model_roles_ = format::ModelRoles(a).required | optional.model;
    layer_roles_ = format::LayerRoles(a).required | optional.layer;
    // Saved without its head, as a bare model, names have no prefix.
    const std::string embedding = FullName(family, Role::kEmbedding, -1);
    bare_ = !tensors_.Has(embedding) && tensors_.Has(embedding.substr(kPrefix.size()));
  }

  void TakeAll() {
    bool layers_done = false;
    for (const TensorName& entry : family_.tensors) {
      if (format::IsModelRole(entry.role)) {
        TakeModelTensor(entry.role);
      } else if (!layers_done) {
        for (size_t i = 0; i < out_.architecture.layers.size(); ++i) {
          TakeLayer(static_cast<int32_t>(i));
        }
        layers_done = true;
      }
    }
    DropRotaryBuffers();
    tensors_.RefuseLeftOver("a tensor that is not part of a " + std::string(family_.name) +
                            " model as its configuration describes it cannot be left out");
  }

 private:
  std::string Name(Role role, int32_t layer) const {
    std::string name = FullName(family_, role, layer);
    if (bare_ && name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
    return name;
  }

  void TakeLayer(int32_t layer) {
    for (const TensorName& entry : family_.tensors) {
      if (format::IsModelRole(entry.role) || (layer_roles_ & RoleBit(entry.role)) == 0) continue;
      out_.tensors.push_back(Take(entry.role, layer));
    }
  }

  void TakeModelTensor(Role role) {
    const bool wanted = (model_roles_ & RoleBit(role)) != 0;
    if (role == Role::kHead) {
      TakeHead(wanted);
    } else if (wanted) {
      out_.tensors.push_back(Take(role, -1));
    }
  }

  SourceTensor Take(Role role, int32_t layer) {
    const format::RoleShape shape = format::ShapeOf(out_.architecture, role);
    const std::string name = Name(role, layer);
    SourceTensor tensor;
    if (format::IsVectorRole(role)) {
      tensor = tensors_.TakeVector(name, role, layer, shape.columns);
    } else {
      uint32_t begin = 0, whole = 0;
      Extent(role, &begin, &whole);
      tensor = tensors_.TakeRows(name, role, layer, {whole, shape.columns}, begin, shape.rows);
    }
    if (IsNormGain(role) && family_.unit_offset && !input_.whole_gains) {
      tensor.source =
          Transformed(std::move(tensor.source), tensor.columns, [](std::span<float> gains) {
            for (float& gain : gains) gain += 1;
          });
    }
    return tensor;
  }

  /// Where the rows of `role` lie in the tensor that it shares with others of its name.
  void Extent(Role role, uint32_t* begin, uint32_t* whole) const {
    const auto named = std::find_if(family_.tensors.begin(), family_.tensors.end(),
                                    [&](const TensorName& entry) { return entry.role == role; });
    for (const TensorName& entry : family_.tensors) {
      if (entry.name != named->name) continue;
      if (entry.role == role) *begin = *whole;
      *whole += format::ShapeOf(out_.architecture, entry.role).rows;
    }
  }

  void TakeHead(bool wanted) {
    const std::string name = Name(Role::kHead, -1);
    if (wanted) {
      if (!tensors_.Has(name)) {
        throw Error(Code::kCorrupt, out_.path, "tensor '" + name + "' is missing",
                    "if the embedding serves as the head, config.json must say "
                    "\"tie_word_embeddings\": true");
      }
      out_.tensors.push_back(Take(Role::kHead, -1));
      return;
    }
    if (!tensors_.Has(name)) return;
    // Some writers store the tied tensor twice. That is fine as long as it is one.
    const SourceTensor head = Take(Role::kHead, -1);
    const SourceTensor& embedding = out_.tensors.front();
    if (!SameNumbers(head, embedding)) {
      throw Error(
          Code::kCorrupt, out_.path,
          "tie_word_embeddings is true, but '" + name + "' differs from '" + embedding.name + "'",
          "set tie_word_embeddings to false if the head is its own");
    }
    out_.notes.push_back("'" + name + "' equals the embedding and is stored once");
  }

  /// Old checkpoints hold the rotation's frequencies, which follow from config.json.
  void DropRotaryBuffers() {
    size_t dropped = 0;
    for (const std::string& name : tensors_.Left()) {
      if (!name.ends_with("rotary_emb.inv_freq")) continue;
      tensors_.Drop(name);
      ++dropped;
    }
    if (dropped == 0) return;
    out_.notes.push_back(
        Format("%zu rotary_emb.inv_freq buffers are left out: the frequencies follow from "
               "config.json, as in transformers",
               dropped));
  }

  const Family& family_;
  const FamilyInput& input_;
  TensorSet& tensors_;
  Checkpoint& out_;
  RoleSet model_roles_ = 0, layer_roles_ = 0;
  bool bare_ = false;
};

}  // namespace

bool IsNormGain(Role role) {
  switch (role) {
    case Role::kFinalNorm:
    case Role::kAttentionNorm:
    case Role::kAttentionPostNorm:
    case Role::kFfnNorm:
    case Role::kFfnPostNorm:
    case Role::kQNorm:
    case Role::kKNorm:
      return true;
    default:
      return false;
  }
}

std::string FullName(const Family& family, Role role, int32_t layer) {
  for (const TensorName& entry : family.tensors) {
    if (entry.role != role) continue;
    if (format::IsModelRole(role)) return std::string(entry.name);
    return std::string(kPrefix) + "layers." + std::to_string(layer) + "." + std::string(entry.name);
  }
  return {};
}

void BuildCheckpoint(const Family& family, const FamilyInput& input, Checkpoint* checkpoint) {
  checkpoint->family = family.name;
  const OptionalRoles optional = family.configure(input, checkpoint);
  IgnoreHarmlessSettings(input.config);
  RequireOffSettings(input.config);
  input.config.RefuseUnread(input.allowed_keys);
  Taker(family, input, optional, checkpoint).TakeAll();
}

}  // namespace quanta::converter
