// SPDX-License-Identifier: MIT
#include "train_host/checkpoint/folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "converter/error.h"
#include "converter/export/exporter.h"
#include "converter/safetensors.h"
#include "converter/scratch.h"
#include "converter/writer/atomic_file.h"
#include "runtime/platform/platform.h"
#include "train_host/checkpoint/describe.h"

namespace quanta::train {
namespace {

namespace fs = std::filesystem;
using converter::Error;

constexpr const char* kPrefix = "step-";
constexpr const char* kState = "/state.safetensors";

class DurableFile {
 public:
  explicit DurableFile(const std::string& path) : path_(path), file_(Create(path)) {}
  void Write(std::span<const std::byte> bytes) {
    ErrorDetail detail;
    converter::Check(file_.Write(bytes, &detail), detail, path_);
  }
  void Write(const std::string& text) { Write(std::as_bytes(std::span(text))); }
  void Commit() {
    ErrorDetail detail;
    converter::Check(file_.Commit(&detail), detail, path_);
  }

 private:
  static writer::AtomicFile Create(const std::string& path) {
    ErrorDetail detail;
    return converter::Value(writer::AtomicFile::Create(path, &detail), detail, path);
  }
  const std::string path_;
  writer::AtomicFile file_;
};

/// A rename survives a power cut once its folder is on the disk.
void SyncFolder(const std::string& folder) {
  const int file = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

/// The step in a checkpoint's name, if it is one.
std::optional<uint64_t> StepOf(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string digits = name.substr(std::strlen(kPrefix));
  if (digits.empty() || digits.size() > 18) return std::nullopt;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoull(digits);
}

/// Temporary files and folders of this program that a kill left behind.
bool IsLeftOver(const std::string& name) {
  for (const char* begin : {".step-", ".metrics.jsonl.", ".train.tokens.", ".eval.tokens."}) {
    if (name.starts_with(begin)) return true;
  }
  return name == ".last.new" || name == ".best.new";
}

}  // namespace

void WriteArrays(std::span<const NamedArray> arrays, const std::string& path) {
  std::vector<converter::SafetensorsEntry> entries;
  uint64_t end = 0;
  for (const NamedArray& array : arrays) {
    const std::vector<uint64_t> whole = {array.values.size()};
    entries.push_back({array.name, "F32", array.shape.empty() ? whole : array.shape, end,
                       end + array.values.size_bytes()});
    end += array.values.size_bytes();
  }
  DurableFile file(path);
  file.Write(converter::WriteSafetensorsHeader(entries));
  for (const NamedArray& array : arrays) file.Write(std::as_bytes(array.values));
  file.Commit();
}

void WriteDurably(const std::string& text, const std::string& path) {
  DurableFile file(path);
  file.Write(text);
  file.Commit();
}

void SaveCheckpoint(const CheckpointContents& contents, const std::string& folder) {
  const converter::ScratchFolder scratch(folder);
  const std::string inside = scratch.File("checkpoint");
  const auto model = DescribeModel(contents.shape, contents.layout, contents.weights);
  converter::Progress quiet(converter::Progress::Style::kNone, stderr, nullptr);
  const bool has_tokenizer = contents.tokenizer != nullptr;
  converter::ExportHuggingFace(
      {.checkpoint = *model,
       .tokenizer = has_tokenizer ? &contents.tokenizer->tables() : nullptr,
       .chat = has_tokenizer ? &contents.tokenizer->chat_source() : nullptr,
       .tool = "quanta-train"},
      {.output = inside, .dtype = "F32"}, &quiet);
  if (!contents.arrays.empty()) WriteArrays(contents.arrays, inside + kState);
  if (contents.more) contents.more(inside);
  WriteDurably(contents.state.dump(2) + "\n", inside + "/trainer.json");
  SyncFolder(inside);
  std::error_code ignored;
  fs::remove_all(folder, ignored);  // of a run that was resumed from an earlier one
  scratch.MoveToTarget(inside);
  SyncFolder(fs::path(folder).parent_path().string());
}

void ReadState(const std::string& folder, std::span<const ReadArray> arrays) {
  const std::string path = folder + kState;
  ErrorDetail detail;
  const auto file =
      converter::Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  const converter::SafetensorsHeader header = converter::ParseSafetensors(file.bytes(), path);
  for (const ReadArray& array : arrays) {
    const auto entry = std::find_if(header.entries.begin(), header.entries.end(),
                                    [&](const auto& one) { return one.name == array.name; });
    if (entry == header.entries.end() || entry->dtype != "F32" ||
        entry->end - entry->begin != array.values.size_bytes()) {
      throw Error(Code::kCorrupt, path, "has no '" + array.name + "' of this model's size",
                  "the checkpoint is of another shape");
    }
    std::memcpy(array.values.data(), file.bytes().data() + header.data_begin + entry->begin,
                array.values.size_bytes());
  }
}

std::string CheckpointStore::FolderOf(uint64_t step) const {
  return output_ + "/" +
         converter::Format("%s%06llu", kPrefix, static_cast<unsigned long long>(step));
}

std::vector<uint64_t> CheckpointStore::Steps() const {
  std::vector<uint64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(output_, error)) {
    const auto step = StepOf(entry.path().filename().string());
    if (step) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

void CheckpointStore::CleanUp(uint64_t keep) const {
  std::error_code error;
  std::set<std::string> linked;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(output_, error)) {
    if (entry.is_symlink(error)) linked.insert(fs::read_symlink(entry.path(), error).string());
    if (IsLeftOver(entry.path().filename().string())) left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove_all(path, error);
  const std::vector<uint64_t> steps = Steps();
  for (size_t i = 0; keep != 0 && i + keep < steps.size(); ++i) {
    const fs::path path = FolderOf(steps[i]);
    if (linked.contains(path.filename().string())) continue;
    // Out of the way in one step: half a checkpoint is none.
    const fs::path old = path.parent_path() / ("." + path.filename().string() + ".old");
    fs::rename(path, old, error);
    fs::remove_all(old, error);
  }
}

void CheckpointStore::Link(const std::string& name, uint64_t step) const {
  const fs::path link = fs::path(output_) / name;
  const fs::path fresh = fs::path(output_) / ("." + name + ".new");
  std::error_code error;
  fs::remove(fresh, error);
  fs::create_directory_symlink(fs::path(FolderOf(step)).filename(), fresh, error);
  if (!error) fs::rename(fresh, link, error);
  if (error) throw Error(Code::kIo, link.string(), "cannot be linked: " + error.message());
}

}  // namespace quanta::train
