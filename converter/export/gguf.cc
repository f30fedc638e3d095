// SPDX-License-Identifier: MIT
//
// llama.cpp's GGUF files, from the words of Hugging Face's config.json.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "converter/error.h"
#include "converter/export/exporter.h"
#include "converter/export/out_tensor.h"
#include "converter/families/family.h"
#include "converter/gguf/architectures.h"
#include "converter/gguf/describe_tokenizer.h"
#include "converter/gguf/pairs.h"
#include "converter/gguf/rotation.h"
#include "converter/gguf/write_gguf.h"
#include "converter/json.h"
#include "converter/writer/atomic_file.h"

namespace quanta::converter {
namespace {

using format::Role;

constexpr uint32_t kQuantizationVersion = 2;  // of ggml's blocks

/// general.file_type: what most of a file's numbers are.
uint32_t FileType(std::string_view type) {
  constexpr std::pair<std::string_view, uint32_t> kTypes[] = {
      {"F32", 0}, {"F16", 1}, {"Q4_0", 2}, {"Q8_0", 7}, {"BF16", 32}};
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const auto& entry) { return entry.first == type; });
  return found == std::end(kTypes) ? 1 : found->second;
}

/// The rows of queries and keys, or their biases, as llama.cpp's rotation of neighbours has
/// them.
TensorSourcePtr Interleaved(const SourceTensor& tensor, uint32_t head_dim) {
  if (tensor.matrix) {
    return PermuteRows(tensor.source, tensor.columns,
                       [head_dim](uint32_t row) { return HalvesRow(row, head_dim); });
  }
  return Transformed(tensor.source, tensor.columns, [head_dim](std::span<float> bias) {
    const std::vector<float> halves(bias.begin(), bias.end());
    for (uint32_t i = 0; i < bias.size(); ++i) bias[i] = halves[HalvesRow(i, head_dim)];
  });
}

bool HasWord(const TokenizerTables& tokenizer, std::string_view word) {
  for (const auto& token : tokenizer.added) {
    if (token.content == word) return true;
  }
  const std::string_view all(reinterpret_cast<const char*>(tokenizer.token_bytes.data()),
                             tokenizer.token_bytes.size());
  for (uint32_t id = 0; id < tokenizer.vocab(); ++id) {
    const uint32_t begin = tokenizer.token_offsets[id];
    if (all.substr(begin, tokenizer.token_offsets[id + 1] - begin) == word) return true;
  }
  return false;
}

/// Whether llama.cpp would refuse the file for what it is called: of names with these it
/// expects Phi-3's own tokens.
bool NameMisleads(const std::string& name, const TokenizerTables* tokenizer) {
  const std::string lower = Lower(name);
  const bool phi = lower.find("phi3") != lower.npos || lower.find("phi-3") != lower.npos;
  if (!phi || tokenizer == nullptr) return false;
  constexpr std::string_view kWords[] = {"<unk>", "<s>", "</s>", "<|endoftext|>"};
  return !std::all_of(std::begin(kWords), std::end(kWords),
                      [&](std::string_view word) { return HasWord(*tokenizer, word); });
}

class GgufExport {
 public:
  GgufExport(const ExportInput& input, const ExportOptions& options, Progress* progress)
      : input_(input), options_(options), progress_(*progress) {}

  Report Run() {
    FindArchitecture();
    Plan();
    AddGeneral();
    AddModel();
    DescribeGgufTokenizer(input_.tokenizer, input_.chat, input_.checkpoint.architecture.vocab,
                          &header_, &report_.notes);
    AddDirectory();
    Write();
    return std::move(report_);
  }

 private:
  [[noreturn]] static void CannotSay(const std::string& what) {
    throw Error(Code::kUnsupported, "", "llama.cpp has no word for " + what,
                "leave the model in its own format");
  }

  void FindArchitecture() {
    const std::string& name = input_.checkpoint.family;
    for (const Family* family : Families().entries()) {
      if (family->name == name) family_ = family;
    }
    for (const GgufArchitecture& architecture : GgufArchitectures()) {
      if (architecture.family == name) architecture_ = &architecture;
    }
    if (family_ == nullptr || architecture_ == nullptr) {
      CannotSay("a " + (name.empty() ? "nameless" : name) + " model");
    }
  }

  // --- Tensors ----------------------------------------------------------------------

  void Plan() {
    tensors_ = PlanTensors(input_.checkpoint, options_.dtype, [this](const SourceTensor& tensor) {
      std::string name = GgufName(*architecture_, tensor.role, tensor.layer);
      if (name.empty()) CannotSay("tensor '" + tensor.name + "' in a " + family_->name.data());
      return name;
    });
    for (OutTensor& tensor : tensors_) {
      for (SourceTensor& part : tensor.parts) Prepare(&part);
      KeepBlocksWhole(&tensor);
    }
  }

  void Prepare(SourceTensor* part) {
    report_.source_bytes += part->bytes;
    const Role role = part->role;
    const bool turned =
        role == Role::kQ || role == Role::kK || role == Role::kQBias || role == Role::kKBias;
    if (turned && architecture_->interleaved) {
      part->source = Interleaved(*part, input_.checkpoint.architecture.head_dim);
    }
    if (family_->unit_offset && !architecture_->whole_gains && IsNormGain(role)) {
      part->source = Transformed(part->source, part->columns, [](std::span<float> gains) {
        for (float& gain : gains) gain -= 1;
      });
    }
  }

  void KeepBlocksWhole(OutTensor* tensor) {
    const uint32_t columns = tensor->parts[0].columns;
    if (columns % tensor->type->block == 0) return;
    report_.notes.push_back(
        Format("'%s' is stored in f16: its rows of %u numbers are no whole "
               "blocks of %u",
               tensor->name.c_str(), columns, tensor->type->block));
    tensor->type = FindElementType("F16");
  }

  void AddDirectory() {
    for (const auto& [name, factors] : rotation_.tensors) {
      const std::array<uint64_t, 1> shape{factors.size()};
      header_.AddTensor(name, shape, *FindElementType("F32"));
    }
    for (const OutTensor& tensor : tensors_) {
      header_.AddTensor(tensor.name, tensor.Shape(), *tensor.type);
    }
  }

  // --- Settings ---------------------------------------------------------------------

  /// The type of most matrices: those of the first layer.
  std::string_view MainType() const {
    if (!options_.dtype.empty()) return options_.dtype;
    const auto matrix = std::find_if(tensors_.begin(), tensors_.end(), [](const OutTensor& t) {
      return t.parts[0].matrix && t.parts[0].layer >= 0;
    });
    return matrix == tensors_.end() ? "F32" : matrix->type->name;
  }

  void AddGeneral() {
    header_.Add("general.architecture", architecture_->name);
    header_.Add("general.type", "model");
    AddName();
    if (!input_.checkpoint.license.empty()) {
      header_.Add("general.license", std::string_view(input_.checkpoint.license));
    }
    header_.Add("general.alignment", kGgufAlignment);
    header_.Add("general.file_type", FileType(MainType()));
    header_.Add("general.quantization_version", kQuantizationVersion);
  }

  void AddName() {
    if (input_.name.empty()) return;
    if (NameMisleads(input_.name, input_.tokenizer)) {
      report_.notes.push_back("the name '" + input_.name +
                              "' is left out: llama.cpp would look for Phi-3's own tokens");
      return;
    }
    header_.Add("general.name", std::string_view(input_.name));
  }

  void AddSetting(std::string_view key, const Json& value) {
    header_.AddJson(std::string(architecture_->name) + "." + std::string(key), value);
  }

  void AddModel() {
    const format::Architecture& a = input_.checkpoint.architecture;
    Json config = DescribeConfig(*family_, a, OptionalRolesOf(input_.checkpoint));
    config["head_dim"] = a.head_dim;  // which some families leave out
    if (architecture_->reduce != nullptr) architecture_->reduce(&config);
    rotation_ = DescribeGgufRotation(*architecture_, a.head_dim, &config);
    for (const auto& [key, value] : rotation_.settings) AddSetting(key, value);
    AddKeys(GgufCommonKeys(), &config);
    AddKeys(architecture_->keys, &config);
    AddSetting("attention.value_length", a.head_dim);
    CheckRest(std::move(config));
    NoteWindows();
  }

  /// Takes what `keys` have a word for out of `config`.
  void AddKeys(std::span<const GgufKey> keys, Json* config) {
    for (const GgufKey& key : keys) {
      const auto found = config->find(std::string(key.config));
      if (found == config->end()) continue;
      const Json value = std::move(*found);
      config->erase(found);
      if (value.is_null()) continue;
      AddSetting(key.gguf, key.kind == GgufKey::Kind::kCount ? Json(value.get<uint32_t>())
                                                             : Json(value.get<double>()));
    }
  }

  /// What is left must follow from the architecture or from the tensors there are.
  void CheckRest(Json config) const {
    const std::string activation(architecture_->activation_key);
    if (config.value(activation, "") != architecture_->activation) {
      CannotSay("this activation in a " + std::string(family_->name));
    }
    config.erase(activation);
    for (const char* implied : {"architectures", "model_type", "tie_word_embeddings",
                                "attention_bias", "mlp_bias", "hidden_act"}) {
      config.erase(implied);
    }
    for (const auto& [key, value] : config.items()) {
      if (!value.is_null()) CannotSay("the setting " + key + " of a " + family_->name.data());
    }
  }

  void NoteWindows() {
    uint32_t window = 0;
    for (const format::Layer& layer : input_.checkpoint.architecture.layers) {
      window = std::max(window, layer.window);
    }
    if (window == 0 || architecture_->windows_computed) return;
    report_.notes.push_back(
        Format("llama.cpp lets layers see all tokens of a %s: beyond the "
               "window of %u its results differ",
               family_->name.data(), window));
  }

  // --- The file ---------------------------------------------------------------------

  void Write() {
    ErrorDetail detail;
    const std::string& path = options_.output;
    auto file = Value(writer::AtomicFile::Create(path, &detail), detail, path);
    const std::string header = header_.Bytes();
    report_.file_bytes = header.size() + header_.data_bytes();
    Check(file.Reserve(report_.file_bytes, &detail), detail, path);
    const auto write = [&](std::span<const std::byte> bytes) {
      Check(file.Write(bytes, &detail), detail, path);
    };
    const auto pad = [&](uint64_t bytes) {
      constexpr std::array<std::byte, kGgufAlignment> kZeros{};
      write(std::span(kZeros).first(static_cast<size_t>(GgufHeader::Padding(bytes))));
    };
    write(std::as_bytes(std::span(header)));
    for (const auto& [name, factors] : rotation_.tensors) {
      write(std::as_bytes(std::span(factors)));
      pad(factors.size() * sizeof(float));
    }
    progress_.Start("writing", report_.source_bytes);
    for (const OutTensor& tensor : tensors_) {
      StoreOutTensor(tensor, &progress_, write, &report_);
      pad(tensor.bytes());
    }
    progress_.CheckStop();
    progress_.Clear();
    Check(file.Commit(&detail), detail, path);
    report_.scheme = Lower(MainType());
  }

  const ExportInput& input_;
  const ExportOptions& options_;
  Progress& progress_;
  const Family* family_ = nullptr;
  const GgufArchitecture* architecture_ = nullptr;
  std::vector<OutTensor> tensors_;
  GgufRotation rotation_;
  GgufHeader header_;
  Report report_;
};

}  // namespace

Report ExportGguf(const ExportInput& input, const ExportOptions& options, Progress* progress) {
  return GgufExport(input, options, progress).Run();
}

}  // namespace quanta::converter
