// SPDX-License-Identifier: MIT
//
// Reads QuantaTissu's files: the input as a checkpoint of the C++ core; as the names and
// shapes of an .npz file's arrays, a line each; and as the merges or the vocabulary of a
// tokenizer. What is accepted must be a model in range, readable to its last number, and a
// tokenizer that encodes.
#include <sstream>
#include <string>

#include "converter/error.h"
#include "converter/readers/quantatissu_core.h"
#include "converter/readers/quantatissu_npz.h"
#include "converter/tokenizer/quantatissu.h"
#include "quanta/check.h"
#include "runtime/format/roles.h"
#include "runtime/text/tokenizer_impl.h"
#include "tests/fuzz/fuzz.h"

namespace quanta {
namespace {

namespace tissu = converter::tissu;

constexpr uint32_t kContext = 3;
constexpr uint64_t kMaxNumbers = 4096;  // of the arrays that are made up

template <class Body>
bool Accepts(const Body& use) {
  try {
    use();
    return true;
  } catch (const converter::Error& error) {
    const Code code = error.code();
    QUANTA_CHECK(code == Code::kCorrupt || code == Code::kUnsupported ||
                 code == Code::kInvalidArgument);
    return false;
  }
}

void CheckModel(const converter::Checkpoint& checkpoint) {
  const format::Architecture& a = checkpoint.architecture;
  QUANTA_CHECK(a.heads * a.head_dim == a.hidden && a.heads % a.kv_heads == 0);
  QUANTA_CHECK(a.layers.size() != 0 && a.context == kContext);
  for (const converter::SourceTensor& tensor : checkpoint.tensors) {
    const format::RoleShape shape = format::ShapeOf(a, tensor.role);
    QUANTA_CHECK(tensor.rows == shape.rows && tensor.columns == shape.columns);
    std::vector<float> numbers(tensor.columns);
    for (uint32_t row = 0; row < tensor.rows; ++row) tensor.source->Read(row, 1, numbers.data());
  }
}

bool UseCoreFile(const std::string& file, uint32_t heads) {
  return Accepts([&] {
    const auto bytes = std::as_bytes(std::span(file));
    tissu::LooksLikeCoreFile(bytes);
    size_t state = 0;
    const auto arrays = tissu::ReadCoreFile(bytes, "fuzz", &state);
    converter::Checkpoint checkpoint;
    tissu::Build(tissu::AssignInOrder(tissu::Program::kCore, arrays, "fuzz"), "fuzz",
                 {.heads = heads, .context = kContext}, &checkpoint);
    CheckModel(checkpoint);
  });
}

/// "transformer_blocks.0.mha.Wq 8 8": an array of that name and shape, of f32 ones.
bool UseNames(const std::string& text, uint32_t heads) {
  static const std::vector<float> kOnes(kMaxNumbers, 1.0f);
  return Accepts([&] {
    std::map<std::string, converter::NpyArray> arrays;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string name;
      words >> name;
      converter::NpyArray array{"F32", {}, false, {}};
      uint64_t count = 1, extent = 0;
      bool overflow = false;
      while (words >> extent) {
        array.shape.push_back(extent);
        overflow |= __builtin_mul_overflow(count, extent, &count);
      }
      if (overflow || count > kMaxNumbers) return;  // no file could hold it
      array.bytes = std::as_bytes(std::span(kOnes).first(static_cast<size_t>(count)));
      arrays.insert_or_assign(name, std::move(array));
    }
    converter::Checkpoint checkpoint;
    const tissu::Loaded loaded = tissu::LoadArrays(std::move(arrays), "fuzz", &checkpoint);
    tissu::Build(loaded.parts, "fuzz", {.heads = heads, .context = kContext}, &checkpoint);
    CheckModel(checkpoint);
  });
}

std::string ByteVocabulary() {
  std::string json = "{";
  for (int byte = 0; byte < 256; ++byte) {
    json += "\"" + std::to_string(byte) + "\":[" + std::to_string(byte) + "],";
  }
  return json + "\"256\":[97,98]}";
}

bool UseTokenizer(std::string_view vocab, std::string_view merges, converter::TissuWords words) {
  return Accepts([&] {
    const auto tables = converter::ReadTissuTokenizer({"fuzz", vocab, merges}, words, true, 4096);
    const auto view = tables.View();
    ErrorDetail detail;
    const auto tokenizer = text::CreateTokenizer(view.value(), &detail);
    QUANTA_CHECK(tokenizer.ok());
    TokenBuffer ids;
    QUANTA_CHECK(tokenizer->Encode("it's abc \xE2\x82\xAC 12", {}, &ids).ok());
    for (const int32_t id : ids.ids()) QUANTA_CHECK(id >= 0 && id < 4096);
  });
}

void Append(std::string* bytes, const std::vector<uint64_t>& numbers) {
  bytes->append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(uint64_t));
}

/// A file of the core: V = 3, E = 4, F = 2, one block.
std::string CoreSeed(uint64_t kv_width) {
  const std::vector<std::vector<uint64_t>> shapes = {
      {3, 4}, {4, 4}, {4, kv_width}, {4, kv_width}, {4, 4}, {4, 2}, {1, 2}, {2, 4}, {1, 4},
      {1, 4}, {1, 4}, {1, 4},        {1, 4},        {1, 4}, {1, 4}, {4, 3}, {1, 3}};
  std::string bytes;
  Append(&bytes, {shapes.size()});
  for (const auto& shape : shapes) {
    const uint64_t count = shape[0] * shape[1];
    Append(&bytes, {2, shape[0], shape[1], count});
    bytes.append(count * sizeof(float), '\x3f');
  }
  bytes.append(4, '\0');
  Append(&bytes, {0, 0});
  return bytes;
}

constexpr const char* kNames =
    "embeddings 3 4\noutput_proj 4 3\ntransformer_blocks.0.mha.Wq 4 4\n"
    "transformer_blocks.0.mha.Wk 4 2\ntransformer_blocks.0.mha.Wv 4 2\n"
    "transformer_blocks.0.mha.Wo 4 4\ntransformer_blocks.0.ffn.W1 4 2\n"
    "transformer_blocks.0.ffn.b1 2\ntransformer_blocks.0.ffn.W2 2 4\n"
    "transformer_blocks.0.ffn.b2 4\ntransformer_blocks.0.ln1.gamma 4\n"
    "transformer_blocks.0.ln2.gamma 4\ntransformer_blocks.0.mha.lora_q.lora_A 4 1\n"
    "transformer_blocks.0.mha.lora_q.lora_B 1 4\ntransformer_blocks.0.mha.lora_v.lora_A 4 1\n"
    "transformer_blocks.0.mha.lora_v.lora_B 1 2\n";
constexpr const char* kNumbered =
    "param_0 3 4\nparam_1 4 4\nparam_2 4 2\nparam_3 4 2\nparam_4 4 4\nparam_5 4 2\nparam_6 2\n"
    "param_7 2 4\nparam_8 4\nparam_9 4\nparam_10 4\nparam_11 4\nparam_12 4\n";
constexpr const char* kUnqualified =
    "embeddings 3 4\noutput_proj 4 3\nWq 4 4\nWk 4 4\nWv 4 4\nWo 4 4\nW1 4 2\nb1 2\nW2 2 4\nb2 4\n"
    "gamma 4\nbeta 4\n";

}  // namespace

namespace fuzz {

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  for (const std::string& file :
       {CoreSeed(4), CoreSeed(2), std::string(kNames), std::string(kNumbered),
        std::string(kUnqualified), std::string("# two\n97 98\n256 99\n"),
        std::string("97 98 256\n"), ByteVocabulary()}) {
    seeds.emplace_back(file.begin(), file.end());
  }
  return seeds;
}

}  // namespace fuzz
}  // namespace quanta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using quanta::converter::TissuWords;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  static const std::string vocabulary = quanta::ByteVocabulary();
  for (const uint32_t heads : {0u, 2u}) {
    quanta::fuzz::accepted += quanta::UseCoreFile(bytes, heads);
    quanta::fuzz::accepted += quanta::UseNames(bytes, heads);
  }
  for (const TissuWords words : {TissuWords::kPython, TissuWords::kCore}) {
    quanta::fuzz::accepted += quanta::UseTokenizer(vocabulary, bytes, words);
    quanta::fuzz::accepted += quanta::UseTokenizer(bytes, "97 98 256\n", words);
  }
  return 0;
}
