// SPDX-License-Identifier: MIT
#include "converter/tokenizer/write_tokenizer_json.h"

#include <algorithm>
#include <new>

#include "converter/error.h"
#include "converter/tokenizer/json_value.h"
#include "converter/tokenizer/patterns.h"
#include "converter/tokenizer/score.h"
#include "converter/tokenizer/spelling.h"

namespace quanta::converter {
namespace {

using format::DecoderKind;
using format::NormalizerKind;
using format::PreTokenizerKind;
using format::SplitBehavior;
using format::TokenizerKind;
using Out = nlohmann::ordered_json;  // in the order of the reference's own files

[[noreturn]] void Unsupported(const std::string& what) {
  throw Error(Code::kUnsupported, "tokenizer", what + " cannot be said in tokenizer.json");
}

// null, the only part, or a Sequence.
Out Sequence(const char* list, std::vector<Out> parts) {
  if (parts.empty()) return nullptr;
  if (parts.size() == 1) return std::move(parts.front());
  return {{"type", "Sequence"}, {list, std::move(parts)}};
}

Out Pattern(const char* kind, std::string_view text) { return {{kind, text}}; }

const char* SchemeOf(uint8_t prepend) {
  return prepend == 0 ? "always" : prepend == 1 ? "first" : "never";
}

Out Metaspace(std::string_view mark, uint8_t prepend, bool split) {
  return {{"type", "Metaspace"},
          {"replacement", mark},
          {"prepend_scheme", SchemeOf(prepend)},
          {"split", split}};
}

Out ByteLevel(bool prefix_space, bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", prefix_space},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

class Writer {
 public:
  explicit Writer(const format::Tokenizer& tokenizer) : t_(tokenizer), spelling_(tokenizer) {}

  TokenizerFiles Write() const {
    Out json = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
    json["added_tokens"] = AddedTokens();
    json["normalizer"] = Normalizers();
    json["pre_tokenizer"] = PreTokenizers();
    json["post_processor"] = PostProcessor();
    json["decoder"] = Decoders();
    json["model"] = Model();
    return {json.dump(1) + "\n", TokenizerConfig().dump(2) + "\n",
            GenerationConfig().dump(2) + "\n"};
  }

 private:
  bool byte_level() const { return t_.kind == TokenizerKind::kByteBpe; }

  Out AddedTokens() const {
    Out tokens = Out::array();
    for (const format::AddedToken& token : t_.added) {
      tokens.push_back({{"id", token.id},
                        {"content", token.content},
                        {"single_word", token.single_word},
                        {"lstrip", token.lstrip},
                        {"rstrip", token.rstrip},
                        {"normalized", token.normalized},
                        {"special", token.special}});
    }
    return tokens;
  }

  // --- The pipeline -----------------------------------------------------------------

  static Out OneNormalizer(const format::Normalizer& step) {
    switch (step.kind) {
      case NormalizerKind::kNfc:
        return {{"type", "NFC"}};
      case NormalizerKind::kNfd:
        return {{"type", "NFD"}};
      case NormalizerKind::kNfkc:
        return {{"type", "NFKC"}};
      case NormalizerKind::kNfkd:
        return {{"type", "NFKD"}};
      case NormalizerKind::kLowercase:
        return {{"type", "Lowercase"}};
      case NormalizerKind::kPrepend:
        return {{"type", "Prepend"}, {"prepend", step.a}};
      case NormalizerKind::kReplace:
        return {{"type", "Replace"}, {"pattern", Pattern("String", step.a)}, {"content", step.b}};
      case NormalizerKind::kSqueezeSpaces:
        return {{"type", "Replace"}, {"pattern", Pattern("Regex", " {2,}")}, {"content", step.b}};
      case NormalizerKind::kStrip:
        return {{"type", "Strip"}, {"strip_left", step.left}, {"strip_right", step.right}};
    }
    Unsupported("a normalizer");
  }

  Out Normalizers() const {
    std::vector<Out> parts;
    for (const format::Normalizer& step : t_.normalizers) parts.push_back(OneNormalizer(step));
    return Sequence("normalizers", std::move(parts));
  }

  static const char* BehaviorOf(SplitBehavior behavior) {
    switch (behavior) {
      case SplitBehavior::kRemoved:
        return "Removed";
      case SplitBehavior::kIsolated:
        return "Isolated";
      case SplitBehavior::kMergedWithPrevious:
        return "MergedWithPrevious";
      case SplitBehavior::kMergedWithNext:
        return "MergedWithNext";
      case SplitBehavior::kContiguous:
        return "Contiguous";
    }
    Unsupported("a split");
  }

  static Out Split(const char* kind, std::string_view pattern, SplitBehavior behavior) {
    return {{"type", "Split"},
            {"pattern", Pattern(kind, pattern)},
            {"behavior", BehaviorOf(behavior)},
            {"invert", false}};
  }

  static Out OnePreTokenizer(const format::PreTokenizer& step) {
    switch (step.kind) {
      case PreTokenizerKind::kGpt2:
      case PreTokenizerKind::kLlama3:
      case PreTokenizerKind::kQwen2:
        return Split("Regex", RegexOf(step.kind), SplitBehavior::kIsolated);
      case PreTokenizerKind::kDigitsIndividual:
        return {{"type", "Digits"}, {"individual_digits", true}};
      case PreTokenizerKind::kDigitsRuns:
        return {{"type", "Digits"}, {"individual_digits", false}};
      case PreTokenizerKind::kMetaspace:
        return Metaspace(step.a, step.prepend, step.behavior == SplitBehavior::kMergedWithNext);
      case PreTokenizerKind::kWhitespace:
        return {
            {"type", step.behavior == SplitBehavior::kRemoved ? "WhitespaceSplit" : "Whitespace"}};
      case PreTokenizerKind::kSplitLiteral:
        return Split("String", step.a, step.behavior);
      case PreTokenizerKind::kByteWords:
        Unsupported("QuantaTissu's way of cutting texts at bytes");
      case PreTokenizerKind::kAddPrefixSpace:
        Unsupported("a space put before pieces");
    }
    Unsupported("a pre-tokenizer");
  }

  // In byte-level BPE the last step is ByteLevel, which may do what the last ones do.
  Out PreTokenizers() const {
    size_t count = t_.pre_tokenizers.size();
    const auto ends_with = [&](PreTokenizerKind kind) {
      return byte_level() && count > 0 && t_.pre_tokenizers[count - 1].kind == kind;
    };
    const bool use_regex = ends_with(PreTokenizerKind::kGpt2);
    if (use_regex) --count;
    const bool prefix_space = ends_with(PreTokenizerKind::kAddPrefixSpace);
    if (prefix_space) --count;
    std::vector<Out> parts;
    for (size_t i = 0; i < count; ++i) parts.push_back(OnePreTokenizer(t_.pre_tokenizers[i]));
    if (byte_level()) parts.push_back(ByteLevel(prefix_space, use_regex));
    return Sequence("pretokenizers", std::move(parts));
  }

  static Out OneDecoder(const format::Decoder& step) {
    switch (step.kind) {
      case DecoderKind::kByteLevel:
        return ByteLevel(true, true);
      case DecoderKind::kReplace:
        return {{"type", "Replace"}, {"pattern", Pattern("String", step.a)}, {"content", step.b}};
      case DecoderKind::kByteFallback:
        return {{"type", "ByteFallback"}};
      case DecoderKind::kFuse:
        return {{"type", "Fuse"}};
      case DecoderKind::kStrip:
        return {{"type", "Strip"}, {"content", step.a}, {"start", step.start}, {"stop", step.stop}};
      case DecoderKind::kMetaspace:
        return Metaspace(step.a, step.prepend, true);
    }
    Unsupported("a decoder");
  }

  Out Decoders() const {
    std::vector<Out> parts;
    for (const format::Decoder& step : t_.decoders) parts.push_back(OneDecoder(step));
    if (byte_level() && parts.empty()) parts.push_back(ByteLevel(true, true));
    return Sequence("decoders", std::move(parts));
  }

  Out PostProcessor() const {
    if (t_.prefix_ids.empty() && t_.suffix_ids.empty()) {
      return byte_level() ? ByteLevel(true, true) : Out(nullptr);
    }
    Out single = Out::array(), specials = Out::object();
    const auto add = [&](std::span<const int32_t> ids) {
      for (const int32_t id : ids) {
        const std::string& word = spelling_.Word(static_cast<uint32_t>(id));
        single.push_back({{"SpecialToken", {{"id", word}, {"type_id", 0}}}});
        specials[word] = {{"id", word}, {"ids", Out::array({id})}, {"tokens", Out::array({word})}};
      }
    };
    add(t_.prefix_ids);
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    add(t_.suffix_ids);
    // A pair of texts, which this runtime does not have: one after the other.
    Out pair = single;
    pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
    return {{"type", "TemplateProcessing"},
            {"single", single},
            {"pair", pair},
            {"special_tokens", specials}};
  }

  // --- The model --------------------------------------------------------------------

  Out Model() const {
    switch (t_.kind) {
      case TokenizerKind::kByteBpe:
      case TokenizerKind::kSpmBpe:
        return BpeModel();
      case TokenizerKind::kUnigram:
        return {{"type", "Unigram"},
                {"unk_id", t_.unknown_id},
                {"vocab", ScoredWords()},
                {"byte_fallback", t_.byte_fallback}};
      case TokenizerKind::kWhitespace:
        if (t_.unknown_id < 0) Unsupported("a vocabulary of words without an unknown one");
        return {{"type", "WordLevel"}, {"vocab", Words()}, {"unk_token", UnknownWord()}};
    }
    Unsupported("the model");
  }

  Out UnknownWord() const {
    if (t_.unknown_id < 0) return nullptr;
    return spelling_.Word(static_cast<uint32_t>(t_.unknown_id));
  }

  Out Words() const {
    Out::object_t words;  // a vector: appending one by one costs no search
    for (uint32_t id = 0; id < t_.vocab(); ++id) {
      if (spelling_.InModel(id)) words.push_back({spelling_.Word(id), id});
    }
    return words;
  }

  Out ScoredWords() const {
    if (!t_.fuse_unknown) Unsupported("unigram that keeps unknown characters apart");
    Out words = Out::array();
    const size_t count = std::max(t_.scores.size(), t_.scores64.size());
    for (uint32_t id = 0; id < count; ++id) {
      const double score = t_.scores.empty() ? t_.scores64[id] : double{t_.scores[id]};
      words.push_back(Out::array({spelling_.Word(id), ToBeReadAs(score)}));
    }
    return words;
  }

  Out BpeModel() const {
    Out merges = Out::array();
    for (const format::Merge& merge : t_.merges) {
      const std::string& left = spelling_.Word(merge.left);
      const std::string& right = spelling_.Word(merge.right);
      if (left + right != spelling_.Word(merge.result)) {
        Unsupported("the merge of " + Quote(left) + " and " + Quote(right) + " to " +
                    Quote(spelling_.Word(merge.result)));
      }
      merges.push_back(Out::array({left, right}));
    }
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", UnknownWord()},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", t_.fuse_unknown},
            {"byte_fallback", t_.byte_fallback},
            {"ignore_merges", t_.ignore_merges},
            {"vocab", Words()},
            {"merges", merges}};
  }

  // --- The files beside it ----------------------------------------------------------

  void Name(const char* key, int32_t id, Out* config) const {
    if (id >= 0) (*config)[key] = spelling_.Word(static_cast<uint32_t>(id));
  }

  Out TokenizerConfig() const {
    Out config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                  {"clean_up_tokenization_spaces", false}};
    Name("bos_token", t_.bos_id, &config);
    if (!t_.stop_ids.empty()) Name("eos_token", t_.stop_ids.front(), &config);
    Name("unk_token", t_.unknown_id, &config);
    return config;
  }

  Out GenerationConfig() const {
    Out config = Out::object();
    if (t_.bos_id >= 0) config["bos_token_id"] = t_.bos_id;
    if (!t_.stop_ids.empty()) {
      config["eos_token_id"] = std::vector<int32_t>(t_.stop_ids.begin(), t_.stop_ids.end());
    }
    return config;
  }

  const format::Tokenizer& t_;
  const Spelling spelling_;
};

}  // namespace

Result<TokenizerFiles> WriteTokenizer(const format::Tokenizer& tokenizer, ErrorDetail* detail) {
  try {
    return Writer(tokenizer).Write();
  } catch (const Error& error) {
    return Fail(detail, error.code(), "tokenizer not supported", "%s", error.what());
  } catch (const std::bad_alloc&) {
    return Status(Code::kOutOfMemory, "the heap is exhausted");
  } catch (const std::exception& error) {
    return Fail(detail, Code::kInternal, "the tokenizer cannot be written", "%s", error.what());
  }
}

}  // namespace quanta::converter
