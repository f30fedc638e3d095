// SPDX-License-Identifier: MIT
//
// A folder as transformers' save_pretrained writes it.
#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "converter/error.h"
#include "converter/export/exporter.h"
#include "converter/export/out_tensor.h"
#include "converter/families/family.h"
#include "converter/json.h"
#include "converter/safetensors.h"
#include "converter/scratch.h"
#include "converter/tokenizer/write_tokenizer_json.h"
#include "converter/writer/atomic_file.h"

namespace quanta::converter {
namespace {

namespace fs = std::filesystem;

class HuggingFaceExport {
 public:
  HuggingFaceExport(const ExportInput& input, const ExportOptions& options, Progress* progress)
      : input_(input), options_(options), progress_(*progress), folder_(options.output) {}

  Report Run() {
    family_ = FindFamilyByName(input_.checkpoint.family);
    const Json config = Config();
    Plan();
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

  Json Config() {
    Json config = DescribeConfig(*family_, input_.checkpoint.architecture,
                                 OptionalRolesOf(input_.checkpoint));
    config.update(SpecialIds());
    config["torch_dtype"] = TorchName(OutType(input_.checkpoint.tensors.front(), options_.dtype));
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

  void Plan() {
    out_ = PlanTensors(input_.checkpoint, options_.dtype, [this](const SourceTensor& tensor) {
      return FullName(*family_, tensor.role, tensor.layer);
    });
    for (OutTensor& tensor : out_) {
      for (SourceTensor& part : tensor.parts) {
        report_.source_bytes += part.bytes;
        if (!family_->unit_offset || !IsNormGain(part.role)) continue;
        part.source = Transformed(std::move(part.source), part.columns, [](std::span<float> gains) {
          for (float& gain : gains) gain -= 1;
        });
      }
    }
  }

  std::string Header() const {
    std::vector<SafetensorsEntry> entries;
    uint64_t end = 0;
    for (const OutTensor& tensor : out_) {
      entries.push_back(
          {tensor.name, std::string(tensor.type->name), tensor.Shape(), end, end + tensor.bytes()});
      end += tensor.bytes();
    }
    return WriteSafetensorsHeader(entries);
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
    for (const OutTensor& tensor : out_) StoreOutTensor(tensor, &progress_, write, &report_);
    progress_.Clear();
    report_.file_bytes = bytes;
    Check(file.Commit(&detail), detail, options_.output);
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
    return text + "A " + std::string(family_->architecture) + " written by " + input_.tool + ".\n";
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
