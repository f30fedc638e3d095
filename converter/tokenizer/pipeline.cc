// SPDX-License-Identifier: MIT
//
// What surrounds the model in tokenizer.json: normalizer, pre_tokenizer and decoder.
#include <algorithm>

#include "converter/error.h"
#include "converter/tokenizer/patterns.h"
#include "converter/tokenizer/reader_parts.h"
#include "runtime/text/utf8.h"

namespace quanta::converter {
namespace {

using format::DecoderKind;
using format::NormalizerKind;
using format::PreTokenizerKind;
using format::SplitBehavior;

// --- Patterns ---------------------------------------------------------------------

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

// {"type": "Metaspace", ...}, as pre-tokenizer and as decoder.
struct MetaspaceSettings {
  std::string replacement;
  uint8_t prepend;  // 0 always, 1 first, 2 never
  bool split;
};

std::string ReadCharacter(const JsonValue& value) {
  const std::string& text = value.String();
  if (text.empty() || text::DecodeUtf8(text.data()).bytes != text.size()) {
    value.Corrupt("must be one character");
  }
  return text;
}

MetaspaceSettings ReadMetaspace(const JsonValue& value) {
  value.CheckKeys(
      {"type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
  MetaspaceSettings settings{ReadCharacter(value["replacement"]), 0, value["split"].BoolOr(true)};
  if (const JsonValue scheme = value["prepend_scheme"]; !scheme.is_null()) {
    const std::string& name = scheme.String();
    if (name != "always" && name != "first" && name != "never") {
      scheme.Corrupt(Quote(name) + " is no scheme");
    }
    settings.prepend = name == "always" ? 0 : name == "first" ? 1 : 2;
  }
  // Old files have only this. The reference wants both, and that they agree.
  if (!value["add_prefix_space"].BoolOr(true) && settings.prepend != 2) {
    value["add_prefix_space"].Corrupt("contradicts the prepend_scheme",
                                      "where it is false, prepend_scheme must be 'never'");
  }
  return settings;
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
  const auto known = ScannerOf(pattern.text);
  if (!known) {
    value["pattern"].Unsupported("pre-tokenizer pattern not supported: " + pattern.text,
                                 "the patterns of the GPT-2, Llama 3 and Qwen 2 tokenizers are");
  }
  // These patterns match all of a text: to isolate the matches, or to remove what
  // is none, comes to the same.
  if (behavior != SplitBehavior::kIsolated && !(behavior == SplitBehavior::kRemoved && invert)) {
    value["behavior"].Unsupported(Quote(value["behavior"].String()) +
                                  " is not supported with this pattern");
  }
  step.kind = *known;
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
    } else if (type == "CharDelimiterSplit") {
      value.CheckKeys({"type", "delimiter"});
      Add(PreTokenizerKind::kSplitLiteral).a = ReadCharacter(value["delimiter"]);
    } else if (type == "Metaspace") {
      AddMetaspace(value);
    } else if (type == "WhitespaceSplit" || type == "Whitespace") {
      value.CheckKeys({"type"});
      Add(PreTokenizerKind::kWhitespace).behavior =
          type == "Whitespace" ? SplitBehavior::kIsolated : SplitBehavior::kRemoved;
    } else {
      value.Unsupported("pre-tokenizer not supported: " + Quote(type));
    }
  }
  bool done() const { return done_; }

 private:
  TokenizerTables::PreTokenizer& Add(PreTokenizerKind kind) {
    steps_.emplace_back().kind = kind;
    return steps_.back();
  }

  void AddMetaspace(const JsonValue& value) {
    const MetaspaceSettings settings = ReadMetaspace(value);
    if (settings.prepend == 1 && !steps_.empty()) {
      value["prepend_scheme"].Unsupported("'first' is not supported after another step");
    }
    auto& step = Add(PreTokenizerKind::kMetaspace);
    step.a = settings.replacement;
    step.prepend = settings.prepend;
    if (settings.split) step.behavior = SplitBehavior::kMergedWithNext;
  }

  std::vector<TokenizerTables::PreTokenizer>& steps_;
  bool done_ = false;
};

// --- Decoders -----------------------------------------------------------------------

uint32_t ReadCount(const JsonValue& value) {
  constexpr uint64_t kMost = 256;
  if (!value.json().is_number_unsigned()) value.Corrupt("must be a whole number from 0 on");
  if (value.json().get<uint64_t>() > kMost) value.Unsupported("is more than 256");
  return value.json().get<uint32_t>();
}

TokenizerTables::Decoder ReadOneDecoder(const JsonValue& value) {
  const std::string& type = TypeOf(value);
  TokenizerTables::Decoder step;
  if (type == "ByteLevel") {
    value.CheckKeys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    step.kind = DecoderKind::kByteLevel;
  } else if (type == "ByteFallback" || type == "Fuse") {
    value.CheckKeys({"type"});
    step.kind = type == "Fuse" ? DecoderKind::kFuse : DecoderKind::kByteFallback;
  } else if (type == "Replace") {
    value.CheckKeys({"type", "pattern", "content"});
    const Pattern pattern = ReadPattern(value["pattern"]);
    if (pattern.is_regex) {
      value["pattern"].Unsupported("regular expression not supported: " + pattern.text);
    }
    if (pattern.text.empty()) value["pattern"].Corrupt("is empty");
    step = {DecoderKind::kReplace, pattern.text, value["content"].String(), 0, 0, 0};
  } else if (type == "Strip") {
    value.CheckKeys({"type", "content", "start", "stop"});
    step = {DecoderKind::kStrip,       ReadCharacter(value["content"]), {},
            ReadCount(value["start"]), ReadCount(value["stop"]),        0};
  } else if (type == "Metaspace") {
    const MetaspaceSettings settings = ReadMetaspace(value);
    step = {DecoderKind::kMetaspace, settings.replacement, {}, 0, 0, settings.prepend};
  } else {
    value.Unsupported("decoder not supported: " + Quote(type));
  }
  return step;
}

}  // namespace

void ReadNormalizer(const JsonValue& normalizer, TokenizerTables* tables) {
  ForEachPart(normalizer, "normalizers", [&](const JsonValue& value) {
    TokenizerTables::Normalizer step = ReadOneNormalizer(value);
    const bool nothing = step.kind == NormalizerKind::kPrepend && step.a.empty();
    if (!nothing) tables->normalizers.push_back(std::move(step));
  });
}

bool ReadPreTokenizer(const JsonValue& pre_tokenizer, TokenizerTables* tables) {
  PreTokenizerReader reader(tables);
  ForEachPart(pre_tokenizer, "pretokenizers", [&](const JsonValue& part) { reader.Add(part); });
  return reader.done();
}

// Without a decoder the reference puts spaces between tokens. Byte-level BPE would then
// show its alphabet.
void ReadDecoder(const JsonValue& decoder, TokenizerTables* tables) {
  const bool bytes = tables->kind == format::TokenizerKind::kByteBpe;
  auto& steps = tables->decoders;
  ForEachPart(decoder, "decoders", [&](const JsonValue& value) {
    TokenizerTables::Decoder step = ReadOneDecoder(value);
    if ((step.kind == DecoderKind::kByteLevel) != (bytes && steps.empty())) {
      value.Unsupported("decoder not supported: " + Quote(TypeOf(value)),
                        bytes ? "byte-level BPE begins with one ByteLevel"
                              : "ByteLevel belongs to byte-level BPE");
    }
    if (step.kind == DecoderKind::kByteFallback &&
        std::any_of(steps.begin(), steps.end(), [](const TokenizerTables::Decoder& other) {
          return other.kind == DecoderKind::kByteFallback;
        })) {
      value.Unsupported("decoder not supported: a second 'ByteFallback'");
    }
    steps.push_back(std::move(step));
  });
  if (bytes && steps.empty()) {
    decoder.Unsupported("byte-level BPE without a ByteLevel decoder is not supported");
  }
}

}  // namespace quanta::converter
