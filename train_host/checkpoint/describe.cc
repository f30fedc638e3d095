// SPDX-License-Identifier: MIT
#include "train_host/checkpoint/describe.h"

#include <algorithm>
#include <span>

#include "converter/config.h"
#include "converter/error.h"
#include "converter/families/family.h"
#include "converter/rope.h"
#include "converter/tensor_source.h"
#include "runtime/format/roles.h"

namespace quanta::train {
namespace {

using converter::Checkpoint;
using converter::Error;
using converter::Json;
using converter::SourceTensor;
using format::Role;

struct Class {
  const char* architecture;
  const char* model_type;
};

Class ClassOf(const ModelShape& shape) {
  if (shape.qk_norm) return {"Qwen3ForCausalLM", "qwen3"};
  if (shape.qkv_bias) return {"Qwen2ForCausalLM", "qwen2"};
  return {"LlamaForCausalLM", "llama"};
}

Json HuggingFaceConfig(const ModelShape& shape) {
  const Class its = ClassOf(shape);
  return {{"architectures", {its.architecture}},
          {"model_type", its.model_type},
          {"vocab_size", shape.vocab},
          {"hidden_size", shape.hidden},
          {"num_hidden_layers", shape.layers},
          {"num_attention_heads", shape.heads},
          {"num_key_value_heads", shape.kv_heads},
          {"head_dim", shape.head_dim},
          {"intermediate_size", shape.ffn},
          {"max_position_embeddings", shape.context},
          {"hidden_act", "silu"},
          {"rms_norm_eps", shape.norm_eps},
          {"rope_theta", shape.rope_theta},
          {"tie_word_embeddings", shape.tied}};
}

SourceTensor Describe(const Parameter& parameter, const float* weights) {
  const auto bytes = std::as_bytes(std::span(weights + parameter.offset, parameter.count()));
  SourceTensor tensor;
  tensor.name = format::RoleName(parameter.role);
  tensor.role = parameter.role;
  tensor.layer = parameter.layer;
  tensor.dtype = "F32";
  tensor.matrix = parameter.matrix;
  tensor.rows = parameter.rows;
  tensor.columns = parameter.columns;
  tensor.bytes = bytes.size();
  tensor.source = converter::StoredRows(bytes, *converter::FindElementType("F32"),
                                        parameter.columns, /*mapped=*/false);
  return tensor;
}

[[noreturn]] void Unlike(const Checkpoint& checkpoint, const std::string& what) {
  throw Error(Code::kUnsupported, checkpoint.path, "the trainer has no " + what,
              "it trains plain Llama, Qwen 2 and Qwen 3 models");
}

double ThetaOf(const Checkpoint& checkpoint) {
  const format::Architecture& a = checkpoint.architecture;
  if (a.ropes.size() != 1) Unlike(checkpoint, "models with several rotations or none");
  const format::Rope& rope = a.ropes[0];
  const Json rule = Json::parse(rope.rule, nullptr, false);
  if (!rule.is_object() || !rule.contains("rope_theta") || !rule["rope_theta"].is_number()) {
    Unlike(checkpoint, "rotation whose rule is not stated");
  }
  const double theta = rule["rope_theta"].get<double>();
  const std::vector<float> plain = converter::PlainFrequencies(theta, a.head_dim);
  if (rope.magnitude != 1 || rope.pairing != format::RopePairing::kHalf ||
      !std::equal(plain.begin(), plain.end(), rope.inv_freq.begin(), rope.inv_freq.end())) {
    Unlike(checkpoint, "scaled or partial rotations");
  }
  return theta;
}

void CheckArchitecture(const Checkpoint& checkpoint) {
  const format::Architecture& a = checkpoint.architecture;
  if (a.norm != format::NormKind::kRms || a.norm_placement != format::NormPlacement::kPre ||
      !a.final_norm || a.norm_eps_outside) {
    Unlike(checkpoint, "norms of this kind");
  }
  if (a.activation != format::Activation::kSilu || !a.gated) {
    Unlike(checkpoint, "feed-forward blocks but gated ones with silu");
  }
  if (a.attention_softcap != 0 || a.logit_softcap != 0 || a.embedding_scale != 1 ||
      a.residual_scale != 1 || a.logit_scale != 1) {
    Unlike(checkpoint, "scales and soft caps");
  }
  for (const format::Layer& layer : a.layers) {
    if (layer.window != 0) Unlike(checkpoint, "sliding windows");
    if (layer.rope != 0) Unlike(checkpoint, "layers without rotation");
  }
}

/// Where a tensor of the checkpoint belongs, or null.
const Parameter* Find(const ParameterLayout& layout, const SourceTensor& tensor) {
  for (const Parameter& parameter : layout.parameters()) {
    if (parameter.role == tensor.role && parameter.layer == tensor.layer) return &parameter;
  }
  return nullptr;
}

bool Has(const Checkpoint& checkpoint, Role role) {
  return std::any_of(checkpoint.tensors.begin(), checkpoint.tensors.end(),
                     [role](const SourceTensor& tensor) { return tensor.role == role; });
}

}  // namespace

std::unique_ptr<Checkpoint> DescribeModel(const ModelShape& shape, const ParameterLayout& layout,
                                          const float* weights) {
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->source_format = "quanta-train";
  converter::Config config(HuggingFaceConfig(shape), "the model");
  const converter::Family& family = converter::FindFamily(config);
  converter::TensorSet none("");
  checkpoint->family = family.name;
  family.configure({config, none, {}}, checkpoint.get());
  for (const Parameter& parameter : layout.parameters()) {
    checkpoint->tensors.push_back(Describe(parameter, weights));
  }
  return checkpoint;
}

const char* ModelTypeOf(const ModelShape& shape) { return ClassOf(shape).model_type; }

ModelShape ShapeOf(const Checkpoint& checkpoint) {
  CheckArchitecture(checkpoint);
  const format::Architecture& a = checkpoint.architecture;
  return {.vocab = a.vocab,
          .layers = static_cast<uint32_t>(a.layers.size()),
          .hidden = a.hidden,
          .heads = a.heads,
          .kv_heads = a.kv_heads,
          .head_dim = a.head_dim,
          .ffn = a.ffn,
          .context = a.context,
          .rope_theta = ThetaOf(checkpoint),
          .norm_eps = std::stod(converter::Format("%.6g", static_cast<double>(a.norm_eps))),
          .tied = !Has(checkpoint, Role::kHead),
          .qkv_bias = Has(checkpoint, Role::kQBias),
          .qk_norm = Has(checkpoint, Role::kQNorm)};
}

void ReadWeights(const Checkpoint& checkpoint, const ParameterLayout& layout, float* weights) {
  std::fill_n(weights, layout.size(), 0.0f);
  size_t read = 0;
  for (const SourceTensor& tensor : checkpoint.tensors) {
    const Parameter* parameter = Find(layout, tensor);
    if (parameter == nullptr) Unlike(checkpoint, "tensors like '" + tensor.name + "'");
    if (parameter->rows != tensor.rows || parameter->columns != tensor.columns) {
      throw Error(
          Code::kCorrupt, checkpoint.path,
          converter::Format("tensor '%s' is [%u, %u], not [%u, %u]", tensor.name.c_str(),
                            tensor.rows, tensor.columns, parameter->rows, parameter->columns),
          "the checkpoint is of another shape");
    }
    tensor.source->Read(0, tensor.rows, weights + parameter->offset);
    ++read;
  }
  if (read != layout.parameters().size()) {
    throw Error(Code::kCorrupt, checkpoint.path, "lacks tensors that the model has",
                "the checkpoint is of another shape");
  }
}

}  // namespace quanta::train
