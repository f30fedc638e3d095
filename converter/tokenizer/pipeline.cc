// SPDX-License-Identifier: MIT
//
// What surrounds the model in tokenizer.json: normalizer, pre_tokenizer, decoder and
// post_processor.
#include <algorithm>

#include "converter/error.h"
#include "converter/tokenizer/reader_parts.h"

namespace quanta::converter {
namespace {

using format::NormalizerKind;
using format::PreTokenizerKind;
using format::SplitBehavior;

std::string TypeOf(const JsonValue& value) { return value["type"].String(); }

// Hands `visit` the parts of nested {"type": "Sequence", `list`: [...]} one by one,
// or the value itself. The parser has limited the depth.
template <class Visit>
void ForEachPart(const JsonValue& value, const char* list, const Visit& visit) {
  if (value.is_null()) return;
  if (TypeOf(value) != "Sequence") {
    visit(value);
    return;
  }
  value.CheckKeys({"type", list});
  const JsonValue parts = value[list];
  for (size_t i = 0; i < parts.ArraySize(); ++i) ForEachPart(parts.At(i), list, visit);
}

// --- Patterns ---------------------------------------------------------------------

struct KnownPattern {
  std::string_view regex;
  PreTokenizerKind kind;
};

// Every spelling that is known to match the same as the runtime's scanner, in the
// dialect of Hugging Face's regular expressions. A pattern that only looks alike
// (possessive \p{N}{1,3}+, which repeats there; $, which matches at line ends; letter
// pairs [sS] instead of (?i:), which miss the long s) does not belong here.
constexpr KnownPattern kPatterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kGpt2},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kGpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kLlama3},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     PreTokenizerKind::kLlama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kQwen2},
};

// The string or the regular expression of {"String": ...} or {"Regex": ...}.
struct Pattern {
  bool is_regex;
  std::string text;
};

Pattern ReadPattern(const JsonValue& value) {
  value.CheckKeys({"String", "Regex"});
  if (value.json().size() != 1) value.Corrupt("must have either String or Regex");
  const bool is_regex = value["String"].is_null();
  return {is_regex, value[is_regex ? "Regex" : "String"].String()};
}

// --- Normalizers ------------------------------------------------------------------

TokenizerTables::Normalizer ReadReplace(const JsonValue& value) {
  value.CheckKeys({"type", "pattern", "content"});
  const Pattern pattern = ReadPattern(value["pattern"]);
  TokenizerTables::Normalizer step{NormalizerKind::kReplace, pattern.text,
                                   value["content"].String(), false, false};
  if (pattern.is_regex && pattern.text == " {2,}") {
    step.kind = NormalizerKind::kSqueezeSpaces;
    step.a.clear();
  } else if (pattern.is_regex) {
    value["pattern"].Unsupported("regular expression not supported: " + pattern.text);
  }
  if (pattern.text.empty()) value["pattern"].Corrupt("is empty");
  return step;
}

TokenizerTables::Normalizer ReadOneNormalizer(const JsonValue& value) {
  const std::string type = TypeOf(value);
  const auto plain = [&](NormalizerKind kind) {
    value.CheckKeys({"type"});
    return TokenizerTables::Normalizer{kind, {}, {}, false, false};
  };
  if (type == "NFC") return plain(NormalizerKind::kNfc);
  if (type == "NFD") return plain(NormalizerKind::kNfd);
  if (type == "NFKC") return plain(NormalizerKind::kNfkc);
  if (type == "NFKD") return plain(NormalizerKind::kNfkd);
  if (type == "Lowercase") return plain(NormalizerKind::kLowercase);
  if (type == "Replace") return ReadReplace(value);
  if (type == "Prepend") {
    value.CheckKeys({"type", "prepend"});
    return {NormalizerKind::kPrepend, value["prepend"].String(), {}, false, false};
  }
  if (type == "Strip") {
    value.CheckKeys({"type", "strip_left", "strip_right"});
    return {
        NormalizerKind::kStrip, {}, {}, value["strip_left"].Bool(), value["strip_right"].Bool()};
  }
  value.Unsupported("normalizer not supported: " + Quote(type));
}

// --- Pre-tokenizers ---------------------------------------------------------------

SplitBehavior ReadBehavior(const JsonValue& value) {
  const std::string& name = value.String();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  value.Corrupt(Quote(name) + " is no behavior");
}

TokenizerTables::PreTokenizer ReadSplit(const JsonValue& value) {
  value.CheckKeys({"type", "pattern", "behavior", "invert"});
  const Pattern pattern = ReadPattern(value["pattern"]);
  const SplitBehavior behavior = ReadBehavior(value["behavior"]);
  const bool invert = value["invert"].BoolOr(false);
  TokenizerTables::PreTokenizer step;
  if (!pattern.is_regex) {
    if (invert) value["invert"].Unsupported("splitting at what is not a string is not supported");
    if (pattern.text.empty()) value["pattern"].Corrupt("is empty");
    step.kind = PreTokenizerKind::kSplitLiteral;
    step.a = pattern.text;
    step.behavior = behavior;
    return step;
  }
  const auto known = std::find_if(std::begin(kPatterns), std::end(kPatterns),
                                  [&](const KnownPattern& p) { return p.regex == pattern.text; });
  if (known == std::end(kPatterns)) {
    value["pattern"].Unsupported("pre-tokenizer pattern not supported: " + pattern.text,
                                 "the patterns of the GPT-2, Llama 3 and Qwen 2 tokenizers are");
  }
  // These patterns match all of a text: to isolate the matches, or to remove what
  // is none, comes to the same.
  if (behavior != SplitBehavior::kIsolated && !(behavior == SplitBehavior::kRemoved && invert)) {
    value["behavior"].Unsupported(Quote(value["behavior"].String()) +
                                  " is not supported with this pattern");
  }
  step.kind = known->kind;
  return step;
}

// Cuts into bytes come last: what follows would see byte characters, not text.
class PreTokenizerReader {
 public:
  explicit PreTokenizerReader(TokenizerTables* tables) : steps_(tables->pre_tokenizers) {}

  void Add(const JsonValue& value) {
    const std::string type = TypeOf(value);
    if (done_) value.Unsupported("a " + Quote(type) + " after ByteLevel is not supported");
    if (type == "ByteLevel") {
      value.CheckKeys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
      if (value["add_prefix_space"].BoolOr(true)) Add(PreTokenizerKind::kAddPrefixSpace);
      if (value["use_regex"].BoolOr(true)) Add(PreTokenizerKind::kGpt2);
      done_ = true;
    } else if (type == "Digits") {
      value.CheckKeys({"type", "individual_digits"});
      Add(value["individual_digits"].BoolOr(false) ? PreTokenizerKind::kDigitsIndividual
                                                   : PreTokenizerKind::kDigitsRuns);
    } else if (type == "Split") {
      steps_.push_back(ReadSplit(value));
    } else {
      value.Unsupported("pre-tokenizer not supported: " + Quote(type));
    }
  }
  bool done() const { return done_; }

 private:
  void Add(PreTokenizerKind kind) { steps_.emplace_back().kind = kind; }

  std::vector<TokenizerTables::PreTokenizer>& steps_;
  bool done_ = false;
};

// --- Post-processors --------------------------------------------------------------

class PostProcessorReader {
 public:
  explicit PostProcessorReader(TokenizerTables* tables) : tables_(*tables) {}

  void Add(const JsonValue& value) {
    const std::string type = TypeOf(value);
    if (type == "ByteLevel") return;  // only moves offsets
    if (done_) value.Unsupported("a second post-processor that adds tokens is not supported");
    done_ = true;
    if (type == "TemplateProcessing") {
      ReadTemplate(value);
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      value.CheckKeys({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
      tables_.prefix_ids.push_back(PairId(value["cls"]));
      tables_.suffix_ids.push_back(PairId(value["sep"]));
    } else {
      value.Unsupported("post-processor not supported: " + Quote(type));
    }
  }

 private:
  int32_t CheckedId(const JsonValue& value) const {
    const uint32_t id = value.Id();
    if (id >= tables_.vocab()) {
      value.Corrupt(Format("there is no token %u, the vocabulary has %u", id, tables_.vocab()));
    }
    return static_cast<int32_t>(id);
  }

  // ["[CLS]", 101]
  int32_t PairId(const JsonValue& value) const {
    if (value.ArraySize() != 2) value.Corrupt("must be a token and its id");
    return CheckedId(value.At(1));
  }

  void ReadTemplate(const JsonValue& value) {
    value.CheckKeys({"type", "single", "pair", "special_tokens"});
    const JsonValue pieces = value["single"];
    bool text_seen = false;
    for (size_t i = 0; i < pieces.ArraySize(); ++i) {
      const JsonValue piece = pieces.At(i);
      piece.CheckKeys({"SpecialToken", "Sequence"});
      if (!piece["Sequence"].is_null()) {
        if (text_seen || piece["Sequence"]["id"].String() != "A") {
          piece.Unsupported("a template that does not hold the text just once is not supported");
        }
        text_seen = true;
        continue;
      }
      AddSpecial(piece["SpecialToken"]["id"], value["special_tokens"],
                 text_seen ? &tables_.suffix_ids : &tables_.prefix_ids);
    }
    if (!text_seen) pieces.Unsupported("a template without the text is not supported");
  }

  void AddSpecial(const JsonValue& name, const JsonValue& specials, std::vector<int32_t>* to) {
    const JsonValue special = specials[name.String().c_str()];
    if (special.is_null()) name.Corrupt(Quote(name.String()) + " is not in special_tokens");
    const JsonValue ids = special["ids"];
    for (size_t i = 0; i < ids.ArraySize(); ++i) {
      if (to->size() >= kMostIds) ids.Corrupt("too many tokens around a text");
      to->push_back(CheckedId(ids.At(i)));
    }
  }

  static constexpr size_t kMostIds = 64;
  TokenizerTables& tables_;
  bool done_ = false;
};

}  // namespace

void ReadNormalizer(const JsonValue& normalizer, TokenizerTables* tables) {
  ForEachPart(normalizer, "normalizers", [&](const JsonValue& value) {
    tables->normalizers.push_back(ReadOneNormalizer(value));
  });
}

void ReadPreTokenizer(const JsonValue& pre_tokenizer, TokenizerTables* tables) {
  PreTokenizerReader reader(tables);
  ForEachPart(pre_tokenizer, "pretokenizers", [&](const JsonValue& part) { reader.Add(part); });
  if (!reader.done()) {
    pre_tokenizer.Unsupported("has no ByteLevel step", "only byte-level BPE is supported");
  }
}

void ReadDecoder(const JsonValue& decoder, TokenizerTables* tables) {
  bool byte_level = false;
  ForEachPart(decoder, "decoders", [&](const JsonValue& value) {
    if (TypeOf(value) != "ByteLevel" || byte_level) {
      value.Unsupported("decoder not supported: " + Quote(TypeOf(value)),
                        "byte-level BPE has one ByteLevel");
    }
    byte_level = true;
  });
  if (!byte_level) {
    decoder.Unsupported("byte-level BPE without a ByteLevel decoder is not supported");
  }
  tables->decoders.emplace_back().kind = format::DecoderKind::kByteLevel;
}

void ReadPostProcessor(const JsonValue& post_processor, TokenizerTables* tables) {
  PostProcessorReader reader(tables);
  ForEachPart(post_processor, "processors", [&](const JsonValue& part) { reader.Add(part); });
}

}  // namespace quanta::converter
