// SPDX-License-Identifier: MIT
//
// Reads tokenizer.json files and puts an accepted one to work: every text must encode
// to ids of its vocabulary, the same way each time, and those must decode.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "converter/tokenizer/byte_alphabet.h"
#include "converter/tokenizer/tokenizer_json.h"
#include "converter/tokenizer/write_tokenizer_json.h"
#include "quanta/check.h"
#include "runtime/format/validate.h"
#include "runtime/text/hash.h"
#include "runtime/text/tokenizer_impl.h"
#include "runtime/text/utf8.h"
#include "tests/fuzz/fuzz.h"

namespace quanta {
namespace {

constexpr size_t kMaxText = 4096;

std::string Decode(const Tokenizer& tokenizer, std::span<const int32_t> ids, bool skip_special) {
  std::vector<char> storage(TextDecoder::StorageBytes(tokenizer));
  TextDecoder decoder(tokenizer, storage, skip_special);
  std::string text;
  for (const int32_t id : ids) text += decoder.Push(id);
  text += decoder.Finish();
  return text;
}

void UseText(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options) {
  TokenBuffer ids, again;
  const Status status = tokenizer.Encode(text, options, &ids);
  QUANTA_CHECK(status.ok() || (status.code() == Code::kLimit && ids.size() == 0));
  QUANTA_CHECK(tokenizer.Encode(text, options, &again).code() == status.code());
  QUANTA_CHECK(
      std::equal(ids.ids().begin(), ids.ids().end(), again.ids().begin(), again.ids().end()));
  for (const int32_t id : ids.ids()) {
    QUANTA_CHECK(id >= 0 && static_cast<uint32_t>(id) < tokenizer.vocab());
  }
  for (const bool skip : {false, true}) {
    QUANTA_CHECK(text::IsUtf8(Decode(tokenizer, ids.ids(), skip)));
  }
}

// A text of what the tokenizer itself and its file consist of.
std::string TextFor(const converter::TokenizerTables& tables, std::string_view file) {
  std::string text("it's  12\xE2\x80\x83 \xCC\x81\xE9\xFF\n\n x");
  for (const auto& token : tables.added) text.append(token.content).append(" ");
  for (size_t id = 0; id < tables.vocab() && text.size() < kMaxText / 2; ++id) {
    const uint32_t start = tables.token_offsets[id];
    text.append(reinterpret_cast<const char*>(tables.token_bytes.data()) + start,
                tables.token_offsets[id + 1] - start);
  }
  text += file.substr(file.size() - std::min(file.size(), kMaxText / 2));
  return text.substr(0, kMaxText);
}

// What is written is read again, and the same is written then.
void UseWriter(const format::Tokenizer& view) {
  ErrorDetail detail;
  const auto owned = converter::OwnTables(view);
  const auto written = converter::WriteTokenizer(owned.View().value(), &detail);
  if (!written.ok()) {
    QUANTA_CHECK(written.status().code() == Code::kUnsupported && !detail.empty());
    return;
  }
  const auto again =
      converter::ReadTokenizer({.tokenizer_json = written->tokenizer_json}, 0, &detail);
  QUANTA_CHECK(again.ok());
  const auto twice = converter::WriteTokenizer(again->View().value(), &detail);
  QUANTA_CHECK(twice.ok() && twice->tokenizer_json == written->tokenizer_json);
}

// Changes tables in ways that no tokenizer.json leads to, but a model file may.
class Spoiler {
 public:
  explicit Spoiler(uint64_t seed) : state_(seed) {}

  void Spoil(converter::TokenizerTables* t) {
    for (uint32_t n = 1 + Below(4); n > 0; --n) SpoilOnce(t);
  }

 private:
  uint32_t Below(size_t n) {
    state_ = text::MixBits(state_ + 1);
    return static_cast<uint32_t>(state_ % n);
  }
  template <class Enum>
  void Choose(Enum* value, Enum last) {
    *value = static_cast<Enum>(Below(static_cast<size_t>(last) + 1));
  }

  void SpoilOnce(converter::TokenizerTables* t) {
    const uint32_t vocab = t->vocab();
    switch (Below(12)) {
      case 0:
        return Choose(&t->kind, format::TokenizerKind::kWhitespace);
      case 1:
        return Choose(&t->token_types[Below(vocab)], format::TokenType::kUnused);
      case 2:
        if (t->byte_ids.empty()) t->byte_ids.assign(256, -1);
        t->byte_ids[Below(256)] = static_cast<int32_t>(Below(vocab + 1)) - 1;
        return;
      case 3:
        t->unknown_id = static_cast<int32_t>(Below(vocab + 1)) - 1;
        return;
      case 4:
        if (!t->merges.empty()) t->merges[Below(t->merges.size())].result = Below(vocab);
        return;
      case 5:
        t->scores.assign(1 + Below(vocab), -1.0f);
        t->scores64.clear();
        return;
      case 6:
        t->scores.clear();
        t->scores64.assign(1 + Below(vocab), Below(2) != 0 ? 1e308 : -0.1);
        return;
      case 7:
        if (!t->token_bytes.empty()) {
          t->token_bytes[Below(t->token_bytes.size())] = static_cast<uint8_t>(Below(256));
        }
        return;
      case 8:
        (Below(2) != 0 ? t->byte_fallback : t->fuse_unknown) ^= true;
        t->ignore_merges ^= Below(2) != 0;
        return;
      case 9:
        return AddPreTokenizer(t);
      case 10:
        return AddDecoder(t);
      default:
        t->merges.clear();
        return;
    }
  }

  void AddPreTokenizer(converter::TokenizerTables* t) {
    auto& step = t->pre_tokenizers.emplace_back();
    Choose(&step.kind, format::PreTokenizerKind::kAddPrefixSpace);
    Choose(&step.behavior, format::SplitBehavior::kContiguous);
    step.a = Below(2) != 0 ? "\u2581" : " ";
    step.prepend = static_cast<uint8_t>(Below(3));
  }

  void AddDecoder(converter::TokenizerTables* t) {
    auto& step = t->decoders.emplace_back();
    Choose(&step.kind, format::DecoderKind::kMetaspace);
    step.a = Below(2) != 0 ? "\u2581" : "aa";
    step.b = Below(2) != 0 ? "" : "xyz";
    step.start = Below(3);
    step.stop = Below(300);
    step.prepend = static_cast<uint8_t>(Below(3));
  }

  uint64_t state_;
};

// What the model file's reader lets through must run, whatever it is.
void UseSpoiled(const converter::TokenizerTables& tables, std::string_view file) {
  converter::TokenizerTables spoiled = tables;
  Spoiler(text::HashBytes(file)).Spoil(&spoiled);
  const format::Tokenizer view = spoiled.View().value();
  ErrorDetail detail;
  if (!format::ValidateTokenizer(view, view.vocab(), &detail).ok()) return;
  const auto tokenizer = text::CreateTokenizer(view, &detail);
  if (!tokenizer.ok()) return;
  const std::string text = TextFor(spoiled, file);
  for (const bool parse_special : {false, true}) {
    UseText(tokenizer.value(), text, {.add_special = true, .parse_special = parse_special});
  }
}

bool Use(std::string_view file) {
  ErrorDetail detail;
  const auto tables = converter::ReadTokenizer({.tokenizer_json = file}, 0, &detail);
  if (!tables.ok()) {
    QUANTA_CHECK(tables.status().code() != Code::kInternal);
    QUANTA_CHECK(!detail.empty() || tables.status().code() == Code::kOutOfMemory);
    return false;
  }
  const format::Tokenizer view = tables.value().View().value();
  const auto tokenizer = text::CreateTokenizer(view, &detail);
  QUANTA_CHECK(tokenizer.ok());  // ReadTokenizer has tried
  UseWriter(view);
  UseSpoiled(tables.value(), file);
  const std::string text = TextFor(tables.value(), file);
  for (const bool parse_special : {false, true}) {
    UseText(tokenizer.value(), text, {.add_special = true, .parse_special = parse_special});
  }
  return true;
}

// --- Seeds: small files that use every section -----------------------------------------

std::string Vocabulary() {
  std::string json;
  for (int byte = 0; byte < 256; ++byte) {
    char bytes[4];
    const size_t size = text::EncodeUtf8(converter::ByteToChar(static_cast<uint8_t>(byte)), bytes);
    const std::string word(bytes, size);
    json += (byte == '"' || byte == '\\' ? "\"\\" : "\"") + word + "\":" + std::to_string(byte);
    json += ',';
  }
  return json + R"("he":256,"ll":257,"hell":258,"Ġx":259,"12":260)";
}

fuzz::Input Seed(const char* normalizer, const char* pre_tokenizers, const char* settings) {
  std::string json = R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[
    {"id":261,"content":"<s>","single_word":false,"lstrip":false,"rstrip":true,"normalized":false,"special":true},
    {"id":262,"content":"Tool","single_word":true,"lstrip":true,"rstrip":false,"normalized":true,"special":false}],
    "normalizer":)";
  json += normalizer;
  json += R"(,"pre_tokenizer":{"type":"Sequence","pretokenizers":[)";
  json += pre_tokenizers;
  json += R"(]},"post_processor":{"type":"TemplateProcessing","single":[
    {"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],
    "special_tokens":{"<s>":{"id":"<s>","ids":[261],"tokens":["<s>"]}}},
    "decoder":{"type":"ByteLevel"},"model":{"type":"BPE","unk_token":"ll",)";
  json += settings;
  json += R"("merges":["h e",["l","l"],"he ll",["Ġ","x"],"1 2"],"vocab":{)";
  json += Vocabulary() + "}}}";
  return {json.begin(), json.end()};
}

fuzz::Input TextSeed(const char* pipeline, const char* model) {
  const std::string json =
      std::string(R"({"version":"1.0","added_tokens":[
    {"id":12,"content":"<s>","single_word":false,"lstrip":false,"rstrip":true,"normalized":false,"special":true},
    {"id":13,"content":"Tool","single_word":true,"lstrip":true,"rstrip":false,"normalized":true,"special":false}],)") +
      pipeline +
      R"("post_processor":{"type":"BertProcessing","sep":["x",1],"cls":["y",2]},"model":{)" +
      model + "}}";
  return {json.begin(), json.end()};
}

fuzz::Input SpmSeed(const char* pipeline) {
  return TextSeed(pipeline, R"("type":"BPE","unk_token":"?","fuse_unk":true,"byte_fallback":true,
    "vocab":{"?":0,"<0xC3>":1,"<0xA9>":2,"<0x0A>":3,"a":4,"b":5,"▁":6,"ab":7,"▁a":8,"▁ab":9,"it":10,"▁▁":11},
    "merges":[["a","b"],"▁ ab",["▁","▁"]])");
}

fuzz::Input UnigramSeed(const char* pipeline) {
  return TextSeed(pipeline, R"("type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["?",0],
    ["<0xC3>",-9],["<0xA9>",-9.1],["a",-2.5],["b",-2.25],["▁",-1],["ab",-3],["▁a",-3.1],["it",-4],
    ["..",-1],[".",-1.1],["a",-2.2]])");
}

constexpr const char* kMistralPipeline = R"("normalizer":{"type":"Sequence","normalizers":[
    {"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
    "pre_tokenizer":null,"decoder":{"type":"Sequence","decoders":[
    {"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
    {"type":"Strip","content":" ","start":1,"stop":1}]},)";
constexpr const char* kMetaspacePipeline = R"("normalizer":{"type":"NFKC"},
    "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false},
    "decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},
    {"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]},)";
constexpr const char* kPlainPipeline = R"("normalizer":null,
    "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Whitespace"},
    {"type":"CharDelimiterSplit","delimiter":"-"}]},"decoder":null,)";

}  // namespace
}  // namespace quanta

namespace quanta::fuzz {

std::vector<Input> Seeds() {
  return {
      Seed("null", R"({"type":"ByteLevel","add_prefix_space":true,"use_regex":true})", ""),
      Seed(
          R"({"type":"NFC"})",
          R"({"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},
              {"type":"ByteLevel","add_prefix_space":false,"use_regex":false})",
          R"("ignore_merges":true,)"),
      Seed(R"({"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"Lowercase"},
              {"type":"Replace","pattern":{"String":"a"},"content":"bb"},{"type":"Prepend","prepend":"_"},
              {"type":"Strip","strip_left":true,"strip_right":true}]})",
           R"({"type":"Split","pattern":{"String":" "},"behavior":"MergedWithNext","invert":false},
              {"type":"Digits","individual_digits":true},
              {"type":"ByteLevel","add_prefix_space":false,"use_regex":true})",
           R"("fuse_unk":true,)"),
      SpmSeed(kMistralPipeline),
      SpmSeed(kMetaspacePipeline),
      UnigramSeed(kMistralPipeline),
      UnigramSeed(kMetaspacePipeline),
      TextSeed(kPlainPipeline, R"("type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1,"it":2,
          "s":3,"12":4,"'":5,"x":6,"b":7,"c":8,"d":9,"e":10,"f":11})"),
  };
}

}  // namespace quanta::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  quanta::fuzz::accepted += quanta::Use({reinterpret_cast<const char*>(data), size});
  return 0;
}
