// SPDX-License-Identifier: MIT
#include "converter/inspect.h"

#include <cinttypes>
#include <span>
#include <utility>
#include <vector>

#include "converter/error.h"
#include "converter/json.h"
#include "converter/sniff.h"
#include "converter/writer/model_source.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {
namespace {

constexpr const char* kNormNames[] = {"rms", "layer"};
constexpr const char* kPlacementNames[] = {"pre", "post", "sandwich"};
constexpr const char* kActivationNames[] = {"silu", "gelu_tanh", "gelu_erf", "relu"};
constexpr const char* kTokenizerNames[] = {"byte_bpe", "spm_bpe", "unigram", "whitespace"};

template <class Enum, size_t kCount>
const char* NameOf(Enum value, const char* const (&names)[kCount]) {
  const auto index = static_cast<size_t>(value);
  return index < kCount ? names[index] : "?";
}

std::string Hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += Format("%02x", byte);
  return text;
}

uint64_t Parameters(const format::Header& header) {
  uint64_t count = 0;
  for (const format::Tensor& tensor : header.tensors) {
    count += uint64_t{tensor.rows} * tensor.columns;
  }
  return count;
}

std::string Row(const char* name, std::string_view value) {
  return Format("%-16s %.*s\n", name, static_cast<int>(value.size()), value.data());
}

std::string Or(std::string_view value, std::string_view otherwise) {
  return std::string(value.empty() ? otherwise : value);
}

/// The lines about the forward pass.
std::string ArchitectureText(const format::Architecture& a) {
  std::string text;
  text += Row("layers", std::to_string(a.layers.size()));
  text += Row("hidden", std::to_string(a.hidden));
  text += Row("heads", Format("%u of %u, %u for keys and values", a.heads, a.head_dim, a.kv_heads));
  text += Row("feed-forward", Format("%u, %s%s", a.ffn, NameOf(a.activation, kActivationNames),
                                     a.gated ? ", gated" : ""));
  text += Row("norm",
              Format("%s, %s, eps %g", NameOf(a.norm, kNormNames),
                     NameOf(a.norm_placement, kPlacementNames), static_cast<double>(a.norm_eps)));
  text += Row("vocabulary", std::to_string(a.vocab));
  text += Row("context", std::to_string(a.context));
  return text;
}

std::string TensorText(const format::Tensor& tensor) {
  return Format("%-48.*s %-5s [%u, %u] %" PRIu64 " bytes at %" PRIu64
                ", from %.*s, rms error %.2e\n",
                static_cast<int>(tensor.name.size()), tensor.name.data(), PanelName(tensor.panel),
                tensor.rows, tensor.columns, tensor.bytes, tensor.offset,
                static_cast<int>(tensor.source_dtype.size()), tensor.source_dtype.data(),
                static_cast<double>(tensor.error_rms));
}

Json ArchitectureJson(const format::Architecture& a) {
  return {{"family", a.family},
          {"layers", a.layers.size()},
          {"hidden", a.hidden},
          {"heads", a.heads},
          {"kv_heads", a.kv_heads},
          {"head_dim", a.head_dim},
          {"ffn", a.ffn},
          {"gated", a.gated},
          {"activation", NameOf(a.activation, kActivationNames)},
          {"norm", NameOf(a.norm, kNormNames)},
          {"norm_placement", NameOf(a.norm_placement, kPlacementNames)},
          {"norm_eps", a.norm_eps},
          {"vocab", a.vocab},
          {"context", a.context}};
}

Json TensorJson(const format::Tensor& tensor) {
  return {{"name", tensor.name},
          {"role", RoleName(tensor.role)},
          {"layer", tensor.layer},
          {"scheme", PanelName(tensor.panel)},
          {"shape", {tensor.rows, tensor.columns}},
          {"offset", tensor.offset},
          {"bytes", tensor.bytes},
          {"source_dtype", tensor.source_dtype},
          {"error_rms", tensor.error_rms},
          {"error_max", tensor.error_max}};
}

/// Names in a file are hostile: nothing that steers a terminal gets through.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) c = '?';
  }
  return text;
}

writer::ModelSource OpenModel(const std::string& path) {
  CheckIsModel(path);
  ErrorDetail detail;
  return Value(writer::ModelSource::Open(path, &detail), detail, path);
}

}  // namespace

void CheckIsModel(const std::string& path) {
  ErrorDetail detail;
  const auto file = Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  const std::string_view kind = Sniff(file.bytes());
  if (kind.find("Quanta") == kind.npos) {
    throw Error(Code::kCorrupt, path, "not a Quanta model: it looks like " + std::string(kind));
  }
}

std::string Describe(const std::string& path, bool tensors) {
  const writer::ModelSource model = OpenModel(path);
  const format::Header& h = model.file().header;
  const format::Seal& seal = model.file().seal;
  const format::Provenance& p = h.provenance;
  std::string text = Row("file", path);
  text += Row("size", Format("%" PRIu64 " bytes%s", model.file_bytes(),
                             model.compressed() ? ", once decompressed" : ""));
  text += Row("family", h.architecture.family);
  text += Row("parameters", Format("%" PRIu64 " in %zu tensors", Parameters(h), h.tensors.size()));
  text += Row("scheme", Or(p.quantization, "not stated"));
  text += ArchitectureText(h.architecture);
  text += Row("tokenizer", Format("%s, %u tokens", NameOf(h.tokenizer.kind, kTokenizerNames),
                                  h.tokenizer.vocab()));
  text += Row("chat template", h.chat_template.present()
                                   ? Format("%zu rules", h.chat_template.rules.size())
                                   : std::string("none"));
  text += Row("self-test", h.self_test.present() ? Format("%zu tokens", h.self_test.expected.size())
                                                 : std::string("none"));
  text += Row("source", Or(p.source, "not stated") + " (" + Or(p.source_format, "?") + ")");
  text += Row("license", Or(p.license, "not stated"));
  text += Row("made by", Or(p.tool, "not stated"));
  text += Row("signature", seal.is_signed ? "by " + Hex(seal.public_key) : "none");
  if (tensors) {
    text += "\n";
    for (const format::Tensor& tensor : h.tensors) text += TensorText(tensor);
  }
  return Printable(std::move(text));
}

std::string DescribeJson(const std::string& path, bool tensors) {
  const writer::ModelSource model = OpenModel(path);
  const format::Header& h = model.file().header;
  const format::Seal& seal = model.file().seal;
  const format::Provenance& p = h.provenance;
  Json json = {{"file", path},
               {"format_version", h.format_version},
               {"compressed", model.compressed()},
               {"file_bytes", model.file_bytes()},
               {"data_bytes", h.data_bytes},
               {"parameters", Parameters(h)},
               {"tensor_count", h.tensors.size()},
               {"architecture", ArchitectureJson(h.architecture)},
               {"chat_template", h.chat_template.present()}};
  json["tokenizer"] = {{"kind", NameOf(h.tokenizer.kind, kTokenizerNames)},
                       {"tokens", h.tokenizer.vocab()}};
  json["provenance"] = {
      {"source", p.source}, {"source_format", p.source_format}, {"license", p.license},
      {"tool", p.tool},     {"training_run", p.training_run},   {"quantization", p.quantization}};
  json["self_test"] = {
      {"prompt", h.self_test.prompt},
      {"expected", std::vector<int32_t>(h.self_test.expected.begin(), h.self_test.expected.end())}};
  json["signed_by"] = seal.is_signed ? Json(Hex(seal.public_key)) : Json();
  if (tensors) {
    json["tensors"] = Json::array();
    for (const format::Tensor& tensor : h.tensors) json["tensors"].push_back(TensorJson(tensor));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace quanta::converter
