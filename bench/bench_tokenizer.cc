// SPDX-License-Identifier: MIT
//
// bench_tokenizer TOKENIZER_JSON TEXT_FILE: one JSON line each for encoding the text as
// a whole, line by line and as one word, and for decoding it; with a hash of the ids,
// so that a faster but different answer shows. Times are the thread's own.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "converter/tokenizer/tokenizer_json.h"
#include "runtime/text/tokenizer_impl.h"

namespace quanta {
namespace {

bool ReadAll(const char* path, std::string* text) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  *text = std::move(all).str();
  return static_cast<bool>(file) && !text->empty();
}

double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

uint32_t Hash(std::span<const int32_t> ids) {  // FNV-1a
  uint32_t hash = 2166136261u;
  for (const int32_t id : ids) hash = (hash ^ static_cast<uint32_t>(id)) * 16777619u;
  return hash;
}

// The median and the best of nine runs.
template <class Body>
void Run(const char* name, size_t bytes, const TokenBuffer& ids, Body body) {
  std::array<double, 9> seconds;
  for (double& one : seconds) {
    const double start = Seconds();
    body();
    one = Seconds() - start;
  }
  std::sort(seconds.begin(), seconds.end());
  const auto rate = [&](double s) { return static_cast<double>(bytes) / s / 1e6; };
  std::printf(
      "{\"name\":\"%s\",\"bytes\":%zu,\"ids\":%zu,\"mb_s\":%.1f,\"best_mb_s\":%.1f,"
      "\"hash\":\"%08x\"}\n",
      name, bytes, ids.size(), rate(seconds[4]), rate(seconds[0]), Hash(ids.ids()));
}

constexpr EncodeOptions kOptions{.add_special = false, .parse_special = true};

void EncodeLines(const Tokenizer& tokenizer, std::string_view text, TokenBuffer* ids) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    static_cast<void>(tokenizer.Encode(text.substr(0, end), kOptions, ids));
    text.remove_prefix(end);
  }
}

void RunAll(const Tokenizer& tokenizer, const std::string& text) {
  TokenBuffer ids;
  const auto encode = [&](std::string_view all) {
    ids.Clear();
    static_cast<void>(tokenizer.Encode(all, kOptions, &ids));
  };
  Run("encode", text.size(), ids, [&] { encode(text); });
  std::vector<char> storage(TextDecoder::StorageBytes(tokenizer));
  size_t decoded = 0;
  Run("decode", text.size(), ids, [&] {
    TextDecoder decoder(tokenizer, storage, false);
    for (const int32_t id : ids.ids()) decoded += decoder.Push(id).size();
    decoded += decoder.Finish().size();
  });
  Run("encode_lines", text.size(), ids, [&] {
    ids.Clear();
    EncodeLines(tokenizer, text, &ids);
  });
  std::string word;
  for (const char c : text) {
    if (word.size() < (1 << 20) && c >= 'a' && c <= 'z') word += c;
  }
  Run("encode_one_word", word.size(), ids, [&] { encode(word); });
}

int Main(int argc, char** argv) {
  std::string json, text;
  if (argc != 3 || !ReadAll(argv[1], &json) || !ReadAll(argv[2], &text)) {
    std::fprintf(stderr, "usage: bench_tokenizer TOKENIZER_JSON TEXT_FILE\n");
    return 2;
  }
  ErrorDetail detail;
  const auto tables = converter::ReadTokenizer({.tokenizer_json = json}, 0, &detail);
  if (!tables.ok()) {
    std::fprintf(stderr, "%s\n", detail.text());
    return 3;
  }
  const format::Tokenizer view = tables.value().View().value();
  const double start = Seconds();
  const auto tokenizer = text::CreateTokenizer(view, &detail);
  std::printf("{\"name\":\"open\",\"ms\":%.2f,\"vocab\":%u,\"merges\":%zu}\n",
              1e3 * (Seconds() - start), view.vocab(), view.merges.size());
  RunAll(tokenizer.value(), text);
  return 0;
}

}  // namespace
}  // namespace quanta

int main(int argc, char** argv) { return quanta::Main(argc, argv); }
