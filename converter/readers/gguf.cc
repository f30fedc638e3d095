// SPDX-License-Identifier: MIT
//
// llama.cpp's GGUF files: translated into the words of Hugging Face's checkpoints, which
// the families build models from.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "converter/error.h"
#include "converter/families/family.h"
#include "converter/gguf/architectures.h"
#include "converter/gguf/open.h"
#include "converter/gguf/pairs.h"
#include "converter/gguf/read_config.h"
#include "converter/gguf/tokenizer.h"
#include "converter/readers/reader.h"

namespace quanta::converter {
namespace {

using format::Role;

/// The rows as transformers has them, where an interleaved rotation had them rearranged.
TensorSourcePtr Restore(const GgufTensor& tensor, Role role, uint32_t head_dim) {
  const auto columns = static_cast<uint32_t>(tensor.shape.back());
  if (role == Role::kQ || role == Role::kK) {
    return PermuteRows(StoredRows(tensor.bytes, *tensor.type, columns, true), columns,
                       [head_dim](uint32_t row) { return InterleavedRow(row, head_dim); });
  }
  if (role == Role::kQBias || role == Role::kKBias) {
    return Transformed(StoredRows(tensor.bytes, *tensor.type, columns, true), columns,
                       [head_dim](std::span<float> bias) {
                         const std::vector<float> stored(bias.begin(), bias.end());
                         for (uint32_t i = 0; i < bias.size(); ++i) {
                           bias[i] = stored[InterleavedRow(i, head_dim)];
                         }
                       });
  }
  return nullptr;
}

/// Adds the tensors of a part under Hugging Face's names; those that nobody knows keep
/// theirs, and will be complained about.
void AddTensors(const GgufFile& file, const std::string& place, const GgufModel& model,
                const Family& family, TensorSet* tensors) {
  for (const GgufTensor& tensor : file.tensors) {
    const auto& used = model.used_tensors;
    if (std::find(used.begin(), used.end(), tensor.name) != used.end()) continue;
    RawTensor raw{place, std::string(tensor.type->name), tensor.shape, tensor.bytes};
    GgufTensorPlace at{};
    const bool known = FindGgufTensor(*model.architecture, tensor.name, &at);
    if (known && model.architecture->interleaved) {
      raw.source = Restore(tensor, at.role, model.head_dim);
    }
    tensors->Add(known ? FullName(family, at.role, at.layer) : tensor.name, std::move(raw));
  }
}

std::string TextOf(const GgufFile& file, const char* key) {
  const GgufValue* value = file.Find(key);
  return value != nullptr && value->is_text() ? std::string(value->texts[0]) : std::string();
}

std::unique_ptr<Checkpoint> Open(const std::string& path, const ReadOptions& options) {
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->path = path;
  checkpoint->source_format = "gguf";
  GgufParts parts = OpenGguf(path);
  // Tensors of other parts count when the first one's settings are read.
  GgufFile whole = parts.first;
  for (const GgufFile& other : parts.others) {
    whole.tensors.insert(whole.tensors.end(), other.tensors.begin(), other.tensors.end());
  }
  GgufModel model = ReadGgufModel(whole, path, options.allowed_keys);
  checkpoint->notes = std::move(model.notes);
  checkpoint->license = TextOf(whole, "general.license");

  Config config(std::move(model.config), path);
  const Family& family = FindFamily(config);
  TensorSet tensors(path);
  AddTensors(parts.first, path, model, family, &tensors);
  for (size_t i = 0; i < parts.others.size(); ++i) {
    AddTensors(parts.others[i], parts.paths[i + 1], model, family, &tensors);
  }
  BuildCheckpoint(family, {config, tensors, {}, model.architecture->whole_gains}, checkpoint.get());

  const auto settings = std::make_shared<const GgufFile>(std::move(parts.first));
  checkpoint->tokenizer = [settings, path](uint32_t vocab) {
    return ReadGgufTokenizer(*settings, vocab, path);
  };
  checkpoint->chat = [settings, path] { return ReadGgufChat(*settings, path); };
  checkpoint->files = std::move(parts.files);
  return checkpoint;
}

constexpr std::string_view kCapabilities[] = {"single-file", "parts", "tokenizer", "chat-template"};

}  // namespace

const Reader kGgufReader = {
    .name = "gguf",
    .version = {1, 0, 0},
    .capabilities = kCapabilities,
    .expects = "a GGUF file of llama.cpp",
    .probe = IsGguf,
    .open = Open,
};

}  // namespace quanta::converter
