// SPDX-License-Identifier: MIT
#include "converter/tokenizer/quantatissu.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "converter/error.h"
#include "converter/json.h"
#include "runtime/format/limits.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVocab = "_vocab.json";
constexpr std::string_view kMerges = "_merges.txt";

bool IsFile(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool IsPrefix(const std::string& path) {
  return IsFile(path + std::string(kVocab)) && IsFile(path + std::string(kMerges));
}

std::string FindPrefixIn(const std::string& folder) {
  std::set<std::string> prefixes;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().string();
    if (!name.ends_with(kVocab)) continue;
    const std::string prefix = name.substr(0, name.size() - kVocab.size());
    if (IsPrefix(prefix)) prefixes.insert(prefix);
  }
  if (prefixes.size() == 1) return *prefixes.begin();
  throw Error(
      prefixes.empty() ? Code::kNotFound : Code::kInvalidArgument, folder,
      prefixes.empty() ? "has no *_vocab.json with its *_merges.txt" : "has several tokenizers",
      prefixes.empty() ? "" : "name one: --tokenizer " + *prefixes.begin());
}

std::string FindPrefix(const std::string& path) {
  if (IsPrefix(path)) return path;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return FindPrefixIn(path);
  for (const std::string_view suffix : {kVocab, kMerges}) {
    if (!path.ends_with(suffix)) continue;
    const std::string prefix = path.substr(0, path.size() - suffix.size());
    if (IsPrefix(prefix)) return prefix;
  }
  throw Error(Code::kNotFound, path, "there is no such tokenizer",
              "name the PREFIX of PREFIX_vocab.json and PREFIX_merges.txt");
}

/// A file that may be empty, as text.
class TextFile {
 public:
  explicit TextFile(const std::string& path) {
    std::error_code ignored;
    if (fs::file_size(path, ignored) == 0) return;
    ErrorDetail detail;
    file_ = Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()};
  }

 private:
  platform::MappedFile file_;
};

/// A decimal number that is all of `text`; -1: it is none, or too large for an id.
int64_t ParseId(std::string_view text) {
  uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && id < format::kMaxVocab ? int64_t{id} : -1;
}

/// A line of the merges.
struct MergeLine {
  size_t line = 0;  ///< in the file, from 1
  uint32_t left = 0, right = 0;
  int64_t result = -1;  ///< -1: the file has two columns
};

class TissuTokenizerReader {
 public:
  TissuTokenizerReader(const TissuTokenizerTexts& texts, TissuWords words, bool said,
                       uint32_t vocab)
      : texts_(texts),
        vocab_path_(texts.prefix + std::string(kVocab)),
        merges_path_(texts.prefix + std::string(kMerges)),
        words_(words),
        said_(said),
        model_vocab_(vocab) {}

  TokenizerTables Read() {
    ReadVocab();
    ReadLines();
    CheckProgram();
    for (size_t rank = 0; rank < lines_.size(); ++rank) AddMerge(rank);
    LayOut();
    return std::move(tables_);
  }

 private:
  [[noreturn]] void BadVocab(const std::string& key, const std::string& what) const {
    throw Error(Code::kCorrupt, vocab_path_, "token '" + key + "' " + what);
  }
  [[noreturn]] void BadLine(size_t line, const std::string& what) const {
    throw Error(Code::kCorrupt, merges_path_, Format("line %zu ", line) + what);
  }

  void ReadVocab() {
    const Json json = ParseJson(texts_.vocab, vocab_path_);
    if (!json.is_object()) throw Error(Code::kCorrupt, vocab_path_, "is not a JSON object");
    for (const auto& [key, value] : json.items()) {
      const int64_t id = ParseId(key);
      if (id < 0) BadVocab(key, "is not an id");
      CheckFits(static_cast<uint32_t>(id));
      if (!tokens_.emplace(static_cast<uint32_t>(id), BytesOf(key, value)).second) {
        BadVocab(key, "occurs twice");
      }
    }
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const auto found = tokens_.find(byte);
      if (found == tokens_.end() || found->second != std::string(1, static_cast<char>(byte))) {
        BadVocab(std::to_string(byte), Format("is not the byte %u, as ids below 256 are", byte));
      }
    }
    // Of tokens with the same bytes the last counts, as in the C++ core.
    for (const auto& [id, bytes] : tokens_) ids_[bytes] = id;
  }

  std::string BytesOf(const std::string& key, const Json& value) const {
    if (!value.is_array()) BadVocab(key, "is not a list of bytes");
    if (value.empty() || value.size() > format::kMaxTokenBytes) {
      BadVocab(key, Format("has %zu bytes", value.size()));
    }
    std::string bytes;
    for (const Json& byte : value) {
      if (!byte.is_number_unsigned() || byte.get<uint64_t>() > 255) {
        BadVocab(key, "holds " + byte.dump() + ", which is no byte");
      }
      bytes.push_back(static_cast<char>(byte.get<uint8_t>()));
    }
    return bytes;
  }

  void CheckFits(uint32_t id) const {
    if (model_vocab_ == 0 || id < model_vocab_) return;
    throw Error(Code::kCorrupt, vocab_path_,
                Format("has token %u, but the model only %u embeddings", id, model_vocab_),
                "the tokenizer belongs to another model");
  }

  void ReadLines() {
    const std::string_view text = texts_.merges;
    size_t number = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      ReadLine(text.substr(at, end - at), ++number);
      at = end + 1;
    }
  }

  void ReadLine(std::string_view line, size_t number) {
    std::vector<int64_t> columns;
    for (size_t at = 0; at < line.size();) {
      constexpr std::string_view kBlanks = " \t\r";
      const size_t begin = line.find_first_not_of(kBlanks, at);
      if (begin == line.npos) break;
      if (columns.empty() && line[begin] == '#') return;
      at = std::min(line.find_first_of(kBlanks, begin), line.size());
      columns.push_back(ParseId(line.substr(begin, at - begin)));
      if (columns.back() < 0 || columns.size() > 3) BadLine(number, "is not two or three ids");
    }
    if (columns.empty()) return;
    if (columns.size() == 1) BadLine(number, "is not two or three ids");
    MergeLine merge{number, static_cast<uint32_t>(columns[0]), static_cast<uint32_t>(columns[1]),
                    columns.size() == 3 ? columns[2] : -1};
    if (!lines_.empty() && (lines_.front().result < 0) != (merge.result < 0)) {
      BadLine(number, "has another number of columns than the lines before");
    }
    if (!pairs_.emplace(merge.left, merge.right).second) {
      BadLine(number, Format("merges %u and %u again", merge.left, merge.right));
    }
    lines_.push_back(merge);
  }

  void CheckProgram() const {
    if (said_ || lines_.empty()) return;
    const bool three = lines_.front().result >= 0;
    if (three == (words_ == TissuWords::kPython)) return;
    throw Error(Code::kInvalidArgument, merges_path_,
                std::string("has merges as the ") + (three ? "Python program" : "C++ core") +
                    " writes them, but the checkpoint is the other's, which cuts texts otherwise",
                "add --pre-tokenizer python or core: the program that made the training data's "
                "ids");
  }

  const std::string& Token(uint32_t id, const MergeLine& merge) const {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) {
      BadLine(merge.line, Format("needs the token %u, which the vocabulary lacks", id));
    }
    return found->second;
  }

  void AddMerge(size_t rank) {
    const MergeLine& merge = lines_[rank];
    const std::string bytes = Token(merge.left, merge) + Token(merge.right, merge);
    // The Python program ranks merges by the ids they make, the core by their lines.
    if (merge.result >= 0 && rank > 0 && lines_[rank - 1].result >= merge.result) {
      BadLine(merge.line, "makes no larger id than the line before");
    }
    uint32_t result = 0;
    if (merge.result >= 0 && words_ == TissuWords::kPython) {
      result = static_cast<uint32_t>(merge.result);
      if (Token(result, merge) != bytes) {
        BadLine(merge.line, Format("makes %u, whose bytes are not those of %u and %u", result,
                                   merge.left, merge.right));
      }
    } else if (const auto known = ids_.find(bytes); known != ids_.end()) {
      result = known->second;
    } else {
      result = AddToken(rank, merge, bytes);
    }
    tables_.merges.push_back({merge.left, merge.right, result});
  }

  /// A merge whose token the vocabulary does not list.
  uint32_t AddToken(size_t rank, const MergeLine& merge, const std::string& bytes) {
    const auto id = static_cast<uint32_t>(256 + rank);
    CheckFits(id);
    if (!tokens_.emplace(id, bytes).second) {
      BadLine(merge.line, Format("makes token %u, whose bytes are others in the vocabulary", id));
    }
    ids_[bytes] = id;
    return id;
  }

  void LayOut() {
    const uint32_t count = model_vocab_ != 0 ? model_vocab_
                           : tokens_.empty() ? 0
                                             : tokens_.rbegin()->first + 1;
    tables_.kind = format::TokenizerKind::kByteBpe;
    tables_.token_types.assign(count, format::TokenType::kUnused);
    tables_.token_offsets.push_back(0);
    for (uint32_t id = 0; id < count; ++id) {
      const auto found = tokens_.find(id);
      if (found != tokens_.end()) {
        tables_.token_types[id] = format::TokenType::kNormal;
        tables_.token_bytes.insert(tables_.token_bytes.end(), found->second.begin(),
                                   found->second.end());
      }
      tables_.token_offsets.push_back(static_cast<uint32_t>(tables_.token_bytes.size()));
    }
    for (int32_t byte = 0; byte < 256; ++byte) tables_.byte_ids.push_back(byte);
    tables_.pre_tokenizers.push_back({words_ == TissuWords::kCore
                                          ? format::PreTokenizerKind::kByteWords
                                          : format::PreTokenizerKind::kGpt2,
                                      {}});
    tables_.decoders.push_back({format::DecoderKind::kByteLevel, {}, {}});
    if (tokens_.size() < count) {
      tables_.notes.push_back(
          Format("%zu of the model's %u ids have no token", count - tokens_.size(), count));
    }
  }

  const TissuTokenizerTexts& texts_;
  const std::string vocab_path_, merges_path_;
  const TissuWords words_;
  const bool said_;
  const uint32_t model_vocab_;
  std::map<uint32_t, std::string> tokens_;
  std::map<std::string, uint32_t> ids_;
  std::vector<MergeLine> lines_;
  std::set<std::pair<uint32_t, uint32_t>> pairs_;
  TokenizerTables tables_;
};

}  // namespace

TissuWords ParseTissuWords(std::string_view name) {
  if (name == "python") return TissuWords::kPython;
  if (name == "core") return TissuWords::kCore;
  throw Error(Code::kInvalidArgument, "", "unknown --pre-tokenizer " + std::string(name),
              "use python or core");
}

TokenizerTables ReadTissuTokenizer(const TissuTokenizerTexts& texts, TissuWords words, bool said,
                                   uint32_t vocab) {
  return TissuTokenizerReader(texts, words, said, vocab).Read();
}

TokenizerTables ReadTissuTokenizer(const std::string& path, TissuWords words, bool said,
                                   uint32_t vocab) {
  const std::string prefix = FindPrefix(path);
  const TextFile tokens(prefix + std::string(kVocab)), merges(prefix + std::string(kMerges));
  return ReadTissuTokenizer({prefix, tokens.text(), merges.text()}, words, said, vocab);
}

}  // namespace quanta::converter
