// SPDX-License-Identifier: MIT
#include "converter/gguf/describe_tokenizer.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string_view>
#include <unordered_set>

#include "converter/error.h"
#include "converter/gguf/pre_tokenizers.h"
#include "converter/tokenizer/spelling.h"

namespace quanta::converter {
namespace {

using format::NormalizerKind;
using format::PreTokenizerKind;
using format::TokenizerKind;
using format::TokenType;

constexpr std::string_view kMark = "\xe2\x96\x81";  // U+2581, SentencePiece's space

[[noreturn]] void CannotSay(const std::string& what) {
  throw Error(Code::kUnsupported, "tokenizer", what + " cannot be said in a GGUF file",
              "--no-tokenizer leaves the tokenizer out");
}

/// llama.cpp's number for a kind of token.
int32_t TypeNumber(TokenType type) {
  switch (type) {
    case TokenType::kNormal:
      return 1;
    case TokenType::kUnknown:
      return 2;
    case TokenType::kControl:
      return 3;
    case TokenType::kUserDefined:
      return 4;
    case TokenType::kUnused:
      return 5;
    case TokenType::kByte:
      return 6;
  }
  return 1;
}

class Describer {
 public:
  Describer(const TokenizerTables& tables, const format::Tokenizer& view, uint32_t vocab,
            GgufHeader* header, std::vector<std::string>* notes)
      : t_(tables), view_(view), vocab_(vocab), header_(*header), notes_(*notes) {}

  void Write() {
    switch (t_.kind) {
      case TokenizerKind::kByteBpe:
        header_.Add("tokenizer.ggml.model", "gpt2");
        header_.Add("tokenizer.ggml.pre", PreName());
        WriteTokens();
        WriteMerges();
        break;
      case TokenizerKind::kSpmBpe:
        header_.Add("tokenizer.ggml.model", "llama");
        header_.Add("tokenizer.ggml.pre", "default");
        header_.Add("tokenizer.ggml.add_space_prefix", PutsSpaceFirst());
        if (!t_.byte_fallback) CannotSay("a vocabulary of characters without byte fallback");
        WriteTokens();
        header_.Add("tokenizer.ggml.scores", std::span<const float>(Scores()));
        WriteMerges();  // llama.cpp does without, but pairs do not follow from scores
        break;
      case TokenizerKind::kUnigram:
        CannotSay("a unigram model");
      case TokenizerKind::kWhitespace:
        CannotSay("a vocabulary of whole words");
    }
    WriteSpecials();
  }

 private:
  // --- How texts are cut ------------------------------------------------------------

  /// llama.cpp names whole tokenizers, not what they consist of.
  std::string_view PreName() {
    const GgufPreTokenizer* known = FindGgufPreTokenizer(t_);
    if (known == nullptr) CannotSay("how this byte-level BPE prepares a text");
    if (known->nfc) {
      notes_.push_back(
          "llama.cpp does not normalize texts (NFC): those not in that form may "
          "become other ids there");
    }
    return known->name;
  }

  /// Whether a space is put before a text. Throws where it is treated otherwise than by
  /// marks in the place of spaces.
  bool PutsSpaceFirst() {
    bool first = false, marks = false;
    for (const auto& step : t_.normalizers) {
      if (step.kind == NormalizerKind::kPrepend && (step.a == kMark || step.a == " ")) {
        first = true;
      } else if (step.kind == NormalizerKind::kReplace && step.a == " " && step.b == kMark) {
        marks = true;
      } else {
        CannotSay("a normalizer of SentencePiece's BPE");
      }
    }
    for (const auto& step : t_.pre_tokenizers) {
      // No word of such a vocabulary goes on behind a space: cutting there changes nothing.
      if (marks && step.kind == PreTokenizerKind::kSplitLiteral && step.a == " ") continue;
      if (step.kind != PreTokenizerKind::kMetaspace || step.a != kMark) {
        CannotSay("a pre-tokenizer of SentencePiece's BPE");
      }
      marks = true;
      if (step.prepend == kFirstOnly) {
        notes_.push_back(
            "llama.cpp puts a space behind special tokens too, not only before the "
            "text");
      }
      first |= step.prepend != kNever;
    }
    if (!marks) CannotSay("SentencePiece's BPE over spaces that are not marked");
    return first;
  }
  static constexpr uint8_t kFirstOnly = 1, kNever = 2;  // format::PreTokenizer::prepend

  // --- Tokens -----------------------------------------------------------------------

  void WriteTokens() {
    const Spelling spelling(view_);
    std::unordered_set<std::string> taken;
    std::vector<int32_t> types;
    const auto unused = [&](uint32_t id) {
      return id >= t_.vocab() || t_.token_types[id] == TokenType::kUnused;
    };
    for (uint32_t id = 0; id < vocab_; ++id) {
      words_.push_back(unused(id) ? std::string() : spelling.Word(id));
      types.push_back(TypeNumber(unused(id) ? TokenType::kUnused : t_.token_types[id]));
      if (!unused(id)) taken.insert(words_.back());
    }
    for (uint32_t id = 0; id < vocab_; ++id) {
      if (!unused(id)) continue;
      words_[id] = Format("[PAD%u]", id);
      while (!taken.insert(words_[id]).second) words_[id] += '_';
    }
    header_.Add("tokenizer.ggml.tokens", std::span<const std::string>(words_));
    header_.Add("tokenizer.ggml.token_type", std::span<const int32_t>(types));
    NoteFlags();
  }

  void NoteFlags() {
    const auto flagged = [](const auto& token) {
      return token.lstrip || token.rstrip || token.single_word;
    };
    const auto count = std::count_if(t_.added.begin(), t_.added.end(), flagged);
    if (count == 0) return;
    notes_.push_back(
        Format("GGUF does not say that an added token takes the spaces beside it or "
               "has to be a whole word (lstrip, rstrip, single_word): left out for %zu",
               static_cast<size_t>(count)));
  }

  void WriteMerges() {
    std::vector<std::string> merges;
    merges.reserve(t_.merges.size());
    for (const format::Merge& merge : t_.merges) {
      merges.push_back(words_[merge.left] + " " + words_[merge.right]);
    }
    header_.Add("tokenizer.ggml.merges", std::span<const std::string>(merges));
  }

  /// llama.cpp joins whatever two neighbours make the word of the highest score: less the
  /// rank of the first merge that makes it.
  std::vector<float> Scores() {
    // Behind all words that merges make.
    std::vector<float> scores(vocab_, -static_cast<float>(t_.merges.size() + 1));
    std::vector<bool> made(vocab_, false);
    uint32_t last = vocab_;
    bool apart = false;
    for (size_t i = 0; i < t_.merges.size(); ++i) {
      const uint32_t word = t_.merges[i].result;
      if (!made[word]) {
        scores[word] = -static_cast<float>(i);
      } else if (word != last) {
        apart = true;
      }
      made[word] = true;
      last = word;
    }
    if (apart) {
      notes_.push_back(
          "merges of one word have different ranks, and llama.cpp knows one: it may "
          "make other ids of some texts");
    }
    return scores;
  }

  // --- Special ids ------------------------------------------------------------------

  void AddId(const char* key, int32_t id) {
    if (id >= 0) header_.Add(key, static_cast<uint32_t>(id));
  }

  void WriteSpecials() {
    int32_t bos = t_.bos_id;
    if (t_.prefix_ids.size() > 1) CannotSay("more than one token before each text");
    if (t_.suffix_ids.size() > 1) CannotSay("more than one token after each text");
    if (!t_.prefix_ids.empty()) {
      if (bos >= 0 && bos != t_.prefix_ids[0]) CannotSay("a token before each text beside BOS");
      bos = t_.prefix_ids[0];
    }
    std::vector<int32_t> stops = t_.stop_ids;
    if (!t_.suffix_ids.empty()) {
      const auto end = std::find(stops.begin(), stops.end(), t_.suffix_ids[0]);
      if (end == stops.end()) CannotSay("a token after each text that does not end it");
      std::iter_swap(stops.begin(), end);
    }
    AddId("tokenizer.ggml.bos_token_id", bos);
    constexpr const char* kEnds[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                     "tokenizer.ggml.eom_token_id"};
    for (size_t i = 0; i < std::min(stops.size(), std::size(kEnds)); ++i) {
      AddId(kEnds[i], stops[i]);
    }
    // Where no EOT token is named, ends are looked for by their names.
    if (stops.size() == 1) AddId(kEnds[1], stops[0]);
    if (stops.size() > std::size(kEnds)) {
      notes_.push_back(Format("GGUF has room for three tokens that end a text: %zu are left out",
                              stops.size() - std::size(kEnds)));
    }
    AddId("tokenizer.ggml.unknown_token_id", t_.unknown_id);
    header_.Add("tokenizer.ggml.add_bos_token", !t_.prefix_ids.empty());
    header_.Add("tokenizer.ggml.add_eos_token", !t_.suffix_ids.empty());
  }

  const TokenizerTables& t_;
  const format::Tokenizer& view_;
  const uint32_t vocab_;
  GgufHeader& header_;
  std::vector<std::string>& notes_;
  std::vector<std::string> words_;
};

}  // namespace

void DescribeGgufTokenizer(const TokenizerTables* tokenizer, const ChatSource* chat, uint32_t vocab,
                           GgufHeader* header, std::vector<std::string>* notes) {
  if (tokenizer == nullptr) {
    header->Add("tokenizer.ggml.model", "none");
    return;
  }
  ErrorDetail detail;
  const format::Tokenizer view = Value(tokenizer->View(), detail, "tokenizer");
  Describer(*tokenizer, view, vocab, header, notes).Write();
  if (chat != nullptr && !chat->jinja.empty()) {
    header->Add("tokenizer.chat_template", chat->jinja);
  }
}

}  // namespace quanta::converter
