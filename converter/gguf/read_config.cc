// SPDX-License-Identifier: MIT
#include "converter/gguf/read_config.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "converter/error.h"
#include "converter/families/common.h"
#include "converter/gguf/rotation.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Role;
using format::RoleBit;

/// Arrays beyond this are no settings of a decoder's layers.
constexpr uint64_t kMaxList = 65536;

Json NumberAt(const GgufValue& value, uint64_t i) {
  if (value.type == GgufType::kBool) return value.Integer(i) != 0;
  if (!value.is_integer()) return value.Number(i);
  const int64_t number = value.Integer(i);
  return number < 0 ? Json(number) : Json(static_cast<uint64_t>(number));
}

Json ToJson(const GgufValue& value) {
  if (value.is_text()) return value.texts[0];
  if (!value.is_array) return NumberAt(value, 0);
  if (value.is_texts() || value.count > kMaxList) {
    return Format("a list of %llu values", static_cast<unsigned long long>(value.count));
  }
  Json list = Json::array();
  for (uint64_t i = 0; i < value.count; ++i) list.push_back(NumberAt(value, i));
  return list;
}

/// A list whose entries, one for each layer, are all the same says one number.
Json WithoutRepetition(Json value) {
  if (!value.is_array() || value.empty()) return value;
  const bool same = std::all_of(value.begin(), value.end(),
                                [&](const Json& entry) { return entry == value.front(); });
  return same ? value.front() : value;
}

std::string TextOf(const GgufFile& file, std::string_view key) {
  const GgufValue* value = file.Find(key);
  return value != nullptr && value->is_text() ? std::string(value->texts[0]) : std::string();
}

std::string Supported() {
  std::string names;
  std::string_view last;
  for (const GgufArchitecture& architecture : GgufArchitectures()) {
    if (architecture.name == last) continue;
    last = architecture.name;
    names += (names.empty() ? "" : ", ") + std::string(last);
  }
  return "supported: " + names;
}

class ModelReader {
 public:
  ModelReader(const GgufFile& file, const std::string& place, const GgufArchitecture& architecture)
      : file_(file),
        place_(place),
        gguf_(Settings(std::string(architecture.name) + "."), place,
              std::string(architecture.name) + ".") {
    model_.architecture = &architecture;
    // A window makes a Mistral of a Llama.
    if (architecture.name == "llama" && Says("attention.sliding_window")) {
      model_.architecture = &ByFamily("mistral");
    }
  }

  GgufModel Read(std::span<const std::string> allowed) {
    const Family& family = FamilyOf(*model_.architecture);
    model_.config = {{"architectures", {family.architecture}}, {"model_type", family.model_type}};
    ReadVocabulary();
    ReadKeys(GgufCommonKeys());
    CompleteHeads();
    ReadKeys(model_.architecture->keys);
    ReadOptionalTensors();
    ReadGgufRotation(
        *model_.architecture, gguf_, [&](std::string_view name) { return Factors(name); },
        &model_.config, &model_.notes);
    model_.config[std::string(model_.architecture->activation_key)] =
        model_.architecture->activation;
    if (model_.architecture->complete != nullptr) model_.architecture->complete(&model_.config);
    CheckRest(allowed);
    return std::move(model_);
  }

 private:
  /// Whether the file has the setting. 0 stands for none: Phi-4's files have a window of 0.
  bool Says(std::string_view key) {
    const Json* value = gguf_.Find(key);
    return value != nullptr && *value != 0;
  }

  static const GgufArchitecture& ByFamily(std::string_view family) {
    const auto all = GgufArchitectures();
    return *std::find_if(all.begin(), all.end(),
                         [&](const GgufArchitecture& a) { return a.family == family; });
  }
  static const Family& FamilyOf(const GgufArchitecture& architecture) {
    const auto& all = Families().entries();
    return **std::find_if(all.begin(), all.end(), [&](const Family* family) {
      return family->name == architecture.family;
    });
  }

  /// The settings of the architecture, whose names begin with `prefix`.
  Json Settings(const std::string& prefix) const {
    Json settings = Json::object();
    for (auto entry = file_.settings.lower_bound(prefix);
         entry != file_.settings.end() && entry->first.starts_with(prefix); ++entry) {
      settings[entry->first.substr(prefix.size())] = WithoutRepetition(ToJson(entry->second));
    }
    return settings;
  }

  const GgufTensor* Tensor(std::string_view name) const {
    const auto found = std::find_if(file_.tensors.begin(), file_.tensors.end(),
                                    [&](const GgufTensor& tensor) { return tensor.name == name; });
    return found == file_.tensors.end() ? nullptr : &*found;
  }
  bool Has(Role role) const {
    const std::string name =
        GgufName(*model_.architecture, role, format::IsModelRole(role) ? -1 : 0);
    return !name.empty() && Tensor(name) != nullptr;
  }

  std::vector<float> Factors(std::string_view name) {
    const GgufTensor* tensor = Tensor(name);
    if (tensor == nullptr) return {};
    if (tensor->shape.size() != 1 || tensor->shape[0] > format::kMaxWidth) {
      throw Error(Code::kCorrupt, place_, "tensor '" + tensor->name + "' is no list of factors");
    }
    model_.used_tensors.push_back(tensor->name);
    std::vector<float> factors(static_cast<size_t>(tensor->shape[0]));
    tensor->type->widen(tensor->bytes.data(), factors.size() / tensor->type->block, factors.data());
    return factors;
  }

  /// The tokens are as many as the embedding has rows.
  void ReadVocabulary() {
    const std::string name = GgufName(*model_.architecture, Role::kEmbedding, -1);
    const GgufTensor* embedding = Tensor(name);
    if (embedding == nullptr || embedding->shape.size() != 2 ||
        embedding->shape[0] > format::kMaxVocab) {
      throw Error(Code::kCorrupt, place_,
                  "tensor '" + name + "' is missing or no embedding of tokens");
    }
    model_.config["vocab_size"] = embedding->shape[0];
    const auto rows = static_cast<uint32_t>(embedding->shape[0]);
    if (gguf_.Count("vocab_size", format::kMaxVocab, rows) != rows) {
      gguf_.Refuse(Code::kCorrupt, "vocab_size",
                   Format("is not what '%s' has rows (%u)", name.c_str(), rows));
    }
  }

  void ReadKeys(std::span<const GgufKey> keys) {
    for (const GgufKey& key : keys) {
      const std::string name(key.config);
      if (!key.required && !Says(key.gguf)) {
        if (key.fallback != 0) model_.config[name] = Fallback(key);
        continue;
      }
      if (key.kind == GgufKey::Kind::kCount) {
        model_.config[name] = gguf_.Count(key.gguf, UINT32_MAX);
      } else {
        model_.config[name] = gguf_.Number(key.gguf);
      }
    }
  }
  static Json Fallback(const GgufKey& key) {
    if (key.kind == GgufKey::Kind::kNumber) return key.fallback;
    return static_cast<uint32_t>(key.fallback);
  }

  /// What files leave out where it follows from the rest. Families assume other values.
  void CompleteHeads() {
    Json& config = model_.config;
    const auto heads = config["num_attention_heads"].get<uint32_t>();
    if (!config.contains("num_key_value_heads")) config["num_key_value_heads"] = heads;
    if (!config.contains("head_dim")) {
      const auto hidden = config["hidden_size"].get<uint32_t>();
      if (hidden % heads != 0) {
        gguf_.Refuse(Code::kCorrupt, "attention.head_count",
                     Format("(%u) does not divide embedding_length (%u)", heads, hidden));
      }
      config["head_dim"] = hidden / heads;
    }
    model_.head_dim = config["head_dim"].get<uint32_t>();
    if (gguf_.Count("attention.value_length", UINT32_MAX, model_.head_dim) != model_.head_dim) {
      gguf_.Refuse(
          Code::kUnsupported, "attention.value_length",
          Format("differs from attention.key_length (%u): not supported", model_.head_dim));
    }
  }

  void ReadOptionalTensors() {
    Json& config = model_.config;
    config["tie_word_embeddings"] = !Has(Role::kHead);
    const format::RoleSet roles = model_.architecture->roles;
    if ((roles & RoleBit(Role::kOBias)) != 0) config["attention_bias"] = Has(Role::kQBias);
    if ((roles & RoleBit(Role::kGateBias)) != 0) config["mlp_bias"] = Has(Role::kGateBias);
  }

  void CheckRest(std::span<const std::string> allowed) {
    // Says where the bytes came from.
    constexpr std::string_view kHarmless[] = {"tensor_data_layout"};
    gguf_.Ignore(kHarmless);
    gguf_.Require("expert_count", 0);
    gguf_.Require("expert_used_count", 0);
    gguf_.Require("attention.causal", true);
    gguf_.RefuseUnread(allowed);
  }

  const GgufFile& file_;
  const std::string& place_;
  Config gguf_;
  GgufModel model_;
};

}  // namespace

GgufModel ReadGgufModel(const GgufFile& file, const std::string& place,
                        std::span<const std::string> allowed) {
  const std::string kind = TextOf(file, "general.type");
  if (!kind.empty() && kind != "model") {
    throw Error(Code::kUnsupported, place, "general.type is '" + kind + "': this is no model");
  }
  const std::string name = TextOf(file, "general.architecture");
  if (name.empty()) throw Error(Code::kCorrupt, place, "general.architecture is missing");
  const auto all = GgufArchitectures();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const GgufArchitecture& a) { return a.name == name; });
  if (found == all.end()) {
    throw Error(Code::kUnsupported, place, "architecture " + name + " is not supported",
                Supported());
  }
  return ModelReader(file, place, *found).Read(allowed);
}

}  // namespace quanta::converter
