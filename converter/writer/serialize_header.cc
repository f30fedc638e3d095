// SPDX-License-Identifier: MIT
#include <flatbuffers/flatbuffers.h>

#include "converter/writer/build_model.h"
#include "runtime/format/model_generated.h"

namespace quanta::writer {
namespace {

// Children before parents, one statement each: the order of a call's arguments would
// be the compiler's choice, and the same model must give the same file.

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

Offset<flatbuffers::String> Text(FlatBufferBuilder& out, std::string_view text) {
  return out.CreateString(text.data(), text.size());
}

template <class T>
Offset<flatbuffers::Vector<T>> Numbers(FlatBufferBuilder& out, std::span<const T> values) {
  return out.CreateVector(values.data(), values.size());
}

/// Structs that a plain type is laid out like.
template <class Stored, class T>
Offset<flatbuffers::Vector<const Stored*>> Structs(FlatBufferBuilder& out,
                                                   std::span<const T> values) {
  static_assert(sizeof(Stored) == sizeof(T));
  return out.CreateVectorOfStructs(reinterpret_cast<const Stored*>(values.data()), values.size());
}

/// A vector of tables, each made by `create(out, element)`.
template <class Stored, class T>
Offset<flatbuffers::Vector<Offset<Stored>>> Tables(FlatBufferBuilder& out, const Array<T>& values,
                                                   Offset<Stored> (*create)(FlatBufferBuilder&,
                                                                            const T&)) {
  std::vector<Offset<Stored>> offsets;
  offsets.reserve(values.size());
  for (const T& value : values) offsets.push_back(create(out, value));
  return out.CreateVector(offsets);
}

/// The same enumerator of the schema.
template <class Stored, class T>
Stored As(T value) {
  return static_cast<Stored>(value);
}

Offset<fb::Rope> StoreRope(FlatBufferBuilder& out, const format::Rope& in) {
  const auto inv_freq = Numbers(out, in.inv_freq);
  const auto rule = Text(out, in.rule);
  return fb::CreateRope(out, inv_freq, in.magnitude, As<fb::RopePairing>(in.pairing), rule);
}

Offset<fb::Architecture> StoreArchitecture(FlatBufferBuilder& out, const format::Architecture& in) {
  const auto family = Text(out, in.family);
  const auto ropes = Tables<fb::Rope>(out, in.ropes, StoreRope);
  const auto layers = Structs<fb::Layer>(out, in.layers.span());
  fb::ArchitectureBuilder table(out);
  table.add_family(family);
  table.add_vocab(in.vocab);
  table.add_hidden(in.hidden);
  table.add_heads(in.heads);
  table.add_kv_heads(in.kv_heads);
  table.add_head_dim(in.head_dim);
  table.add_ffn(in.ffn);
  table.add_context(in.context);
  table.add_norm(As<fb::NormKind>(in.norm));
  table.add_norm_placement(As<fb::NormPlacement>(in.norm_placement));
  table.add_norm_eps(in.norm_eps);
  table.add_norm_eps_outside(in.norm_eps_outside);
  table.add_final_norm(in.final_norm);
  table.add_activation(As<fb::Activation>(in.activation));
  table.add_gated(in.gated);
  table.add_attention_scale(in.attention_scale);
  table.add_attention_softcap(in.attention_softcap);
  table.add_logit_softcap(in.logit_softcap);
  table.add_embedding_scale(in.embedding_scale);
  table.add_residual_scale(in.residual_scale);
  table.add_logit_scale(in.logit_scale);
  table.add_ropes(ropes);
  table.add_layers(layers);
  return table.Finish();
}

Offset<fb::Tensor> StoreTensor(FlatBufferBuilder& out, const format::Tensor& in) {
  const auto name = Text(out, in.name);
  const auto source_dtype = Text(out, in.source_dtype);
  fb::TensorBuilder table(out);
  table.add_name(name);
  table.add_role(As<fb::Role>(in.role));
  table.add_layer(in.layer);
  table.add_panel(As<fb::Panel>(in.panel));
  table.add_rows(in.rows);
  table.add_columns(in.columns);
  table.add_offset(in.offset);
  table.add_bytes(in.bytes);
  table.add_source_dtype(source_dtype);
  table.add_error_rms(in.error_rms);
  table.add_error_max(in.error_max);
  return table.Finish();
}

Offset<fb::Normalizer> StoreNormalizer(FlatBufferBuilder& out, const format::Normalizer& in) {
  const auto a = Text(out, in.a);
  const auto b = Text(out, in.b);
  return fb::CreateNormalizer(out, As<fb::NormalizerKind>(in.kind), a, b, in.left, in.right);
}

Offset<fb::PreTokenizer> StorePreTokenizer(FlatBufferBuilder& out, const format::PreTokenizer& in) {
  return fb::CreatePreTokenizer(out, As<fb::PreTokenizerKind>(in.kind), Text(out, in.a),
                                As<fb::SplitBehavior>(in.behavior), in.prepend);
}

Offset<fb::Decoder> StoreDecoder(FlatBufferBuilder& out, const format::Decoder& in) {
  const auto a = Text(out, in.a);
  const auto b = Text(out, in.b);
  return fb::CreateDecoder(out, As<fb::DecoderKind>(in.kind), a, b, in.start, in.stop, in.prepend);
}

Offset<fb::AddedToken> StoreAddedToken(FlatBufferBuilder& out, const format::AddedToken& in) {
  return fb::CreateAddedToken(out, in.id, Text(out, in.content), in.special, in.lstrip, in.rstrip,
                              in.single_word, in.normalized);
}

Offset<fb::Tokenizer> StoreTokenizer(FlatBufferBuilder& out, const format::Tokenizer& in) {
  const auto token_offsets = Numbers(out, in.token_offsets);
  const auto token_bytes = Numbers(out, in.token_bytes);
  const auto token_types = out.CreateVector(
      reinterpret_cast<const fb::TokenType*>(in.token_types.data()), in.token_types.size());
  const auto merges = Structs<fb::Merge>(out, in.merges);
  const auto scores = Numbers(out, in.scores);
  const auto byte_ids = Numbers(out, in.byte_ids);
  const auto normalizers = Tables<fb::Normalizer>(out, in.normalizers, StoreNormalizer);
  const auto pre_tokenizers = Tables<fb::PreTokenizer>(out, in.pre_tokenizers, StorePreTokenizer);
  const auto decoders = Tables<fb::Decoder>(out, in.decoders, StoreDecoder);
  const auto added = Tables<fb::AddedToken>(out, in.added, StoreAddedToken);
  const auto prefix_ids = Numbers(out, in.prefix_ids);
  const auto suffix_ids = Numbers(out, in.suffix_ids);
  const auto stop_ids = Numbers(out, in.stop_ids);
  const auto scores64 = Numbers(out, in.scores64);
  fb::TokenizerBuilder table(out);
  table.add_kind(As<fb::TokenizerKind>(in.kind));
  table.add_token_offsets(token_offsets);
  table.add_token_bytes(token_bytes);
  table.add_token_types(token_types);
  table.add_merges(merges);
  table.add_scores(scores);
  table.add_byte_ids(byte_ids);
  table.add_unknown_id(in.unknown_id);
  table.add_fuse_unknown(in.fuse_unknown);
  table.add_byte_fallback(in.byte_fallback);
  table.add_ignore_merges(in.ignore_merges);
  table.add_normalizers(normalizers);
  table.add_pre_tokenizers(pre_tokenizers);
  table.add_decoders(decoders);
  table.add_added(added);
  table.add_prefix_ids(prefix_ids);
  table.add_suffix_ids(suffix_ids);
  table.add_bos_id(in.bos_id);
  table.add_stop_ids(stop_ids);
  table.add_scores64(scores64);
  return table.Finish();
}

/// Whether any part is there, be it a wrong one: a view without any means no tokenizer.
bool IsSet(const format::Tokenizer& in) {
  return !in.token_types.empty() || !in.token_offsets.empty() || !in.stop_ids.empty();
}

Offset<fb::ChatRule> StoreChatRule(FlatBufferBuilder& out, const format::ChatRule& in) {
  const auto prefix = Text(out, in.prefix);
  const auto suffix = Text(out, in.suffix);
  const auto middle = Text(out, in.middle);
  fb::ChatRuleBuilder table(out);
  table.add_kind(As<fb::ChatRuleKind>(in.kind));
  table.add_when(in.when);
  table.add_unless(in.unless);
  table.add_role(As<fb::ChatRole>(in.role));
  table.add_prefix(prefix);
  table.add_suffix(suffix);
  table.add_trim(in.trim);
  table.add_drop(in.drop);
  table.add_trim_start(in.trim_start);
  table.add_trim_end(in.trim_end);
  table.add_newlines(in.newlines);
  table.add_part(As<fb::ChatPart>(in.part));
  table.add_middle(middle);
  return table.Finish();
}

Offset<fb::ChatTemplate> StoreChatTemplate(FlatBufferBuilder& out, const format::ChatTemplate& in) {
  const auto rules = Tables<fb::ChatRule>(out, in.rules, StoreChatRule);
  const auto source = Text(out, in.source);
  return fb::CreateChatTemplate(out, source, rules, Text(out, in.date_mark),
                                Text(out, in.thought_open), Text(out, in.thought_close),
                                Text(out, in.reply_open), Text(out, in.reply_close),
                                Text(out, in.bos_token), Text(out, in.eos_token));
}

Offset<fb::Provenance> StoreProvenance(FlatBufferBuilder& out, const format::Provenance& in) {
  const auto source = Text(out, in.source);
  const auto source_format = Text(out, in.source_format);
  const auto license = Text(out, in.license);
  const auto tool = Text(out, in.tool);
  const auto training_run = Text(out, in.training_run);
  const auto quantization = Text(out, in.quantization);
  return fb::CreateProvenance(out, source, source_format, license, tool, training_run,
                              quantization);
}

Offset<fb::SelfTest> StoreSelfTest(FlatBufferBuilder& out, const format::SelfTest& in) {
  const auto prompt = Text(out, in.prompt);
  const auto ids = Numbers(out, in.ids);
  const auto expected = Numbers(out, in.expected);
  const auto margins = Numbers(out, in.margins);
  return fb::CreateSelfTest(out, prompt, ids, expected, margins, in.tolerance);
}

Offset<fb::Model> StoreModel(FlatBufferBuilder& out, const format::Header& in) {
  const auto architecture = StoreArchitecture(out, in.architecture);
  const auto tokenizer =
      IsSet(in.tokenizer) ? StoreTokenizer(out, in.tokenizer) : Offset<fb::Tokenizer>();
  const auto chat_template = StoreChatTemplate(out, in.chat_template);
  const auto tensors = Tables<fb::Tensor>(out, in.tensors, StoreTensor);
  const auto chunk_hashes = Structs<fb::Hash256>(out, in.chunk_hashes);
  const auto provenance = StoreProvenance(out, in.provenance);
  const auto self_test = StoreSelfTest(out, in.self_test);
  fb::ModelBuilder table(out);
  table.add_format_version(in.format_version);
  table.add_reader_version(in.reader_version);
  table.add_architecture(architecture);
  table.add_tokenizer(tokenizer);
  table.add_chat_template(chat_template);
  table.add_tensors(tensors);
  table.add_data_offset(in.data_offset);
  table.add_data_bytes(in.data_bytes);
  table.add_chunk_bytes(in.chunk_bytes);
  table.add_chunk_hashes(chunk_hashes);
  table.add_provenance(provenance);
  table.add_self_test(self_test);
  return table.Finish();
}

}  // namespace

std::vector<std::byte> SerializeHeader(const format::Header& header) {
  FlatBufferBuilder out;
  out.ForceDefaults(true);
  fb::FinishSizePrefixedModelBuffer(out, StoreModel(out, header));
  const auto bytes = std::as_bytes(std::span(out.GetBufferPointer(), out.GetSize()));
  return {bytes.begin(), bytes.end()};
}

}  // namespace quanta::writer
