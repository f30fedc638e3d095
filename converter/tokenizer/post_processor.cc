// SPDX-License-Identifier: MIT
//
// The section `post_processor` of tokenizer.json.
#include "converter/error.h"
#include "converter/tokenizer/reader_parts.h"

namespace quanta::converter {
namespace {

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

void ReadPostProcessor(const JsonValue& post_processor, TokenizerTables* tables) {
  PostProcessorReader reader(tables);
  ForEachPart(post_processor, "processors", [&](const JsonValue& part) { reader.Add(part); });
}

}  // namespace quanta::converter
