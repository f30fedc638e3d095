// SPDX-License-Identifier: MIT
//
// Reads GGUF files: the container, then the settings, the tokenizer and the template of what
// is accepted. Tensors must lie in the file and be readable to their last number.
#include <span>
#include <string>
#include <vector>

#include "converter/error.h"
#include "converter/gguf/container.h"
#include "converter/gguf/read_config.h"
#include "converter/gguf/tokenizer.h"
#include "converter/tensor_source.h"
#include "quanta/check.h"
#include "tests/converter/gguf/builder.h"
#include "tests/fuzz/fuzz.h"

namespace quanta {
namespace {

/// Whether `use` takes the file; else its error is one for people.
template <class Body>
bool Accepts(const Body& use) {
  try {
    use();
    return true;
  } catch (const converter::Error& error) {
    const Code code = error.code();
    QUANTA_CHECK(code == Code::kCorrupt || code == Code::kUnsupported || code == Code::kNotFound ||
                 code == Code::kLimit);
    return false;
  }
}

void UseTensors(const converter::GgufFile& gguf, const std::string& bytes) {
  for (const converter::GgufTensor& tensor : gguf.tensors) {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
    QUANTA_CHECK(tensor.bytes.data() >= begin);
    QUANTA_CHECK(tensor.bytes.data() + tensor.bytes.size() <= begin + bytes.size());
    const uint64_t columns = tensor.shape.back();
    const uint64_t count = tensor.bytes.size() / tensor.type->block_bytes * tensor.type->block;
    std::vector<float> numbers(count);
    converter::StoredRows(tensor.bytes, *tensor.type, static_cast<uint32_t>(columns), false)
        ->Read(0, static_cast<uint32_t>(count / columns), numbers.data());
  }
}

bool Use(const std::string& bytes) {
  converter::GgufFile gguf;
  const bool fine = Accepts([&] {
    gguf = converter::ParseGguf(std::as_bytes(std::span(bytes)), "fuzz");
    UseTensors(gguf, bytes);
  });
  if (!fine) return false;
  bool all = Accepts([&] { converter::ReadGgufModel(gguf, "fuzz", {}); });
  all &= Accepts([&] { converter::ReadGgufTokenizer(gguf, 0, "fuzz"); });
  all &= Accepts([&] { converter::ReadGgufChat(gguf, "fuzz"); });
  return all;
}

converter::testing::GgufBuilder Model(const std::string& architecture) {
  converter::testing::GgufBuilder gguf;
  gguf.Text("general.architecture", architecture);
  for (const char* key :
       {"context_length", "embedding_length", "block_count", "feed_forward_length"}) {
    gguf.Count(architecture + "." + key, 4);
  }
  gguf.Count(architecture + ".attention.head_count", 1);
  gguf.Float(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
  gguf.Ints(architecture + ".attention.head_count_kv", {1, 1, 1, 1});
  gguf.TensorF32("token_embd.weight", {5, 4}, std::vector<float>(20, 1));
  gguf.Text("tokenizer.chat_template", "{{ messages }}");
  gguf.Ints("tokenizer.ggml.token_type", {3, 1, 1, 1, 4});
  return gguf;
}

}  // namespace

namespace fuzz {

std::vector<Input> Seeds() {
  auto bpe = Model("llama");
  bpe.Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "llama-bpe");
  bpe.Texts("tokenizer.ggml.tokens", {"<s>", "a", "b", "ab", "<tool>"});
  bpe.Texts("tokenizer.ggml.merges", {"a b"}).Count("tokenizer.ggml.bos_token_id", 0);
  bpe.TensorF32("rope_freqs.weight", {2}, {1, 8});
  auto pieces = Model("phi3");
  pieces.Text("tokenizer.ggml.model", "llama").Floats("tokenizer.ggml.scores", {0, -1, -2, -3, 0});
  pieces.Texts("tokenizer.ggml.tokens", {"<unk>", "\u2581", "b", "\u2581b", "<tool>"});
  pieces.Text("phi3.rope.scaling.type", "yarn").Float("phi3.rope.scaling.factor", 4);
  pieces.Count("phi3.rope.scaling.original_context_length", 2);
  pieces.Tensor("blk.0.ffn_up.weight", {1, 256}, 12, std::string(144, '\3'));
  pieces.Tensor("blk.0.ffn_down.weight", {1, 32}, 8, std::string(34, '\3'));
  std::vector<Input> seeds;
  for (const std::string& file : {bpe.Bytes(), pieces.Bytes()}) {
    seeds.emplace_back(file.begin(), file.end());
  }
  return seeds;
}

}  // namespace fuzz
}  // namespace quanta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  quanta::fuzz::accepted += quanta::Use(bytes);
  return 0;
}
