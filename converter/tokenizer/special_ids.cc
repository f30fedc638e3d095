// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "converter/error.h"
#include "converter/tokenizer/reader_parts.h"

namespace quanta::converter {
namespace {

constexpr const char* kTokenizerConfig = "tokenizer_config.json";
constexpr const char* kSpecialTokensMap = "special_tokens_map.json";
constexpr const char* kConfig = "config.json";
constexpr const char* kGenerationConfig = "generation_config.json";

class SpecialIdReader {
 public:
  SpecialIdReader(const JsonValue& tokenizer_json, TokenizerTables* tables)
      : tokenizer_json_(tokenizer_json), tables_(*tables) {}

  void Read(const TokenizerSources& sources) {
    const Json generation = Parse(sources.generation_config_json, kGenerationConfig);
    const Json config = Parse(sources.config_json, kConfig);
    const Json tokenizer = Parse(sources.tokenizer_config_json, kTokenizerConfig);
    const Json specials = Parse(sources.special_tokens_map_json, kSpecialTokensMap);

    // generate() asks generation_config.json alone. Without it an answer ends at the
    // model's token, and at the tokenizer's, which chat models end a turn with.
    AddIds(JsonValue(generation, kGenerationConfig)["eos_token_id"], &tables_.stop_ids);
    if (tables_.stop_ids.empty()) {
      AddIds(JsonValue(config, kConfig)["eos_token_id"], &tables_.stop_ids);
      AddNamed("eos_token", tokenizer, specials, &tables_.stop_ids);
    }

    std::vector<int32_t> bos;
    AddIds(JsonValue(generation, kGenerationConfig)["bos_token_id"], &bos);
    AddIds(JsonValue(config, kConfig)["bos_token_id"], &bos);
    AddNamed("bos_token", tokenizer, specials, &bos);
    if (!bos.empty()) tables_.bos_id = bos.front();
  }

 private:
  static Json Parse(std::string_view text, const char* name) {
    if (text.empty()) return Json::object();
    Json json = ParseJson(text, name);
    if (!json.is_object()) throw Error(Code::kCorrupt, name, "must be an object");
    return json;
  }

  // An id, a list of them, or null. What cannot be an id of this vocabulary ends no
  // text either: it is left out with a note.
  void AddIds(const JsonValue& value, std::vector<int32_t>* ids) {
    if (value.is_null()) return;
    if (value.json().is_array()) {
      for (size_t i = 0; i < value.ArraySize(); ++i) AddId(value.At(i), ids);
    } else {
      AddId(value, ids);
    }
  }

  void AddId(const JsonValue& value, std::vector<int32_t>* ids) {
    if (!value.json().is_number_integer()) value.Corrupt("must be a token id");
    if (!value.json().is_number_unsigned() || value.json().get<uint64_t>() >= tables_.vocab()) {
      tables_.notes.push_back(value.path() + ": the vocabulary has no token " +
                              value.json().dump() + ": left out");
      return;
    }
    Add(value.json().get<int32_t>(), ids);
  }

  // A token by its text, from the first file that names one.
  void AddNamed(const char* key, const Json& tokenizer, const Json& specials,
                std::vector<int32_t>* ids) {
    const JsonValue in_config = JsonValue(tokenizer, kTokenizerConfig)[key];
    const JsonValue value =
        in_config.is_null() ? JsonValue(specials, kSpecialTokensMap)[key] : in_config;
    if (value.is_null()) return;
    const std::string& text = value.json().is_object() ? value["content"].String() : value.String();
    if (const auto id = IdOf(text)) {
      Add(static_cast<int32_t>(*id), ids);
    } else {
      tables_.notes.push_back(value.path() + ": the vocabulary has no token " + Quote(text) +
                              ": left out");
    }
  }

  std::optional<uint32_t> IdOf(const std::string& text) const {
    for (const TokenizerTables::AddedToken& token : tables_.added) {
      if (token.content == text) return token.id;
    }
    const JsonValue vocab = tokenizer_json_["model"]["vocab"];
    if (vocab.json().is_array()) return IndexOf(text, vocab);
    const JsonValue id = vocab[text.c_str()];
    if (id.is_null()) return std::nullopt;
    return id.Id();
  }

  // In a list of words and scores the last of equal ones counts.
  static std::optional<uint32_t> IndexOf(const std::string& text, const JsonValue& vocab) {
    for (size_t i = vocab.ArraySize(); i-- > 0;) {
      if (vocab.At(i).At(0).String() == text) return static_cast<uint32_t>(i);
    }
    return std::nullopt;
  }

  static void Add(int32_t id, std::vector<int32_t>* ids) {
    if (std::find(ids->begin(), ids->end(), id) == ids->end()) ids->push_back(id);
  }

  const JsonValue& tokenizer_json_;
  TokenizerTables& tables_;
};

}  // namespace

void ReadSpecialIds(const TokenizerSources& sources, const JsonValue& tokenizer_json,
                    TokenizerTables* tables) {
  SpecialIdReader(tokenizer_json, tables).Read(sources);
}

}  // namespace quanta::converter
