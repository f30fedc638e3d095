// SPDX-License-Identifier: MIT
//
// A Quanta model file as a checkpoint: to store it otherwise, or to leave.
#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "converter/error.h"
#include "converter/panel_source.h"
#include "converter/readers/reader.h"
#include "converter/scratch.h"
#include "converter/writer/compress.h"
#include "runtime/format/reader.h"
#include "runtime/format/roles.h"
#include "runtime/format/transport.h"

namespace quanta::converter {
namespace {

/// What the checkpoint points into.
struct Opened {
  std::unique_ptr<ScratchFolder> scratch;  ///< where a compressed file was restored
  platform::MappedFile mapped;
  format::File file;
};

bool Probe(const std::string& path) {
  std::array<char, 12> first{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(first.data(), first.size())) return false;
  const std::string_view text(first.data(), first.size());
  return text.substr(8) == "QFB1" || format::IsCompressed(std::as_bytes(std::span(first)));
}

platform::MappedFile Map(const std::string& path, const std::string& place) {
  ErrorDetail detail;
  return Value(platform::MappedFile::Open(path.c_str(), &detail), detail, place);
}

std::shared_ptr<Opened> OpenFile(const std::string& path) {
  auto opened = std::make_shared<Opened>();
  ErrorDetail detail;
  opened->mapped = Map(path, path);
  if (format::IsCompressed(opened->mapped.bytes())) {
    namespace fs = std::filesystem;
    opened->scratch =
        std::make_unique<ScratchFolder>((fs::temp_directory_path() / "quanta-model").string());
    const std::string restored = opened->scratch->File("model.qfb");
    Check(writer::DecompressFile(path, restored, &detail), detail, path);
    opened->mapped = Map(restored, path);
  }
  opened->file = Value(format::Read(opened->mapped.bytes(), &detail), detail, path);
  for (size_t i = 0; i < opened->file.header.chunk_hashes.size(); ++i) {
    Check(format::CheckChunk(opened->file, i, &detail), detail, path);
  }
  return opened;
}

/// The numbers that a tensor's bytes stand for.
void ReadFrom(std::span<const std::byte> bytes, const format::Tensor& in, SourceTensor* out) {
  if (in.panel == format::Panel::kQ8 || in.panel == format::Panel::kQ4) {
    out->dtype = Upper(format::PanelName(in.panel));
    out->fits_f16 = false;  // perhaps
    out->source = PanelRows(bytes, in.panel, in.columns, true);
    return;
  }
  const ElementType& type = *FindElementType(in.panel == format::Panel::kF32 ? "F32" : "F16");
  out->dtype = type.name;
  out->fits_f16 = type.fits_f16;
  out->source = StoredRows(bytes, type, in.columns, true);
}

void AddTensors(const Opened& opened, const std::string& path, Checkpoint* checkpoint) {
  for (const format::Tensor& in : opened.file.header.tensors) {
    SourceTensor& out = checkpoint->tensors.emplace_back();
    out.name = in.name;
    out.place = path;
    out.role = in.role;
    out.layer = in.layer;
    // Positions are looked up and added, not multiplied: they are not quantized.
    out.matrix = !format::IsVectorRole(in.role) && in.role != format::Role::kPosition;
    out.rows = in.rows;
    out.columns = in.columns;
    out.bytes = in.bytes;
    const auto bytes =
        opened.file.data.subspan(static_cast<size_t>(in.offset), static_cast<size_t>(in.bytes));
    ReadFrom(bytes, in, &out);
  }
}

std::unique_ptr<Checkpoint> Open(const std::string& path, const ReadOptions&) {
  const std::shared_ptr<Opened> opened = OpenFile(path);
  const format::Header& header = opened->file.header;
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->path = path;
  checkpoint->source_format = "quanta qfb";
  checkpoint->family = header.architecture.family;
  checkpoint->license = header.provenance.license;
  checkpoint->keep_alive = opened;
  // Read once more: it can be moved, not copied, and the first one is needed as it is.
  ErrorDetail detail;
  checkpoint->architecture = std::move(
      Value(format::Read(opened->mapped.bytes(), &detail), detail, path).header.architecture);
  AddTensors(*opened, path, checkpoint.get());

  checkpoint->tokenizer = [opened, path](uint32_t) {
    const format::Tokenizer& view = opened->file.header.tokenizer;
    if (view.token_bytes.empty()) {
      throw Error(Code::kNotFound, path, "has no tokenizer", "add --no-tokenizer");
    }
    return OwnTables(view);
  };
  checkpoint->chat = [opened, path] {
    const format::ChatTemplate& view = opened->file.header.chat_template;
    ChatSource source;
    if (!view.present()) return source;
    source.place = path;
    source.jinja = view.source;
    source.bos_token = view.bos_token;
    source.eos_token = view.eos_token;
    return source;
  };
  checkpoint->compiled_chat = [opened] {
    return CopyChatTables(opened->file.header.chat_template);
  };
  return checkpoint;
}

constexpr std::string_view kCapabilities[] = {"single-file", "tokenizer", "chat-template"};

}  // namespace

const Reader kQfbReader = {
    .name = "qfb",
    .version = {1, 0, 0},
    .capabilities = kCapabilities,
    .expects = "a Quanta model (.qfb)",
    .probe = Probe,
    .open = Open,
};

}  // namespace quanta::converter
