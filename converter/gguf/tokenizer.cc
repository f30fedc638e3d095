// SPDX-License-Identifier: MIT
#include "converter/gguf/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "converter/error.h"
#include "converter/gguf/pre_tokenizers.h"
#include "converter/json.h"
#include "converter/tokenizer/patterns.h"
#include "converter/tokenizer/tokenizer_json.h"
#include "runtime/format/limits.h"
#include "runtime/text/utf8.h"

namespace quanta::converter {
namespace {

using format::PreTokenizerKind;

/// tokenizer.ggml.token_type
enum class Type : int64_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

/// Control tokens that llama.cpp takes for the end of a turn or of a text by what they are
/// called. Gemma's and Qwen's files rely on that.
constexpr std::string_view kEnds[] = {
    "<|eot_id|>",    "<|eom_id|>",      "<|im_end|>", "<|end|>", "<end_of_turn>",
    "<|endoftext|>", "<|end_of_text|>", "<EOT>",      "_<EOT>",
};

constexpr const char* kSpace = "\u2581";

/// Typed settings of the tokenizer.
class Settings {
 public:
  Settings(const GgufFile& file, const std::string& place) : file_(file), place_(place) {}

  [[noreturn]] void Fail(Code code, const std::string& key, std::string_view what,
                         std::string_view hint = {}) const {
    throw Error(code, place_, key + " " + std::string(what), hint);
  }

  std::string Text(const std::string& key) const {
    const GgufValue* value = file_.Find(key);
    if (value == nullptr) return {};
    if (!value->is_text() || !text::IsUtf8(value->texts[0])) {
      Fail(Code::kCorrupt, key, "must be a text in UTF-8");
    }
    return std::string(value->texts[0]);
  }
  bool Bool(const std::string& key, bool fallback) const {
    const GgufValue* value = file_.Find(key);
    if (value == nullptr) return fallback;
    if (value->is_array || value->type != GgufType::kBool) {
      Fail(Code::kCorrupt, key, "must be true or false");
    }
    return value->Integer(0) != 0;
  }
  /// Null if it is not there; else it has strings, `what` of them.
  const GgufValue* Texts(const std::string& key) const {
    const GgufValue* value = file_.Find(key);
    if (value == nullptr) return nullptr;
    if (!value->is_texts()) Fail(Code::kCorrupt, key, "must be a list of texts");
    for (const std::string_view one : value->texts) {
      if (!text::IsUtf8(one)) Fail(Code::kCorrupt, key, "has a text that is not UTF-8");
    }
    return value;
  }
  const GgufValue* Numbers(const std::string& key, bool integers, uint64_t count) const {
    const GgufValue* value = file_.Find(key);
    if (value == nullptr) return nullptr;
    const bool fine = value->is_array && value->type != GgufType::kString &&
                      value->type != GgufType::kBool && (!integers || value->is_integer());
    if (!fine || value->count != count) {
      Fail(Code::kCorrupt, key, "must be a list of one number for each token");
    }
    return value;
  }
  /// The id under `key`, or `fallback`; -1: there is none.
  int64_t Id(const std::string& key, int64_t fallback, uint64_t tokens) const {
    const GgufValue* value = file_.Find(key);
    if (value == nullptr) return fallback < static_cast<int64_t>(tokens) ? fallback : -1;
    const int64_t id = value->is_array || !value->is_integer() ? -1 : value->Integer(0);
    // llama.cpp's "none" is the largest number of 32 bits.
    if (id == UINT32_MAX || (id == -1 && value->type == GgufType::kInt32)) return -1;
    if (id < 0 || static_cast<uint64_t>(id) >= tokens) {
      Fail(Code::kCorrupt, key, Format("must be the id of one of %zu tokens", size_t{tokens}));
    }
    return id;
  }

 private:
  const GgufFile& file_;
  const std::string& place_;
};

std::string Key(std::string_view name) { return "tokenizer.ggml." + std::string(name); }

/// Puts the tokenizer in the words of tokenizer.json.
class Translator {
 public:
  Translator(const GgufFile& file, const std::string& place) : settings_(file, place) {}

  void Translate() {
    const std::string model = settings_.Text(Key("model"));
    pieces_ = model == "llama";
    if (!pieces_ && model != "gpt2") {
      settings_.Fail(Code::kUnsupported, Key("model"), "is '" + model + "', which is not supported",
                     "'gpt2' (byte-level BPE) and 'llama' (SentencePiece) are");
    }
    ReadTokens();
    AddWords();
    if (pieces_) {
      DescribePieces();
    } else {
      DescribeBytes();
    }
    AddSpecialIds();
  }

  const Json& tokenizer() const { return tokenizer_; }
  const Json& config() const { return config_; }

 private:
  uint64_t tokens() const { return tokens_->count; }
  std::string Word(uint64_t id) const { return std::string(tokens_->texts[id]); }
  Type TypeAt(uint64_t id) const {
    return types_ == nullptr ? Type::kNormal : static_cast<Type>(types_->Integer(id));
  }
  static bool IsAdded(Type type) { return type == Type::kControl || type == Type::kUserDefined; }

  void ReadTokens() {
    tokens_ = settings_.Texts(Key("tokens"));
    if (tokens_ == nullptr || tokens() == 0) {
      settings_.Fail(Code::kNotFound, Key("tokens"), "is missing: this file has no vocabulary",
                     "add --no-tokenizer for a model that takes ids only");
    }
    if (tokens() > format::kMaxVocab) {
      settings_.Fail(Code::kCorrupt, Key("tokens"), "has more entries than any vocabulary");
    }
    types_ = settings_.Numbers(Key("token_type"), true, tokens());
    for (uint64_t id = 0; id < tokens(); ++id) {
      const Type type = TypeAt(id);
      if (type >= Type::kNormal && type <= Type::kByte) continue;
      settings_.Fail(Code::kCorrupt, Key("token_type"),
                     Format("has %lld, which is no type", static_cast<long long>(type)));
    }
  }

  /// How many tokens are words of the model; the added ones that follow are not. Unused
  /// ones fill the gaps, as ids are counted on.
  uint64_t Words() const {
    uint64_t words = 0;
    bool added_behind = false;
    for (uint64_t id = tokens(); id-- > 0 && words == 0;) {
      const Type type = TypeAt(id);
      const bool gap = type == Type::kUnused && added_behind;
      if (!IsAdded(type) && (type != Type::kUnused || gap)) words = id + 1;
      added_behind |= IsAdded(type);
    }
    return words;
  }

  void AddWords() {
    Json vocab = Json::object(), added = Json::array();
    const uint64_t words = Words();
    for (uint64_t id = 0; id < tokens(); ++id) {
      const Type type = TypeAt(id);
      if (id < words && !vocab.emplace(Word(id), id).second) {
        settings_.Fail(Code::kCorrupt, Key("tokens"), "has '" + Word(id) + "' twice");
      }
      // The unknown token, too, is found where it is written out.
      const bool special = type == Type::kControl || (pieces_ && type == Type::kUnknown);
      if (!IsAdded(type) && !special) continue;
      added.push_back(
          {{"id", id}, {"content", Word(id)}, {"special", special}, {"normalized", false}});
    }
    tokenizer_["model"] = {{"type", "BPE"}, {"vocab", std::move(vocab)}};
    tokenizer_["added_tokens"] = std::move(added);
  }

  Json MergesAsListed() const {
    Json merges = Json::array();
    if (const GgufValue* lines = settings_.Texts(Key("merges")); lines != nullptr) {
      for (const std::string_view line : lines->texts) merges.push_back(line);
    }
    return merges;
  }

  // --- Byte-level BPE -----------------------------------------------------------------

  void DescribeBytes() {
    const std::string name = settings_.Text(Key("pre"));
    const GgufPreTokenizer* known = FindGgufPreTokenizer(name);
    if (known == nullptr) {
      settings_.Fail(Code::kUnsupported, Key("pre"),
                     name.empty() ? "is missing: how texts are cut is not known"
                                  : "is '" + name + "', which is not supported",
                     "supported: " + GgufPreTokenizerNames() + "; convert the original model");
    }
    Json steps = Json::array();
    for (const PreTokenizerKind kind : known->steps) {
      steps.push_back(kind == PreTokenizerKind::kDigitsIndividual
                          ? Json{{"type", "Digits"}, {"individual_digits", true}}
                          : Json{{"type", "Split"},
                                 {"pattern", {{"Regex", RegexOf(kind)}}},
                                 {"behavior", "Isolated"}});
    }
    steps.push_back({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}});
    tokenizer_["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
    if (known->nfc) tokenizer_["normalizer"] = {{"type", "NFC"}};
    tokenizer_["decoder"] = {{"type", "ByteLevel"}};
    Json& model = tokenizer_["model"];
    model["ignore_merges"] = known->ignore_merges;
    model["merges"] = MergesAsListed();
    if (settings_.Bool(Key("add_space_prefix"), false)) {
      settings_.Fail(Code::kUnsupported, Key("add_space_prefix"),
                     "is not supported for a byte-level vocabulary");
    }
    begins_ = known->add_bos;
  }

  // --- SentencePiece --------------------------------------------------------------------

  void DescribePieces() {
    const bool prefix = settings_.Bool(Key("add_space_prefix"), true);
    Json steps = Json::array();
    if (prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kSpace}});
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpace}});
    tokenizer_["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::move(steps)}};
    Json decoders = {{{"type", "Replace"}, {"pattern", {{"String", kSpace}}}, {"content", " "}},
                     {{"type", "ByteFallback"}},
                     {{"type", "Fuse"}}};
    if (prefix) {
      decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    }
    tokenizer_["decoder"] = {{"type", "Sequence"}, {"decoders", std::move(decoders)}};
    Json& model = tokenizer_["model"];
    model["byte_fallback"] = true;
    model["fuse_unk"] = true;
    const int64_t unknown = settings_.Id(Key("unknown_token_id"), 0, tokens());
    if (unknown >= 0) model["unk_token"] = Word(static_cast<uint64_t>(unknown));
    // Files of ours list them, as scores alone do not tell which pairs merge.
    Json merges = MergesAsListed();
    model["merges"] = merges.empty() ? MergesOfPieces() : std::move(merges);
    begins_ = true;
  }

  struct Merge {
    double score;
    size_t left_characters, right_characters;
    uint32_t left, right;  ///< ids
    bool operator<(const Merge& other) const {
      if (score != other.score) return score > other.score;
      if (left_characters != other.left_characters) return left_characters > other.left_characters;
      return right_characters > other.right_characters;
    }
  };

  /// All the ways to make a normal piece from two, the best result first. Among ways to the
  /// same one, and between results of equal scores, the order is that of transformers, which
  /// derives merges from scores alike; SentencePiece would take the leftmost in the text.
  Json MergesOfPieces() const {
    const GgufValue* scores = settings_.Numbers(Key("scores"), false, tokens());
    if (scores == nullptr) settings_.Fail(Code::kCorrupt, Key("scores"), "is missing");
    std::unordered_map<std::string_view, uint32_t> ids;
    for (uint32_t id = 0; id < tokens(); ++id) {
      if (!std::isfinite(scores->Number(id))) {
        settings_.Fail(Code::kCorrupt, Key("scores"), "has one that is not finite");
      }
      if (TypeAt(id) == Type::kNormal) ids.emplace(tokens_->texts[id], id);
    }
    std::vector<Merge> merges;
    for (uint32_t id = 0; id < tokens(); ++id) {
      if (TypeAt(id) == Type::kNormal)
        AddSplits(tokens_->texts[id], scores->Number(id), ids, &merges);
    }
    std::stable_sort(merges.begin(), merges.end());
    Json list = Json::array();
    for (const Merge& merge : merges) {
      list.push_back(Json::array({tokens_->texts[merge.left], tokens_->texts[merge.right]}));
    }
    return list;
  }

  void AddSplits(std::string_view piece, double score,
                 const std::unordered_map<std::string_view, uint32_t>& ids,
                 std::vector<Merge>* merges) const {
    // Longer ones would take the square of their size.
    constexpr size_t kMaxPieceBytes = 4096;
    if (piece.size() > kMaxPieceBytes) {
      settings_.Fail(Code::kCorrupt, Key("tokens"), "has a piece that is too long for one");
    }
    const size_t begin = merges->size();
    size_t characters = 0;
    for (size_t at = 0; at < piece.size();) {
      at += text::DecodeUtf8(piece.data() + at).bytes;
      ++characters;
      if (at >= piece.size()) break;
      const auto left = ids.find(piece.substr(0, at)), right = ids.find(piece.substr(at));
      if (left == ids.end() || right == ids.end()) continue;
      merges->push_back({score, characters, 0, left->second, right->second});
    }
    for (size_t i = begin; i < merges->size(); ++i) {
      (*merges)[i].right_characters = characters - (*merges)[i].left_characters;
    }
  }

  // --- Ids ------------------------------------------------------------------------------

  void AddSpecialIds() {
    const int64_t bos = settings_.Id(Key("bos_token_id"), pieces_ ? 1 : -1, tokens());
    const int64_t eos = settings_.Id(Key("eos_token_id"), pieces_ ? 2 : -1, tokens());
    Json stops = Json::array();
    const int64_t eot = settings_.Id(Key("eot_token_id"), -1, tokens());
    for (const int64_t id : {eos, eot, settings_.Id(Key("eom_token_id"), -1, tokens())}) {
      if (id >= 0) stops.push_back(id);
    }
    if (eot < 0) AddEnds(&stops);
    config_ = {{"eos_token_id", std::move(stops)}};
    if (bos >= 0) config_["bos_token_id"] = bos;
    if (settings_.Bool(Key("add_sep_token"), false)) {
      settings_.Fail(Code::kUnsupported, Key("add_sep_token"), "is not supported");
    }

    Json single = Json::array(), specials = Json::object();
    const auto put = [&](const char* name, int64_t id, const char* key, bool fallback) {
      const bool said = settings_.Bool(Key(key), fallback);
      if (!said) return;
      if (id < 0) settings_.Fail(Code::kCorrupt, Key(key), "is true, but there is no such token");
      single.push_back({{"SpecialToken", {{"id", name}, {"type_id", 0}}}});
      specials[name] = {{"id", name}, {"ids", Json::array({id})}, {"tokens", Json::array({name})}};
    };
    put("bos", bos, "add_bos_token", begins_);
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    put("eos", eos, "add_eos_token", false);
    if (single.size() == 1) return;
    tokenizer_["post_processor"] = {{"type", "TemplateProcessing"},
                                    {"single", std::move(single)},
                                    {"special_tokens", std::move(specials)}};
  }

  /// A file that does not say what ends a turn: whatever llama.cpp takes for it.
  void AddEnds(Json* stops) const {
    for (uint64_t id = 0; id < tokens(); ++id) {
      if (TypeAt(id) != Type::kControl) continue;
      const auto end = std::find(std::begin(kEnds), std::end(kEnds), tokens_->texts[id]);
      if (end != std::end(kEnds)) stops->push_back(id);
    }
  }

  const Settings settings_;
  const GgufValue* tokens_ = nullptr;
  const GgufValue* types_ = nullptr;
  bool pieces_ = false, begins_ = false;
  Json tokenizer_, config_;
};

}  // namespace

TokenizerTables ReadGgufTokenizer(const GgufFile& file, uint32_t vocab, const std::string& place) {
  Translator translator(file, place);
  translator.Translate();
  const std::string tokenizer = translator.tokenizer().dump();
  const std::string config = translator.config().dump();
  ErrorDetail detail;
  return Value(ReadTokenizer({.tokenizer_json = tokenizer, .config_json = config}, vocab, &detail),
               detail, place);
}

ChatSource ReadGgufChat(const GgufFile& file, const std::string& place) {
  const Settings settings(file, place);
  ChatSource chat;
  chat.jinja = settings.Text("tokenizer.chat_template");
  if (chat.jinja.empty()) return chat;
  chat.place = place;
  const GgufValue* tokens = settings.Texts(Key("tokens"));
  if (tokens == nullptr) return chat;
  const bool pieces = settings.Text(Key("model")) == "llama";
  const auto text = [&](const char* key, int64_t fallback) {
    const int64_t id = settings.Id(Key(key), pieces ? fallback : -1, tokens->count);
    return id < 0 ? std::string() : std::string(tokens->texts[static_cast<size_t>(id)]);
  };
  chat.bos_token = text("bos_token_id", 1);
  chat.eos_token = text("eos_token_id", 2);
  return chat;
}

}  // namespace quanta::converter
