// SPDX-License-Identifier: MIT
//
// A folder as transformers saves it: config.json, and weights in model.safetensors or
// in shards listed by model.safetensors.index.json.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "converter/error.h"
#include "converter/families/family.h"
#include "converter/json.h"
#include "converter/readers/reader.h"
#include "converter/safetensors.h"
#include "converter/sniff.h"
#include "converter/tokenizer/tokenizer_json.h"

namespace quanta::converter {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.json";
constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr size_t kMaxShards = 10'000;

std::string In(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

bool IsFile(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool Probe(const std::string& path) { return IsFile(In(path, kConfig)); }

/// Maps a safetensors file and adds its tensors. Returns their names.
std::set<std::string> AddFile(const std::string& path, Checkpoint* checkpoint, TensorSet* tensors) {
  ErrorDetail detail;
  checkpoint->files.push_back(
      Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path));
  const std::span<const std::byte> bytes = checkpoint->files.back().bytes();
  SafetensorsHeader header = ParseSafetensors(bytes, path);
  std::set<std::string> names;
  for (SafetensorsEntry& entry : header.entries) {
    const auto data = bytes.subspan(header.data_begin + static_cast<size_t>(entry.begin),
                                    static_cast<size_t>(entry.end - entry.begin));
    names.insert(entry.name);
    tensors->Add(std::move(entry.name),
                 {path, std::move(entry.dtype), std::move(entry.shape), data});
  }
  return names;
}

/// Shards lie beside the index: a name that leads elsewhere is not followed.
void CheckShardName(const std::string& name, const std::string& place) {
  const bool plain = !name.empty() && name != "." && name != ".." &&
                     name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
  if (!plain) {
    throw Error(Code::kCorrupt, place,
                "weight_map names the file '" + name + "', which is not beside the index");
  }
}

/// weight_map turned around: the tensors of each shard.
std::map<std::string, std::set<std::string>> ReadIndex(const std::string& path) {
  const Json index = ReadJson(path);
  const auto found = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || found == index.end() || !found->is_object()) {
    throw Error(Code::kCorrupt, path, "has no weight_map object");
  }
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, file] : found->items()) {
    if (!file.is_string()) {
      throw Error(Code::kCorrupt, path, "weight_map['" + tensor + "'] is not a file name");
    }
    CheckShardName(file.get_ref<const std::string&>(), path);
    shards[file.get<std::string>()].insert(tensor);
  }
  if (shards.size() > kMaxShards) throw Error(Code::kCorrupt, path, "lists too many files");
  return shards;
}

void AddShards(const std::string& folder, Checkpoint* checkpoint, TensorSet* tensors) {
  const std::string index = In(folder, kIndex);
  const auto shards = ReadIndex(index);
  size_t number = 0;
  for (const auto& [file, expected] : shards) {
    ++number;
    const std::string path = In(folder, file);
    if (!IsFile(path)) {
      throw Error(Code::kNotFound, path,
                  Format("shard %zu of %zu is missing", number, shards.size()),
                  "download the checkpoint again");
    }
    const std::set<std::string> found = AddFile(path, checkpoint, tensors);
    for (const std::string& name : expected) {
      if (!found.contains(name)) {
        throw Error(Code::kCorrupt, path,
                    "tensor '" + name + "' is not in this file, where " + kIndex + " says it is");
      }
    }
    for (const std::string& name : found) {
      if (!expected.contains(name)) {
        throw Error(Code::kCorrupt, path,
                    "tensor '" + name + "' is in this file, but not so in " + kIndex);
      }
    }
  }
}

/// The folder has no safetensors: says what it has instead.
[[noreturn]] void ThrowNoWeights(const std::string& folder) {
  constexpr const char* kHint =
      "save it as safetensors: load it with transformers, then "
      "model.save_pretrained(FOLDER, safe_serialization=True)";
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json",
                           "consolidated.00.pth", "tf_model.h5", "flax_model.msgpack"}) {
    const std::string path = In(folder, name);
    if (!IsFile(path)) continue;
    throw Error(Code::kUnsupported, path, "weights in this format are not read", kHint);
  }
  throw Error(Code::kNotFound, folder, std::string("has neither ") + kSingle + " nor " + kIndex);
}

void AddWeights(const std::string& folder, Checkpoint* checkpoint, TensorSet* tensors) {
  const bool single = IsFile(In(folder, kSingle)), index = IsFile(In(folder, kIndex));
  if (single) {
    AddFile(In(folder, kSingle), checkpoint, tensors);
    if (index) {
      checkpoint->notes.push_back(
          std::string(kSingle) + " was read and the shards beside it were not, as in transformers");
    }
  } else if (index) {
    AddShards(folder, checkpoint, tensors);
  } else {
    ThrowNoWeights(folder);
  }
}

/// `license:` of the model card, whose settings stand between two lines of "---".
std::string ReadLicense(const std::string& folder) {
  constexpr int kMaxLines = 200;
  std::ifstream card(In(folder, "README.md"));
  std::string line;
  if (!std::getline(card, line) || !line.starts_with("---")) return {};
  for (int i = 0; i < kMaxLines && std::getline(card, line) && !line.starts_with("---"); ++i) {
    constexpr std::string_view kKey = "license:";
    if (!line.starts_with(kKey)) continue;
    const size_t begin = line.find_first_not_of(" \t'\"", kKey.size());
    const size_t end = line.find_last_not_of(" \t\r'\"");
    if (begin == line.npos || end < begin) return {};
    return line.substr(begin, std::min<size_t>(end - begin + 1, 100));
  }
  return {};
}

TokenizerTables ReadTokenizerOf(const std::string& folder, uint32_t vocab) {
  if (!IsFile(In(folder, "tokenizer.json"))) {
    throw Error(Code::kNotFound, folder, "has no tokenizer.json",
                "save one with transformers' AutoTokenizer, or add --no-tokenizer for a model "
                "that takes ids only");
  }
  ErrorDetail detail;
  return Value(ReadTokenizerFolder(folder, vocab, &detail), detail, folder);
}

std::unique_ptr<Checkpoint> Open(const std::string& path, const ReadOptions& options) {
  auto checkpoint = std::make_unique<Checkpoint>();
  checkpoint->path = path;
  checkpoint->source_format = "huggingface safetensors";
  checkpoint->tokenizer = [path](uint32_t vocab) { return ReadTokenizerOf(path, vocab); };
  checkpoint->chat = [path] { return FindChatTemplate(path); };
  checkpoint->license = ReadLicense(path);

  const std::string config_path = In(path, kConfig);
  Config config(ReadJson(config_path), config_path);
  const Family& family = FindFamily(config);
  TensorSet tensors(path);
  AddWeights(path, checkpoint.get(), &tensors);
  BuildCheckpoint(family, {config, tensors, options.allowed_keys}, checkpoint.get());
  return checkpoint;
}

constexpr std::string_view kCapabilities[] = {"folder", "shards", "tokenizer", "chat-template"};

}  // namespace

const Reader kHuggingFaceReader = {
    .name = "huggingface",
    .version = {1, 0, 0},
    .capabilities = kCapabilities,
    .expects = "a Hugging Face folder (config.json, model.safetensors, tokenizer.json)",
    .probe = Probe,
    .open = Open,
};

}  // namespace quanta::converter
