// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/corpus.h"

#include <algorithm>
#include <filesystem>

#include "converter/error.h"
#include "converter/json.h"
#include "runtime/text/utf8.h"

namespace quanta::train {
namespace {

using converter::Error;
using converter::Format;
using converter::Json;

constexpr size_t kMaxJsonLine = size_t{64} << 20;

// Calls visit(line, number) for every line, with its end.
template <class Visit>
void ForEachLine(std::string_view text, const Visit& visit) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    visit(text.substr(0, size), number);
    text.remove_prefix(size);
  }
}

void RequireUtf8(std::string_view text, const std::string& path) {
  const size_t valid = text::ValidUtf8Prefix(text);
  if (valid == text.size()) return;
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(valid), '\n');
  throw Error(Code::kCorrupt, path,
              Format("is not UTF-8: byte 0x%02X in line %lld", static_cast<uint8_t>(text[valid]),
                     static_cast<long long>(line)),
              "convert it first, with iconv for example");
}

}  // namespace

Corpus::Corpus(const std::vector<std::string>& paths, const CorpusOptions& options,
               converter::Progress* progress) {
  progress->Start("reading", paths.size());
  for (const std::string& path : paths) {
    AddFile(path, options);
    progress->Advance(1);
  }
  if (texts_.empty()) {
    throw Error(Code::kCorrupt, paths.size() == 1 ? paths.front() : "",
                paths.empty() ? "no text files" : "there is no text to learn from");
  }
}

void Corpus::AddFile(const std::string& path, const CorpusOptions& options) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error) &&
      std::filesystem::file_size(path, error) == 0) {
    return;  // nothing to map
  }
  ErrorDetail detail;
  files_.push_back(
      converter::Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path));
  const std::span<const std::byte> bytes = files_.back().bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  RequireUtf8(text, path);
  if (path.ends_with(".jsonl")) {
    AddObjects(text, path, options);
  } else if (options.lines) {
    AddLines(text);
  } else {
    Add(text);
  }
}

void Corpus::AddLines(std::string_view text) {
  ForEachLine(text, [&](std::string_view line, size_t) { Add(line); });
}

void Corpus::AddObjects(std::string_view text, const std::string& path,
                        const CorpusOptions& options) {
  ForEachLine(text, [&](std::string_view line, size_t number) {
    if (line.find_first_not_of(" \t\r\n") == line.npos) return;
    const std::string place = path + Format(":%zu", number);
    const Json object = converter::ParseJson(line, place, {.bytes = kMaxJsonLine});
    bool any = false;
    for (const std::string& key : options.keys) {
      const auto found = object.is_object() ? object.find(key) : object.end();
      if (found == object.end()) continue;
      if (!found->is_string()) throw Error(Code::kCorrupt, place, "'" + key + "' is not a text");
      any = true;
      values_.push_back(found->get<std::string>());
      if (options.lines) {
        AddLines(values_.back());
      } else {
        Add(values_.back());
      }
    }
    if (any) return;
    std::string keys;
    for (const std::string& key : options.keys) keys += (keys.empty() ? "'" : ", '") + key + "'";
    throw Error(Code::kCorrupt, place, "there is no object with " + keys,
                "--key names what holds texts");
  });
}

void Corpus::Add(std::string_view text) {
  if (text.empty()) return;
  texts_.push_back(text);
  bytes_ += text.size();
}

}  // namespace quanta::train
