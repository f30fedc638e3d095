// SPDX-License-Identifier: MIT
#include "runtime/format/decode.h"

#include "runtime/format/field_reader.h"
#include "runtime/format/limits.h"
#include "runtime/format/model_generated.h"

namespace quanta::format {
namespace {

/// Each role once in each layer and once outside; the validation is stricter.
constexpr size_t kMaxTensors = kRoles * (size_t{kMaxLayers} + 1);

// Spans of these point straight into the file.
static_assert(sizeof(Layer) == sizeof(fb::Layer) && sizeof(Merge) == sizeof(fb::Merge) &&
              sizeof(Hash256) == sizeof(fb::Hash256) && alignof(Hash256) == 1);
// One enumerator appended to the schema must be appended to model_view.h too.
static_assert(
    static_cast<int>(fb::Role::MAX) + 1 == kRoles &&
    static_cast<int>(fb::Panel::MAX) + 1 == kPanelKinds &&
    static_cast<int>(fb::PreTokenizerKind::MAX) == static_cast<int>(PreTokenizerKind::kByteWords) &&
    static_cast<int>(fb::NormalizerKind::MAX) == static_cast<int>(NormalizerKind::kSqueezeSpaces) &&
    static_cast<int>(fb::DecoderKind::MAX) == static_cast<int>(DecoderKind::kMetaspace) &&
    static_cast<int>(fb::ChatRuleKind::MAX) == static_cast<int>(ChatRuleKind::kRefuseEarly) &&
    static_cast<int>(fb::ChatPart::MAX) == static_cast<int>(ChatPart::kThoughtAndAnswer));

Status DecodeRope(const fb::Rope& in, FieldReader& fields, Rope* out) {
  out->magnitude = in.magnitude();
  QUANTA_TRY(fields.Enum("pairing", in.pairing(), &out->pairing));
  QUANTA_TRY(fields.String("rule", in.rule(), kMaxTextBytes, &out->rule));
  return fields.Span("inv_freq", in.inv_freq(), &out->inv_freq);
}

Status DecodeArchitecture(const fb::Architecture& in, FieldReader& fields, Architecture* out) {
  fields.At("architecture");
  QUANTA_TRY(fields.String("family", in.family(), kMaxNameBytes, &out->family));
  out->vocab = in.vocab();
  out->hidden = in.hidden();
  out->heads = in.heads();
  out->kv_heads = in.kv_heads();
  out->head_dim = in.head_dim();
  out->ffn = in.ffn();
  out->context = in.context();
  QUANTA_TRY(fields.Enum("norm", in.norm(), &out->norm));
  QUANTA_TRY(fields.Enum("norm_placement", in.norm_placement(), &out->norm_placement));
  out->norm_eps = in.norm_eps();
  out->norm_eps_outside = in.norm_eps_outside();
  out->final_norm = in.final_norm();
  QUANTA_TRY(fields.Enum("activation", in.activation(), &out->activation));
  out->gated = in.gated();
  out->attention_scale = in.attention_scale();
  out->attention_softcap = in.attention_softcap();
  out->logit_softcap = in.logit_softcap();
  out->embedding_scale = in.embedding_scale();
  out->residual_scale = in.residual_scale();
  out->logit_scale = in.logit_scale();

  std::span<const Layer> layers;
  QUANTA_TRY(fields.Span("layers", in.layers(), &layers));
  QUANTA_ASSIGN(out->layers, Array<Layer>::Create(layers.size()));
  for (size_t i = 0; i < layers.size(); ++i) out->layers[i] = layers[i];

  return fields.Tables("ropes", in.ropes(), out->layers.size(), &out->ropes, DecodeRope);
}

Status DecodeTensor(const fb::Tensor& in, FieldReader& fields, Tensor* out) {
  QUANTA_TRY(fields.String("name", in.name(), kMaxNameBytes, &out->name));
  QUANTA_TRY(fields.Enum("role", in.role(), &out->role));
  out->layer = in.layer();
  QUANTA_TRY(fields.Enum("panel", in.panel(), &out->panel));
  out->rows = in.rows();
  out->columns = in.columns();
  out->offset = in.offset();
  out->bytes = in.bytes();
  QUANTA_TRY(fields.String("source_dtype", in.source_dtype(), kMaxNameBytes, &out->source_dtype));
  out->error_rms = in.error_rms();
  out->error_max = in.error_max();
  return {};
}

Status DecodeNormalizer(const fb::Normalizer& in, FieldReader& fields, Normalizer* out) {
  out->left = in.left();
  out->right = in.right();
  QUANTA_TRY(fields.Enum("kind", in.kind(), &out->kind));
  QUANTA_TRY(fields.String("a", in.a(), kMaxPieceBytes, &out->a));
  return fields.String("b", in.b(), kMaxPieceBytes, &out->b);
}

Status DecodePreTokenizer(const fb::PreTokenizer& in, FieldReader& fields, PreTokenizer* out) {
  out->prepend = in.prepend();
  QUANTA_TRY(fields.Enum("kind", in.kind(), &out->kind));
  QUANTA_TRY(fields.Enum("behavior", in.behavior(), &out->behavior));
  return fields.String("a", in.a(), kMaxPieceBytes, &out->a);
}

Status DecodeDecoder(const fb::Decoder& in, FieldReader& fields, Decoder* out) {
  out->start = in.start();
  out->stop = in.stop();
  out->prepend = in.prepend();
  QUANTA_TRY(fields.Enum("kind", in.kind(), &out->kind));
  QUANTA_TRY(fields.String("a", in.a(), kMaxPieceBytes, &out->a));
  return fields.String("b", in.b(), kMaxPieceBytes, &out->b);
}

Status DecodeAddedToken(const fb::AddedToken& in, FieldReader& fields, AddedToken* out) {
  out->id = in.id();
  out->special = in.special();
  out->lstrip = in.lstrip();
  out->rstrip = in.rstrip();
  out->single_word = in.single_word();
  out->normalized = in.normalized();
  return fields.String("content", in.content(), kMaxTokenBytes, &out->content);
}

Status DecodeTokens(const fb::Tokenizer& in, FieldReader& fields, Tokenizer* out) {
  QUANTA_TRY(fields.Enum("kind", in.kind(), &out->kind));
  QUANTA_TRY(fields.Span("token_offsets", in.token_offsets(), &out->token_offsets));
  QUANTA_TRY(fields.Span("token_bytes", in.token_bytes(), &out->token_bytes));
  QUANTA_TRY(fields.Span("token_types", in.token_types(), &out->token_types));
  for (const TokenType type : out->token_types) {
    TokenType checked;
    QUANTA_TRY(fields.Enum("token_types", static_cast<fb::TokenType>(type), &checked));
  }
  QUANTA_TRY(fields.Span("merges", in.merges(), &out->merges));
  QUANTA_TRY(fields.Span("scores", in.scores(), &out->scores));
  QUANTA_TRY(fields.Span("scores64", in.scores64(), &out->scores64));
  return fields.Span("byte_ids", in.byte_ids(), &out->byte_ids);
}

Status DecodeTokenizer(const fb::Tokenizer& in, FieldReader& fields, Tokenizer* out) {
  fields.At("tokenizer");
  QUANTA_TRY(DecodeTokens(in, fields, out));
  // vocab() == 0 means "no tokenizer", of which nothing more would be checked.
  if (out->token_types.empty()) return fields.Bad("token_types", "0 tokens");
  out->unknown_id = in.unknown_id();
  out->fuse_unknown = in.fuse_unknown();
  out->byte_fallback = in.byte_fallback();
  out->ignore_merges = in.ignore_merges();
  out->bos_id = in.bos_id();
  QUANTA_TRY(fields.Span("prefix_ids", in.prefix_ids(), &out->prefix_ids));
  QUANTA_TRY(fields.Span("suffix_ids", in.suffix_ids(), &out->suffix_ids));
  QUANTA_TRY(fields.Span("stop_ids", in.stop_ids(), &out->stop_ids));
  QUANTA_TRY(fields.Tables("normalizers", in.normalizers(), kMaxTextSteps, &out->normalizers,
                           DecodeNormalizer));
  QUANTA_TRY(fields.Tables("pre_tokenizers", in.pre_tokenizers(), kMaxTextSteps,
                           &out->pre_tokenizers, DecodePreTokenizer));
  QUANTA_TRY(
      fields.Tables("decoders", in.decoders(), kMaxTextSteps, &out->decoders, DecodeDecoder));
  return fields.Tables("added", in.added(), out->token_types.size(), &out->added, DecodeAddedToken);
}

Status DecodeChatRule(const fb::ChatRule& in, FieldReader& fields, ChatRule* out) {
  out->when = in.when();
  out->unless = in.unless();
  out->trim = in.trim();
  out->drop = in.drop();
  out->trim_start = in.trim_start();
  out->trim_end = in.trim_end();
  out->newlines = in.newlines();
  QUANTA_TRY(fields.Enum("kind", in.kind(), &out->kind));
  QUANTA_TRY(fields.Enum("part", in.part(), &out->part));
  QUANTA_TRY(fields.String("middle", in.middle(), kMaxTextBytes, &out->middle));
  QUANTA_TRY(fields.Enum("role", in.role(), &out->role));
  QUANTA_TRY(fields.String("prefix", in.prefix(), kMaxTextBytes, &out->prefix));
  return fields.String("suffix", in.suffix(), kMaxTextBytes, &out->suffix);
}

Status DecodeChatTemplate(const fb::ChatTemplate& in, FieldReader& fields, ChatTemplate* out) {
  fields.At("chat_template");
  QUANTA_TRY(fields.String("source", in.source(), kMaxTextBytes, &out->source));
  QUANTA_TRY(fields.String("bos_token", in.bos_token(), kMaxTokenBytes, &out->bos_token));
  QUANTA_TRY(fields.String("eos_token", in.eos_token(), kMaxTokenBytes, &out->eos_token));
  QUANTA_TRY(fields.String("date_mark", in.date_mark(), kMaxChatMarkBytes, &out->date_mark));
  QUANTA_TRY(
      fields.String("thought_open", in.thought_open(), kMaxChatMarkBytes, &out->thought_open));
  QUANTA_TRY(
      fields.String("thought_close", in.thought_close(), kMaxChatMarkBytes, &out->thought_close));
  QUANTA_TRY(fields.String("reply_open", in.reply_open(), kMaxChatMarkBytes, &out->reply_open));
  QUANTA_TRY(fields.String("reply_close", in.reply_close(), kMaxChatMarkBytes, &out->reply_close));
  return fields.Tables("rules", in.rules(), kMaxChatRules, &out->rules, DecodeChatRule);
}

Status DecodeProvenance(const fb::Provenance& in, FieldReader& fields, Provenance* out) {
  fields.At("provenance");
  QUANTA_TRY(fields.String("source", in.source(), kMaxTextBytes, &out->source));
  QUANTA_TRY(
      fields.String("source_format", in.source_format(), kMaxTextBytes, &out->source_format));
  QUANTA_TRY(fields.String("license", in.license(), kMaxTextBytes, &out->license));
  QUANTA_TRY(fields.String("tool", in.tool(), kMaxTextBytes, &out->tool));
  QUANTA_TRY(fields.String("training_run", in.training_run(), kMaxTextBytes, &out->training_run));
  return fields.String("quantization", in.quantization(), kMaxTextBytes, &out->quantization);
}

Status DecodeSelfTest(const fb::SelfTest& in, FieldReader& fields, SelfTest* out) {
  fields.At("self_test");
  out->tolerance = in.tolerance();
  QUANTA_TRY(fields.String("prompt", in.prompt(), kMaxTextBytes, &out->prompt));
  QUANTA_TRY(fields.Span("ids", in.ids(), &out->ids));
  QUANTA_TRY(fields.Span("expected", in.expected(), &out->expected));
  return fields.Span("margins", in.margins(), &out->margins);
}

Status DecodeModel(const fb::Model& in, FieldReader& fields, ErrorDetail* detail, Header* out) {
  if (in.architecture() == nullptr) return Corrupt(detail, "the header has no architecture");
  QUANTA_TRY(DecodeArchitecture(*in.architecture(), fields, &out->architecture));
  if (in.tokenizer() != nullptr) {
    QUANTA_TRY(DecodeTokenizer(*in.tokenizer(), fields, &out->tokenizer));
  }
  if (in.chat_template() != nullptr) {
    QUANTA_TRY(DecodeChatTemplate(*in.chat_template(), fields, &out->chat_template));
  }
  fields.At("header");
  QUANTA_TRY(fields.Tables("tensors", in.tensors(), kMaxTensors, &out->tensors, DecodeTensor));
  out->data_offset = in.data_offset();
  out->data_bytes = in.data_bytes();
  out->chunk_bytes = in.chunk_bytes();
  QUANTA_TRY(fields.Span("chunk_hashes", in.chunk_hashes(), &out->chunk_hashes));
  if (in.provenance() != nullptr) {
    QUANTA_TRY(DecodeProvenance(*in.provenance(), fields, &out->provenance));
  }
  if (in.self_test() == nullptr) return {};
  return DecodeSelfTest(*in.self_test(), fields, &out->self_test);
}

}  // namespace

Status DecodeHeader(std::span<const std::byte> bytes, Header* header, ErrorDetail* detail) {
  flatbuffers::Verifier::Options options;
  options.max_depth = 8;  // model, architecture, ropes; room for growth
  options.max_tables = static_cast<flatbuffers::uoffset_t>(bytes.size() / 4);
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                 options);
  if (!fb::VerifySizePrefixedModelBuffer(verifier)) {
    return Corrupt(detail, "the header's FlatBuffer is malformed");
  }
  const fb::Model& model = *fb::GetSizePrefixedModel(bytes.data());
  header->format_version = model.format_version();
  header->reader_version = model.reader_version();
  if (header->reader_version > kReaderVersion) {
    return Fail(detail, Code::kUnsupported, "the model file is newer than this program",
                "it needs a reader of version %u, this one has version %u; update quanta",
                header->reader_version, kReaderVersion);
  }
  FieldReader fields(bytes.size(), detail);
  return DecodeModel(model, fields, detail, header);
}

}  // namespace quanta::format
