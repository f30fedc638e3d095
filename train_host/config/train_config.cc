// SPDX-License-Identifier: MIT
#include "train_host/config/train_config.h"

#include <algorithm>
#include <utility>

#include "converter/config.h"
#include "converter/error.h"
#include "runtime/format/limits.h"

namespace quanta::train {
namespace {

using converter::Config;
using converter::Error;
using converter::Format;
using converter::Json;

constexpr uint32_t kMost = UINT32_MAX;

/// One object of the file: typed reading, and no key may be left over.
class Section {
 public:
  Section(Config config) : config_(std::move(config)) {}

  void Read(const char* key, uint32_t* value, uint32_t most = kMost) {
    if (config_.Has(key)) *value = config_.Count(key, most);
  }
  /// Of numbers that may be 0.
  void ReadAny(const char* key, uint64_t* value) {
    const Json* found = config_.Find(key);
    if (found == nullptr) return;
    if (!found->is_number_unsigned() || found->get<uint64_t>() > kMost) {
      config_.Refuse(Code::kCorrupt, key,
                     Format("must be an integer from 0 to %u, not %s", kMost,
                            found->dump().substr(0, 80).c_str()));
    }
    *value = found->get<uint64_t>();
  }
  void Read(const char* key, double* value, double least, double most) {
    if (!config_.Has(key)) return;
    *value = config_.Number(key);
    if (*value >= least && *value <= most) return;
    config_.Refuse(Code::kCorrupt, key,
                   Format("must be from %g to %g, not %g", least, most, *value));
  }
  void Read(const char* key, bool* value) { *value = config_.Bool(key, *value); }
  void Read(const char* key, std::string* value) { *value = config_.String(key, *value); }
  /// A text or a list of texts.
  void Read(const char* key, std::vector<std::string>* value) {
    const Json* found = config_.Find(key);
    if (found == nullptr) return;
    if (found->is_string()) {
      *value = {found->get<std::string>()};
      return;
    }
    if (!found->is_array())
      config_.Refuse(Code::kCorrupt, key, "must be a text or a list of texts");
    value->clear();
    for (const Json& entry : *found) {
      if (!entry.is_string()) config_.Refuse(Code::kCorrupt, key, "must hold texts only");
      value->push_back(entry.get<std::string>());
    }
  }
  /// One of some names.
  template <class Value>
  void Read(const char* key, std::initializer_list<std::pair<const char*, Value>> names,
            Value* value) {
    if (!config_.Has(key)) return;
    const std::string name = config_.String(key);
    std::string known;
    for (const auto& [its_name, its_value] : names) {
      known += (known.empty() ? "" : ", ") + std::string(its_name);
      if (name != its_name) continue;
      *value = its_value;
      return;
    }
    config_.Refuse(Code::kCorrupt, key, "must be one of " + known + ", not '" + name + "'");
  }
  Section Object(const char* key) { return Section(config_.Object(key)); }
  bool Has(const char* key) { return config_.Has(key); }

  void Close() const {
    const std::string unread = config_.FirstUnread();
    if (unread.empty()) return;
    throw Error(Code::kCorrupt, config_.place(), "unknown key " + unread,
                "docs/training.md lists the keys");
  }

 private:
  Config config_;
};

void ReadModel(Section section, ModelShape* model) {
  section.Read("vocab", &model->vocab, format::kMaxVocab);
  section.Read("layers", &model->layers, format::kMaxLayers);
  section.Read("hidden", &model->hidden, format::kMaxWidth);
  section.Read("heads", &model->heads, format::kMaxWidth);
  model->kv_heads = model->heads;
  section.Read("kv_heads", &model->kv_heads, format::kMaxWidth);
  if (model->heads != 0) model->head_dim = model->hidden / model->heads;
  section.Read("head_dim", &model->head_dim, format::kMaxWidth);
  section.Read("ffn", &model->ffn, format::kMaxWidth);
  section.Read("context", &model->context, format::kMaxContext);
  section.Read("rope_theta", &model->rope_theta, 1, 1e12);
  section.Read("norm_eps", &model->norm_eps, 1e-12, 0.1);
  section.Read("tied", &model->tied);
  section.Read("qkv_bias", &model->qkv_bias);
  section.Read("qk_norm", &model->qk_norm);
  section.Close();
}

void ReadData(Section section, DataConfig* data) {
  section.Read("train", &data->train);
  section.Read("eval", &data->eval);
  section.Read("tokenizer", &data->tokenizer);
  section.Read("end_token", &data->end_token);
  section.Read("separator", &data->separator);
  section.Read("packing", {{"split", Packing::kSplit}, {"whole", Packing::kWhole}}, &data->packing);
  section.Close();
}

void ReadRun(Section section, RunConfig* run) {
  section.ReadAny("steps", &run->steps);
  section.Read("batch", &run->batch, 1u << 16);
  section.Read("accumulate", &run->accumulate, 1u << 16);
  section.Read("length", &run->length, format::kMaxContext);
  section.Read("clip", &run->clip, 0, 1e9);
  section.Read("dropout", &run->dropout, 0, 0.9);
  section.Read("label_smoothing", &run->smoothing, 0, 0.9);
  section.Read("init_deviation", &run->init_deviation, 1e-6, 10);
  section.ReadAny("seed", &run->seed);
  uint32_t threads = 0;
  section.Read("threads", &threads, 256);
  run->threads = static_cast<int>(threads);
  section.ReadAny("eval_every", &run->eval_every);
  section.ReadAny("eval_batches", &run->eval_batches);
  section.ReadAny("patience", &run->patience);
  section.ReadAny("save_every", &run->save_every);
  section.ReadAny("keep", &run->keep);
  section.ReadAny("log_every", &run->log_every);
  section.Read("spike", &run->spike, 1, 1e9);
  section.ReadAny("spikes", &run->spikes);
  section.Read("overfit_one_batch", &run->overfit);
  section.Read("sample_prompt", &run->sample_prompt);
  section.Read("sample_tokens", &run->sample_tokens, 1u << 16);
  section.Close();
}

void ReadOptimizer(Section section, TrainConfig* config) {
  Schedule& schedule = config->schedule;
  section.Read("lr", &schedule.peak, 0, 100);
  schedule.floor = schedule.peak / 10;
  section.Read("min_lr", &schedule.floor, 0, 100);
  section.ReadAny("warmup", &schedule.warmup);
  section.Read("schedule",
               {{"cosine", Decline::kCosine},
                {"linear", Decline::kLinear},
                {"constant", Decline::kConstant}},
               &schedule.decline);
  section.Read("beta1", &config->optimizer.beta1, 0, 0.99999);
  section.Read("beta2", &config->optimizer.beta2, 0, 0.999999);
  section.Read("eps", &config->optimizer.eps, 1e-20, 1);
  section.Read("weight_decay", &config->optimizer.decay, 0, 100);
  section.Close();
  schedule.steps = config->run.steps;
}

void ReadQat(Section section, QatConfig* qat) {
  using Scheme = std::optional<kernels::Panel>;
  const std::initializer_list<std::pair<const char*, Scheme>> names = {
      {"q4", kernels::Panel::kQ4}, {"q8", kernels::Panel::kQ8}, {"off", std::nullopt}};
  section.Read("scheme", names, &qat->scheme);
  qat->embed = qat->scheme;
  section.Read("embed",
               {{"q4", Scheme(kernels::Panel::kQ4)},
                {"q8", Scheme(kernels::Panel::kQ8)},
                {"f32", Scheme(kernels::Panel::kF32)}},
               &qat->embed);
  section.ReadAny("from", &qat->from);
  section.Close();
}

void ReadLora(Section section, LoraConfig* lora) {
  section.Read("rank", &lora->rank, 1u << 16);
  lora->alpha = lora->rank;
  section.Read("alpha", &lora->alpha, 1e-6, 1e6);
  section.Close();
}

/// "run.steps=100" into the object that the path leads to.
void Apply(const std::string& setting, Json* json) {
  const size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(Code::kInvalidArgument, "", "--set " + setting + " has no key=value");
  }
  const std::string text = setting.substr(equals + 1);
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) value = text;
  Json* at = json;
  std::string path = setting.substr(0, equals);
  for (size_t dot; (dot = path.find('.')) != std::string::npos; path = path.substr(dot + 1)) {
    at = &(*at)[path.substr(0, dot)];
    if (!at->is_null() && !at->is_object()) {
      throw Error(Code::kInvalidArgument, "", "--set " + setting + ": no object has that key");
    }
  }
  (*at)[path] = value;
}

}  // namespace

TrainConfig ParseTrainConfig(const Json& json, const std::string& place) {
  Section root(Config(json, place));
  TrainConfig config;
  root.Read("init", &config.init);
  root.Read("output", &config.output);
  ReadModel(root.Object("model"), &config.model);
  ReadData(root.Object("data"), &config.data);
  ReadRun(root.Object("run"), &config.run);
  ReadOptimizer(root.Object("optimizer"), &config);
  ReadQat(root.Object("qat"), &config.qat);
  ReadLora(root.Object("lora"), &config.lora);
  root.Close();
  return config;
}

TrainConfig ReadTrainConfig(const std::string& path, std::span<const std::string> settings) {
  Json json = converter::ReadJson(path);
  for (const std::string& setting : settings) Apply(setting, &json);
  return ParseTrainConfig(json, path);
}

Json DescribeForResume(const TrainConfig& config) {
  const ModelShape& m = config.model;
  const RunConfig& run = config.run;
  const auto panel = [](const std::optional<kernels::Panel>& one) {
    return one ? static_cast<int>(*one) : -1;
  };
  return {{"model",
           {m.vocab, m.layers, m.hidden, m.heads, m.kv_heads, m.head_dim, m.ffn, m.context,
            m.rope_theta, m.norm_eps, m.tied, m.qkv_bias, m.qk_norm}},
          {"batch", {run.batch, run.passes(), config.length(), PackingName(config.data.packing)}},
          {"seed", run.seed},
          {"overfit_one_batch", run.overfit},
          {"lora", {config.lora.rank, config.lora.alpha}},
          {"qat", {panel(config.qat.scheme), panel(config.qat.embed), config.qat.from}}};
}

void CheckShape(const ModelShape& shape) {
  const auto refuse = [](const std::string& what) {
    throw Error(Code::kInvalidArgument, "", "impossible model: " + what);
  };
  if (shape.vocab == 0) refuse("model.vocab is 0");
  if (shape.layers == 0) refuse("model.layers is not set");
  if (shape.hidden == 0) refuse("model.hidden is not set");
  if (shape.heads == 0) refuse("model.heads is not set");
  if (shape.ffn == 0) refuse("model.ffn is not set");
  if (shape.context == 0) refuse("model.context is not set");
  if (shape.heads % shape.kv_heads != 0) {
    refuse(Format("model.kv_heads (%u) does not divide model.heads (%u)", shape.kv_heads,
                  shape.heads));
  }
  if (shape.head_dim == 0 || shape.head_dim % 2 != 0) {
    refuse(Format("model.head_dim (%u) must be even, to be rotated in pairs", shape.head_dim));
  }
  if (uint64_t{shape.heads} * shape.head_dim > format::kMaxWidth) {
    refuse("model.heads times model.head_dim is beyond any model");
  }
  if (shape.qkv_bias && shape.qk_norm) {
    refuse("no family of models has both model.qkv_bias and model.qk_norm");
  }
}

const char* PackingName(Packing packing) { return packing == Packing::kSplit ? "split" : "whole"; }

const char* DeclineName(Decline decline) {
  return decline == Decline::kCosine   ? "cosine"
         : decline == Decline::kLinear ? "linear"
                                       : "constant";
}

}  // namespace quanta::train
