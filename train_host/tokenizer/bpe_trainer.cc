// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/bpe_trainer.h"

#include <algorithm>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "converter/error.h"
#include "converter/tokenizer/byte_alphabet.h"
#include "converter/tokenizer/json_value.h"
#include "train_host/tokenizer/pair_table.h"

namespace quanta::train {
namespace {

using converter::Error;

/// A pair to be merged in some words. There may be several of one pair.
struct Candidate {
  uint64_t count;  // of the pair in the corpus when this was last looked at
  Pair pair;
  uint32_t where;  // index into the lists of words

  // The top of a priority queue is the largest.
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

class Trainer {
 public:
  Trainer(std::span<const WordCount> words, const BpeOptions& options,
          converter::Progress* progress)
      : options_(options), progress_(*progress) {
    AddSpecialTokens();
    AddBytes();
    if (result_.tokens.size() > options.vocabulary) {
      throw Error(Code::kInvalidArgument, "",
                  converter::Format("a vocabulary of %u is too small: %zu special tokens and 256 "
                                    "bytes are always in it",
                                    options.vocabulary, options.special_tokens.size()));
    }
    LayOutWords(words);
  }

  Bpe Train() {
    CountPairs();
    progress_.Start("merging", options_.vocabulary - result_.tokens.size());
    while (result_.tokens.size() < options_.vocabulary && !queue_.empty()) {
      Candidate top = queue_.top();
      queue_.pop();
      const auto count = static_cast<uint64_t>(pairs_[top.pair].count);
      if (top.count != count) {
        // It has become rarer since.
        top.count = count;
        queue_.push(top);
        continue;
      }
      if (count == 0 || count < options_.min_frequency) break;
      MergeEverywhere(top);
    }
    KeepLastRanks();
    for (size_t i = 0; i < lengths_.size(); ++i) result_.corpus_tokens += lengths_[i] * counts_[i];
    return std::move(result_);
  }

 private:
  // --- The vocabulary ---------------------------------------------------------------

  /// Tokens that are spelled alike are one, special ones too: what a merge makes may be there.
  uint32_t AddToken(const std::string& bytes) {
    const auto [found, fresh] = ids_.emplace(bytes, static_cast<uint32_t>(result_.tokens.size()));
    if (fresh) result_.tokens.push_back(bytes);
    return found->second;
  }

  void AddSpecialTokens() {
    for (const std::string& text : options_.special_tokens) {
      const auto bytes = converter::AlphabetToBytes(text);
      // The spelling of one byte would make the byte special.
      if (text.empty() || (bytes && bytes->size() == 1)) {
        throw Error(Code::kInvalidArgument, "",
                    converter::Quote(text) + " is too short for a special token");
      }
      const size_t before = result_.tokens.size();
      if (bytes) {
        AddToken(*bytes);
      } else {
        // Nothing that bytes spell: no merge makes it.
        const bool twice =
            std::find(result_.tokens.begin(), result_.tokens.end(), text) != result_.tokens.end();
        if (!twice) result_.tokens.push_back(text);
      }
      if (result_.tokens.size() == before) {
        throw Error(Code::kInvalidArgument, "",
                    "the special token " + converter::Quote(text) + " is given twice");
      }
    }
  }

  // In the order of the characters that files spell them with.
  void AddBytes() {
    std::vector<std::pair<char32_t, uint8_t>> alphabet;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto value = static_cast<uint8_t>(byte);
      alphabet.emplace_back(converter::ByteToChar(value), value);
    }
    std::sort(alphabet.begin(), alphabet.end());
    for (const auto& [character, byte] : alphabet) {
      byte_ids_[byte] = AddToken(std::string(1, static_cast<char>(byte)));
    }
  }

  // --- The words --------------------------------------------------------------------

  void LayOutWords(std::span<const WordCount> words) {
    size_t symbols = 0;
    for (const WordCount& word : words) symbols += word.word.size();
    symbols_.reserve(symbols);
    starts_.reserve(words.size());
    lengths_.reserve(words.size());
    counts_.reserve(words.size());
    for (const WordCount& word : words) {
      starts_.push_back(symbols_.size());
      lengths_.push_back(word.word.size());
      counts_.push_back(word.count);
      for (const char byte : word.word) symbols_.push_back(byte_ids_[static_cast<uint8_t>(byte)]);
    }
  }

  void CountPairs() {
    progress_.Start("counting pairs", lengths_.size());
    for (size_t word = 0; word < lengths_.size(); ++word) {
      const uint32_t* const symbols = symbols_.data() + starts_[word];
      for (size_t i = 0; i + 1 < lengths_[word]; ++i) {
        More(MakePair(symbols[i], symbols[i + 1]), static_cast<uint32_t>(word));
      }
      if (word % 4096 == 4095) progress_.Advance(4096);
    }
    QueueNewPairs();
  }

  // --- Merging ----------------------------------------------------------------------

  /// `pair` has appeared once more in each occurrence of `word`.
  void More(Pair pair, uint32_t word) {
    PairTable::Entry& entry = pairs_[pair];
    entry.count += static_cast<int64_t>(counts_[word]);
    if (entry.waiting == 0) {
      new_pairs_.emplace_back(pair, static_cast<uint32_t>(words_of_.size()));
      words_of_.emplace_back();
      entry.waiting = static_cast<uint32_t>(words_of_.size());
    }
    std::vector<uint32_t>& words = words_of_[entry.waiting - 1];
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  void Less(Pair pair, uint32_t word) { pairs_[pair].count -= static_cast<int64_t>(counts_[word]); }

  void QueueNewPairs() {
    for (const auto& [pair, where] : new_pairs_) {
      PairTable::Entry& entry = pairs_[pair];
      entry.waiting = 0;
      if (entry.count > 0) {
        queue_.push({static_cast<uint64_t>(entry.count), pair, where});
      }
    }
    new_pairs_.clear();
  }

  void MergeEverywhere(const Candidate& top) {
    const size_t before = result_.tokens.size();
    const uint32_t merged =
        AddToken(result_.tokens[Left(top.pair)] + result_.tokens[Right(top.pair)]);
    result_.merges.push_back({Left(top.pair), Right(top.pair), merged});
    const std::vector<uint32_t> words = std::exchange(words_of_[top.where], {});
    for (const uint32_t word : words) MergeIn(word, top.pair, merged);
    QueueNewPairs();
    progress_.Advance(result_.tokens.size() - before);
  }

  // From left to right. The count of the pair itself is left alone: it is not asked for any
  // more, unless the pair appears again (bpe_trainer.h).
  void MergeIn(uint32_t word, Pair pair, uint32_t merged) {
    uint32_t* const symbols = symbols_.data() + starts_[word];
    const size_t length = lengths_[word];
    size_t out = 0;
    for (size_t i = 0; i < length; ++i) {
      const bool here = i + 1 < length && MakePair(symbols[i], symbols[i + 1]) == pair;
      if (!here) {
        symbols[out++] = symbols[i];
        continue;
      }
      if (out > 0) {
        Less(MakePair(symbols[out - 1], Left(pair)), word);
        More(MakePair(symbols[out - 1], merged), word);
      }
      if (i + 2 < length) {
        Less(MakePair(Right(pair), symbols[i + 2]), word);
        More(MakePair(merged, symbols[i + 2]), word);
      }
      symbols[out++] = merged;
      ++i;
    }
    lengths_[word] = out;
  }

  // A pair that was merged twice is listed once, where it was merged last.
  void KeepLastRanks() {
    std::unordered_map<Pair, size_t> last;
    std::vector<format::Merge>& merges = result_.merges;
    for (size_t i = 0; i < merges.size(); ++i) last[MakePair(merges[i].left, merges[i].right)] = i;
    if (last.size() == merges.size()) return;
    size_t out = 0;
    for (size_t i = 0; i < merges.size(); ++i) {
      if (last[MakePair(merges[i].left, merges[i].right)] == i) merges[out++] = merges[i];
    }
    merges.resize(out);
  }

  const BpeOptions& options_;
  converter::Progress& progress_;
  Bpe result_;
  std::unordered_map<std::string, uint32_t> ids_;
  uint32_t byte_ids_[256] = {};

  // Word i is symbols_[starts_[i] .. starts_[i] + lengths_[i]), and gets shorter in place.
  std::vector<uint32_t> symbols_;
  std::vector<size_t> starts_, lengths_;
  std::vector<uint64_t> counts_;

  PairTable pairs_;
  std::priority_queue<Candidate> queue_;
  // The words that a candidate is about, in rising order; emptied when it is merged.
  std::vector<std::vector<uint32_t>> words_of_;
  // The pairs that appeared since candidates were last queued, and their lists of words.
  std::vector<std::pair<Pair, uint32_t>> new_pairs_;
};

}  // namespace

Bpe TrainBpe(std::span<const WordCount> words, const BpeOptions& options,
             converter::Progress* progress) {
  return Trainer(words, options, progress).Train();
}

}  // namespace quanta::train
