// SPDX-License-Identifier: MIT
//
// A folder as transformers' save_pretrained writes it.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "converter/error.h"
#include "converter/export/exporter.h"
#include "converter/families/family.h"
#include "converter/json.h"
#include "converter/quantize.h"
#include "converter/scratch.h"
#include "converter/tokenizer/write_tokenizer_json.h"
#include "converter/writer/atomic_file.h"

namespace quanta::converter {
namespace {

namespace fs = std::filesystem;

/// One tensor of the safetensors file: one of ours, or several whose rows follow one
/// another.
struct OutTensor {
  std::string name;
  const ElementType* type;
  std::vector<const SourceTensor*> parts;

  uint64_t rows() const {
    uint64_t sum = 0;
    for (const SourceTensor* part : parts) sum += part->rows;
    return sum;
  }
  uint64_t bytes() const { return type->Bytes(rows() * parts[0]->columns); }
};

class HuggingFaceExport {
 public:
  HuggingFaceExport(const ExportInput& input, const ExportOptions& options, Progress* progress)
      : input_(input), options_(options), progress_(*progress), folder_(options.output) {}

  Report Run() {
    family_ = FindFamilyByName(input_.checkpoint.family);
    const Json config = Config();
    Plan();
    ErrorDetail detail;
    fs::create_directory(folder_.File(kInside));
    WriteWeights();
    WriteJson("config.json", config);
    if (input_.tokenizer != nullptr) WriteTokenizerFiles();
    if (input_.chat != nullptr && !input_.chat->jinja.empty()) {
      WriteText("chat_template.jinja", input_.chat->jinja);
    }
    WriteText("README.md", Card());
    progress_.CheckStop();
    folder_.MoveToTarget(folder_.File(kInside));
    return std::move(report_);
  }

 private:
  static constexpr const char* kInside = "folder";

  static const Family* FindFamilyByName(const std::string& name) {
    for (const Family* family : Families().entries()) {
      if (family->name == name) return family;
    }
    throw Error(
        Code::kUnsupported, "",
        "there is no Hugging Face class for a " + (name.empty() ? "nameless" : name) + " model",
        "there is one for: " + Families().Names());
  }

  OptionalRoles Roles() const {
    OptionalRoles roles;
    for (const SourceTensor& tensor : input_.checkpoint.tensors) {
      (format::IsModelRole(tensor.role) ? roles.model : roles.layer) |=
          format::RoleBit(tensor.role);
    }
    const format::Architecture& a = input_.checkpoint.architecture;
    roles.model &= ~format::ModelRoles(a).required;
    roles.layer &= ~format::LayerRoles(a).required;
    return roles;
  }

  const ElementType& TypeFor(const SourceTensor& tensor) const {
    const ElementType* type = FindElementType("F32");
    if (!tensor.matrix) return *type;
    if (!options_.dtype.empty()) return *FindElementType(options_.dtype);
    if (tensor.dtype == "F64") return *type;
    const bool plain = tensor.dtype == "F32" || tensor.dtype == "F16" || tensor.dtype == "BF16";
    return *FindElementType(plain ? tensor.dtype : "F16");
  }

  Json Config() {
    Json config = DescribeConfig(*family_, input_.checkpoint.architecture, Roles());
    config.update(SpecialIds());
    config["torch_dtype"] = TorchName(TypeFor(input_.checkpoint.tensors.front()));
    return config;
  }

  static const char* TorchName(const ElementType& type) {
    return type.name == "F32" ? "float32" : type.name == "F16" ? "float16" : "bfloat16";
  }

  /// As config.json has them; generation_config.json lists all that end a text.
  Json SpecialIds() const {
    Json ids = Json::object();
    if (input_.tokenizer == nullptr) return ids;
    if (input_.tokenizer->bos_id >= 0) ids["bos_token_id"] = input_.tokenizer->bos_id;
    const std::vector<int32_t>& stops = input_.tokenizer->stop_ids;
    if (!stops.empty()) ids["eos_token_id"] = stops.front();
    return ids;
  }

  /// The tensors to write, in order: those that share a name become one.
  void Plan() {
    for (const SourceTensor& tensor : input_.checkpoint.tensors) {
      const std::string name = FullName(*family_, tensor.role, tensor.layer);
      if (out_.empty() || out_.back().name != name) {
        out_.push_back({name, &TypeFor(tensor), {}});
      }
      out_.back().parts.push_back(&tensor);
      report_.source_bytes += tensor.bytes;
    }
  }

  std::string Header() const {
    Json header = {{"__metadata__", {{"format", "pt"}}}};
    uint64_t end = 0;
    for (const OutTensor& tensor : out_) {
      const SourceTensor& first = *tensor.parts[0];
      const Json shape = first.matrix ? Json{tensor.rows(), first.columns} : Json{first.columns};
      header[tensor.name] = {{"dtype", tensor.type->name},
                             {"shape", shape},
                             {"data_offsets", {end, end + tensor.bytes()}}};
      end += tensor.bytes();
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');  // tensors begin aligned
    const uint64_t length = text.size();
    std::string bytes(sizeof(length), '\0');
    std::memcpy(bytes.data(), &length, sizeof(length));
    return bytes + text;
  }

  void WriteWeights() {
    const std::string path = folder_.File(std::string(kInside) + "/model.safetensors");
    ErrorDetail detail;
    auto file = Value(writer::AtomicFile::Create(path, &detail), detail, options_.output);
    const std::string header = Header();
    uint64_t bytes = header.size();
    for (const OutTensor& tensor : out_) bytes += tensor.bytes();
    Check(file.Reserve(bytes, &detail), detail, options_.output);
    const auto write = [&](std::span<const std::byte> piece) {
      Check(file.Write(piece, &detail), detail, options_.output);
    };
    write(std::as_bytes(std::span(header)));
    progress_.Start("writing", report_.source_bytes);
    for (const OutTensor& tensor : out_) {
      for (const SourceTensor* part : tensor.parts) WritePart(*part, tensor, write);
    }
    progress_.Clear();
    report_.file_bytes = bytes;
    Check(file.Commit(&detail), detail, options_.output);
  }

  template <class Write>
  void WritePart(const SourceTensor& part, const OutTensor& out, const Write& write) {
    SourceTensor tensor = part;
    if (family_->unit_offset && IsNormGain(part.role)) {
      tensor.source = Transformed(tensor.source, tensor.columns, [](std::span<float> gains) {
        for (float& gain : gains) gain -= 1;
      });
    }
    if (out.type->name == "F16" && !FitsF16(part, &progress_)) {
      throw Error(Code::kUnsupported, part.place,
                  "tensor '" + part.name + "' has values beyond the range of f16",
                  "use --quant bf16 or f32");
    }
    const StoreError error = StoreTensor(tensor, *out.type, &progress_, write);
    TensorReport entry;
    entry.name = out.name;
    entry.role = part.role;
    entry.layer = part.layer;
    entry.source_dtype = part.dtype;
    entry.scheme = Lower(out.type->name);
    entry.rows = part.rows;
    entry.columns = part.columns;
    entry.bytes = out.type->Bytes(part.count());
    entry.error_rms = error.rms;
    entry.error_max = error.max;
    report_.tensors.push_back(std::move(entry));
  }

  void WriteTokenizerFiles() {
    ErrorDetail detail;
    const auto view = Value(input_.tokenizer->View(), detail, options_.output);
    const TokenizerFiles files = Value(WriteTokenizer(view, &detail), detail, options_.output);
    WriteText("tokenizer.json", files.tokenizer_json);
    WriteText("generation_config.json", files.generation_config_json);
    Json config = ParseJson(files.tokenizer_config_json, "tokenizer_config.json");
    config["model_max_length"] = input_.checkpoint.architecture.context;
    // What a template calls by these names need not be the first of those that end a text.
    if (input_.chat != nullptr) {
      if (!input_.chat->bos_token.empty()) config["bos_token"] = input_.chat->bos_token;
      if (!input_.chat->eos_token.empty()) config["eos_token"] = input_.chat->eos_token;
    }
    WriteJson("tokenizer_config.json", config);
    report_.tokens = input_.tokenizer->vocab();
  }

  std::string Card() const {
    std::string text;
    if (!input_.checkpoint.license.empty()) {
      text += "---\nlicense: " + input_.checkpoint.license + "\n---\n\n";
    }
    return text + "A " + std::string(family_->architecture) + " written by quanta-convert.\n";
  }

  void WriteJson(const std::string& name, const Json& json) {
    WriteText(name, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  void WriteText(const std::string& name, const std::string& text) {
    ErrorDetail detail;
    auto file =
        Value(writer::AtomicFile::Create(folder_.File(std::string(kInside) + "/" + name), &detail),
              detail, options_.output);
    Check(file.Write(std::as_bytes(std::span(text)), &detail), detail, options_.output);
    Check(file.Commit(&detail), detail, options_.output);
  }

  const ExportInput& input_;
  const ExportOptions& options_;
  Progress& progress_;
  ScratchFolder folder_;
  const Family* family_ = nullptr;
  std::vector<OutTensor> out_;
  Report report_;
};

void CheckFolder(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  if (fs::is_directory(path, ignored) && fs::is_empty(path, ignored)) return;
  throw Error(Code::kInvalidArgument, path, "exists and is not an empty folder",
              "name another one, or remove it");
}

}  // namespace

Report ExportHuggingFace(const ExportInput& input, const ExportOptions& options,
                         Progress* progress) {
  CheckFolder(options.output);
  return HuggingFaceExport(input, options, progress).Run();
}

}  // namespace quanta::converter
