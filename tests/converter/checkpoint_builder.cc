// SPDX-License-Identifier: MIT
#include "tests/converter/checkpoint_builder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace quanta::converter::testing {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "quanta_test.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TempFolder::List() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TestTensor TestTensor::Of(const std::string& dtype, std::vector<uint64_t> shape) {
  static uint32_t seed = 1;
  uint64_t count = 1;
  for (const uint64_t extent : shape) count *= extent;
  TestTensor tensor{dtype, std::move(shape), {}};
  for (uint64_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    const float value = (static_cast<float>(seed >> 8) / 16777216.0f - 0.5f) * 0.2f;
    char bytes[4];
    std::memcpy(bytes, &value, 4);
    if (dtype == "F32") {
      tensor.bytes.append(bytes, 4);
    } else if (dtype == "BF16") {
      tensor.bytes.append(bytes + 2, 2);  // cut off: a bf16 near it
    } else {
      // Any finite f16: sign and 14 bits, below infinity.
      const auto half = static_cast<uint16_t>(seed >> 16 & 0xb3ff);
      std::memcpy(bytes, &half, 2);
      tensor.bytes.append(bytes, 2);
    }
  }
  return tensor;
}

std::string Safetensors(const std::map<std::string, TestTensor>& tensors,
                        void (*header_edit)(Json& header)) {
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {{"dtype", tensor.dtype},
                    {"shape", tensor.shape},
                    {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  if (header_edit != nullptr) header_edit(header);
  const std::string text = header.dump();
  const uint64_t length = text.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + text + data;
}

TinyLlama::TinyLlama() {
  config = {{"architectures", {"LlamaForCausalLM"}},
            {"model_type", "llama"},
            {"vocab_size", 768},  // as the fixtures' tokenizer
            {"hidden_size", 8},
            {"intermediate_size", 12},
            {"num_hidden_layers", 2},
            {"num_attention_heads", 2},
            {"num_key_value_heads", 1},
            {"hidden_act", "silu"},
            {"max_position_embeddings", 64},
            {"rms_norm_eps", 1e-5},
            {"rope_theta", 10000.0},
            {"bos_token_id", 1},
            {"eos_token_id", 0},
            {"tie_word_embeddings", false}};
  MakeTensors();
}

void TinyLlama::MakeTensors(const std::string& dtype) {
  const auto number = [&](const char* key) { return config.at(key).get<uint64_t>(); };
  const auto flag = [&](const char* key) { return config.value(key, false); };
  const uint64_t hidden = number("hidden_size"), ffn = number("intermediate_size");
  const uint64_t heads = number("num_attention_heads");
  const uint64_t kv_heads = config.value("num_key_value_heads", heads);
  const uint64_t head_dim = config.value("head_dim", hidden / heads);
  const uint64_t q = heads * head_dim, kv = kv_heads * head_dim;

  tensors.clear();
  const auto linear = [&](const std::string& name, uint64_t rows, uint64_t columns, bool bias) {
    tensors[name + ".weight"] = TestTensor::Of(dtype, {rows, columns});
    if (bias) tensors[name + ".bias"] = TestTensor::Of(dtype, {rows});
  };
  const auto vector = [&](const std::string& name) {
    tensors[name + ".weight"] = TestTensor::Of(dtype, {hidden});
  };
  linear("model.embed_tokens", number("vocab_size"), hidden, false);
  for (uint64_t i = 0; i < number("num_hidden_layers"); ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    const bool attention = flag("attention_bias"), mlp = flag("mlp_bias");
    vector(layer + "input_layernorm");
    linear(layer + "self_attn.q_proj", q, hidden, attention);
    linear(layer + "self_attn.k_proj", kv, hidden, attention);
    linear(layer + "self_attn.v_proj", kv, hidden, attention);
    linear(layer + "self_attn.o_proj", hidden, q, attention);
    vector(layer + "post_attention_layernorm");
    linear(layer + "mlp.gate_proj", ffn, hidden, mlp);
    linear(layer + "mlp.up_proj", ffn, hidden, mlp);
    linear(layer + "mlp.down_proj", hidden, ffn, mlp);
  }
  vector("model.norm");
  if (!flag("tie_word_embeddings")) linear("lm_head", number("vocab_size"), hidden, false);
}

void TinyLlama::Write(const std::string& folder) const {
  fs::create_directories(folder);
  WriteFile(folder + "/config.json", config.dump(1));
  WriteFile(folder + "/model.safetensors", Safetensors(tensors));
  if (!tokenizer) return;
  fs::copy_file(QUANTA_TEST_DATA "/hf/llama_tied/tokenizer.json", folder + "/tokenizer.json",
                fs::copy_options::overwrite_existing);
}

}  // namespace quanta::converter::testing
