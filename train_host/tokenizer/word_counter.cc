// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/word_counter.h"

#include <algorithm>
#include <new>
#include <utility>

#include "converter/error.h"
#include "runtime/core/thread_pool.h"
#include "runtime/text/hash.h"
#include "runtime/text/pre_tokenizer.h"
#include "runtime/text/unicode.h"

namespace quanta::train {
namespace {

using converter::Check;

constexpr size_t kTileBytes = size_t{1} << 20;
constexpr size_t kTilesPerThread = 4;  // between two looks at the progress

bool IsVisible(const char* p) {
  const text::CharClass kind = text::ReadChar(p).kind;
  return kind != text::CharClass::kSpace && kind != text::CharClass::kNewline;
}

/// Counts by word: open addressing over a list, which grows as the texts ask for it.
class WordTable {
 public:
  WordTable() : slots_(1024) {}

  void Add(std::string_view word, uint64_t count) {
    const uint64_t hash = text::HashBytes(word);
    size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot].entry != 0; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].tag != Tag(hash)) continue;
      WordCount& entry = entries_[slots_[slot].entry - 1];
      if (entry.word != word) continue;
      entry.count += count;
      return;
    }
    entries_.push_back({word, count});
    slots_[slot] = {Tag(hash), static_cast<uint32_t>(entries_.size())};
    if (2 * entries_.size() > slots_.size()) Grow();
  }

  const std::vector<WordCount>& entries() const { return entries_; }
  std::vector<WordCount> Take() && { return std::move(entries_); }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t entry = 0;  // one more than its index; 0: free
  };
  static uint32_t Tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  void Grow() {
    if (entries_.size() > UINT32_MAX / 4) {
      throw converter::Error(Code::kLimit, "", "the texts have too many different words");
    }
    slots_.assign(4 * slots_.size(), Slot{});
    for (size_t i = 0; i < entries_.size(); ++i) {
      const uint64_t hash = text::HashBytes(entries_[i].word);
      size_t slot = hash & (slots_.size() - 1);
      while (slots_[slot].entry != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = {Tag(hash), static_cast<uint32_t>(i + 1)};
    }
  }

  std::vector<Slot> slots_;  // a power of two, half of them free at least
  std::vector<WordCount> entries_;
};

/// What one thread counts: some texts in a row.
struct Tile {
  size_t begin, end;  // parts
  uint64_t bytes;
};

/// The texts in parts of at most about kTileBytes.
std::vector<std::string_view> CutIntoParts(std::span<const std::string_view> texts) {
  std::vector<std::string_view> parts;
  for (std::string_view text : texts) {
    while (text.size() > kTileBytes) {
      const size_t cut = SafeCut(text, kTileBytes);
      parts.push_back(text.substr(0, cut));
      text.remove_prefix(cut);
    }
    if (!text.empty()) parts.push_back(text);
  }
  return parts;
}

std::vector<Tile> GroupIntoTiles(std::span<const std::string_view> parts) {
  std::vector<Tile> tiles;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (tiles.empty() || tiles.back().bytes + parts[i].size() > kTileBytes) {
      tiles.push_back({i, i, 0});
    }
    tiles.back().end = i + 1;
    tiles.back().bytes += parts[i].size();
  }
  return tiles;
}

/// One thread's part of the work.
struct Worker {
  WordTable table;
  text::PreTokenizerChain::Scratch scratch;
  Status status;

  static Status Add(void* context, std::string_view piece) {
    static_cast<WordTable*>(context)->Add(piece, 1);
    return Status();
  }

  // Workers may throw nothing.
  void Count(const text::PreTokenizerChain& chain, std::span<const std::string_view> parts) {
    try {
      for (const std::string_view part : parts) {
        if (status.ok()) status = chain.Split(part, true, &scratch, Add, &table);
      }
    } catch (const std::bad_alloc&) {
      status = Status(Code::kOutOfMemory, "the heap is exhausted");
    } catch (const std::exception&) {
      status = Status(Code::kLimit, "the texts have too many different words");
    }
  }
};

}  // namespace

size_t SafeCut(std::string_view text, size_t from) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (size_t at = from; at + 1 < text.size(); ++at) {
    const char* const p = begin + at;
    if (at == 0 || (*p != ' ' && *p != '\n')) continue;
    if (!IsVisible(text::PreviousUtf8(begin, p)) || !IsVisible(p + 1)) continue;
    return at + (*p == '\n' ? 1 : 0);
  }
  return static_cast<size_t>(end - begin);
}

std::vector<WordCount> CountWords(std::span<const std::string_view> texts,
                                  std::span<const format::PreTokenizer> steps, int threads,
                                  converter::Progress* progress) {
  ErrorDetail detail;
  const auto chain = converter::Value(text::PreTokenizerChain::Create(steps, &detail), detail);
  const std::vector<std::string_view> parts = CutIntoParts(texts);
  const std::vector<Tile> tiles = GroupIntoTiles(parts);
  uint64_t bytes = 0;
  for (const Tile& tile : tiles) bytes += tile.bytes;
  progress->Start("counting", bytes);

  ThreadPool& pool = ThreadPool::Process();
  threads = pool.Reserve(threads);
  std::vector<Worker> workers(static_cast<size_t>(threads));
  const size_t batch = kTilesPerThread * workers.size();
  for (size_t first = 0; first < tiles.size(); first += batch) {
    const size_t count = std::min(batch, tiles.size() - first);
    ParallelFor(pool, count, threads, [&](size_t i, int worker) {
      const Tile& tile = tiles[first + i];
      workers[static_cast<size_t>(worker)].Count(
          chain, std::span(parts).subspan(tile.begin, tile.end - tile.begin));
    });
    uint64_t done = 0;
    for (size_t i = first; i < first + count; ++i) done += tiles[i].bytes;
    progress->Advance(done);
  }
  for (const Worker& worker : workers) Check(worker.status, detail);
  WordTable& sum = workers.front().table;
  for (size_t i = 1; i < workers.size(); ++i) {
    for (const WordCount& entry : workers[i].table.entries()) sum.Add(entry.word, entry.count);
  }
  return std::move(sum).Take();
}

}  // namespace quanta::train
