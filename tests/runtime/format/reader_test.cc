// SPDX-License-Identifier: MIT
#include "runtime/format/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "converter/writer/build_model.h"
#include "runtime/format/model_generated.h"
#include "tests/runtime/format/sample_model.h"

namespace quanta::format {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using writer::AlignedBuffer;

AlignedBuffer Bytes(std::string_view text) { return AlignedBuffer(std::as_bytes(std::span(text))); }

void ExpectEqual(const Architecture& a, const Architecture& b) {
  EXPECT_EQ(a.family, b.family);
  EXPECT_EQ(a.vocab, b.vocab);
  EXPECT_EQ(a.hidden, b.hidden);
  EXPECT_EQ(a.heads, b.heads);
  EXPECT_EQ(a.kv_heads, b.kv_heads);
  EXPECT_EQ(a.head_dim, b.head_dim);
  EXPECT_EQ(a.ffn, b.ffn);
  EXPECT_EQ(a.context, b.context);
  EXPECT_EQ(a.norm, b.norm);
  EXPECT_EQ(a.norm_placement, b.norm_placement);
  EXPECT_EQ(a.norm_eps, b.norm_eps);
  EXPECT_EQ(a.norm_eps_outside, b.norm_eps_outside);
  EXPECT_EQ(a.final_norm, b.final_norm);
  EXPECT_EQ(a.activation, b.activation);
  EXPECT_EQ(a.gated, b.gated);
  EXPECT_EQ(a.attention_scale, b.attention_scale);
  EXPECT_EQ(a.attention_softcap, b.attention_softcap);
  EXPECT_EQ(a.logit_softcap, b.logit_softcap);
  EXPECT_EQ(a.embedding_scale, b.embedding_scale);
  EXPECT_EQ(a.residual_scale, b.residual_scale);
  EXPECT_EQ(a.logit_scale, b.logit_scale);
  ASSERT_EQ(a.ropes.size(), b.ropes.size());
  for (size_t i = 0; i < a.ropes.size(); ++i) {
    EXPECT_THAT(a.ropes[i].inv_freq, ElementsAreArray(b.ropes[i].inv_freq));
    EXPECT_EQ(a.ropes[i].magnitude, b.ropes[i].magnitude);
    EXPECT_EQ(a.ropes[i].pairing, b.ropes[i].pairing);
  }
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].window, b.layers[i].window);
    EXPECT_EQ(a.layers[i].rope, b.layers[i].rope);
  }
}

void ExpectEqual(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.role, b.role);
  EXPECT_EQ(a.layer, b.layer);
  EXPECT_EQ(a.panel, b.panel);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.columns, b.columns);
  EXPECT_EQ(a.offset, b.offset);
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.source_dtype, b.source_dtype);
  EXPECT_EQ(a.error_rms, b.error_rms);
  EXPECT_EQ(a.error_max, b.error_max);
}

void ExpectEqualSteps(const Tokenizer& a, const Tokenizer& b) {
  ASSERT_EQ(a.normalizers.size(), 1u);
  EXPECT_EQ(a.normalizers[0].kind, b.normalizers[0].kind);
  EXPECT_EQ(a.normalizers[0].a, b.normalizers[0].a);
  EXPECT_EQ(a.normalizers[0].b, b.normalizers[0].b);
  EXPECT_EQ(a.normalizers[0].left, b.normalizers[0].left);
  EXPECT_EQ(a.normalizers[0].right, b.normalizers[0].right);
  ASSERT_EQ(a.pre_tokenizers.size(), 1u);
  EXPECT_EQ(a.pre_tokenizers[0].kind, b.pre_tokenizers[0].kind);
  EXPECT_EQ(a.pre_tokenizers[0].a, b.pre_tokenizers[0].a);
  EXPECT_EQ(a.pre_tokenizers[0].behavior, b.pre_tokenizers[0].behavior);
  EXPECT_EQ(a.pre_tokenizers[0].prepend, b.pre_tokenizers[0].prepend);
  ASSERT_EQ(a.decoders.size(), 1u);
  EXPECT_EQ(a.decoders[0].kind, b.decoders[0].kind);
  EXPECT_EQ(a.decoders[0].a, b.decoders[0].a);
  EXPECT_EQ(a.decoders[0].b, b.decoders[0].b);
  EXPECT_EQ(a.decoders[0].start, b.decoders[0].start);
  EXPECT_EQ(a.decoders[0].stop, b.decoders[0].stop);
  EXPECT_EQ(a.decoders[0].prepend, b.decoders[0].prepend);
  ASSERT_EQ(a.added.size(), 1u);
  EXPECT_EQ(a.added[0].id, b.added[0].id);
  EXPECT_EQ(a.added[0].content, b.added[0].content);
  EXPECT_EQ(a.added[0].special, b.added[0].special);
  EXPECT_EQ(a.added[0].lstrip, b.added[0].lstrip);
  EXPECT_EQ(a.added[0].rstrip, b.added[0].rstrip);
  EXPECT_EQ(a.added[0].single_word, b.added[0].single_word);
  EXPECT_EQ(a.added[0].normalized, b.added[0].normalized);
}

void ExpectEqual(const Tokenizer& a, const Tokenizer& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_THAT(a.token_offsets, ElementsAreArray(b.token_offsets));
  EXPECT_THAT(a.token_bytes, ElementsAreArray(b.token_bytes));
  EXPECT_THAT(a.token_types, ElementsAreArray(b.token_types));
  ASSERT_EQ(a.merges.size(), b.merges.size());
  EXPECT_EQ(std::memcmp(a.merges.data(), b.merges.data(), a.merges.size_bytes()), 0);
  EXPECT_THAT(a.scores, ElementsAreArray(b.scores));
  EXPECT_THAT(a.scores64, ElementsAreArray(b.scores64));
  EXPECT_THAT(a.byte_ids, ElementsAreArray(b.byte_ids));
  EXPECT_EQ(a.unknown_id, b.unknown_id);
  EXPECT_EQ(a.fuse_unknown, b.fuse_unknown);
  EXPECT_EQ(a.byte_fallback, b.byte_fallback);
  EXPECT_EQ(a.ignore_merges, b.ignore_merges);
  EXPECT_THAT(a.prefix_ids, ElementsAreArray(b.prefix_ids));
  EXPECT_THAT(a.suffix_ids, ElementsAreArray(b.suffix_ids));
  EXPECT_THAT(a.stop_ids, ElementsAreArray(b.stop_ids));
  EXPECT_EQ(a.bos_id, b.bos_id);
  ExpectEqualSteps(a, b);
}

void ExpectEqual(const ChatTemplate& a, const ChatTemplate& b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.date_mark, b.date_mark);
  EXPECT_EQ(a.thought_open, b.thought_open);
  EXPECT_EQ(a.thought_close, b.thought_close);
  EXPECT_EQ(a.reply_open, b.reply_open);
  EXPECT_EQ(a.reply_close, b.reply_close);
  ASSERT_EQ(a.rules.size(), b.rules.size());
  for (size_t i = 0; i < a.rules.size(); ++i) {
    EXPECT_EQ(a.rules[i].kind, b.rules[i].kind);
    EXPECT_EQ(a.rules[i].when, b.rules[i].when);
    EXPECT_EQ(a.rules[i].unless, b.rules[i].unless);
    EXPECT_EQ(a.rules[i].role, b.rules[i].role);
    EXPECT_EQ(a.rules[i].prefix, b.rules[i].prefix);
    EXPECT_EQ(a.rules[i].suffix, b.rules[i].suffix);
    EXPECT_EQ(a.rules[i].newlines, b.rules[i].newlines);
    EXPECT_EQ(a.rules[i].part, b.rules[i].part);
    EXPECT_EQ(a.rules[i].middle, b.rules[i].middle);
    EXPECT_EQ(a.rules[i].trim, b.rules[i].trim);
    EXPECT_EQ(a.rules[i].drop, b.rules[i].drop);
    EXPECT_EQ(a.rules[i].trim_start, b.rules[i].trim_start);
    EXPECT_EQ(a.rules[i].trim_end, b.rules[i].trim_end);
  }
}

TEST(Read, GivesBackEveryFieldThatWasWritten) {
  const SampleModel sample;
  const AlignedBuffer bytes = sample.File();
  ErrorDetail detail;
  const auto file = Read(bytes.bytes(), &detail);
  ASSERT_TRUE(file.ok()) << detail.text();
  const Header& a = file.value().header;
  const Header& b = sample.header;

  EXPECT_EQ(a.format_version, kFormatVersion);
  EXPECT_EQ(a.reader_version, b.reader_version);
  ExpectEqual(a.architecture, b.architecture);
  ExpectEqual(a.tokenizer, b.tokenizer);
  ExpectEqual(a.chat_template, b.chat_template);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) ExpectEqual(a.tensors[i], b.tensors[i]);
  EXPECT_EQ(a.data_offset, b.data_offset);
  EXPECT_EQ(a.data_bytes, b.data_bytes);
  EXPECT_EQ(a.chunk_bytes, b.chunk_bytes);
  EXPECT_THAT(a.chunk_hashes, ElementsAreArray(b.chunk_hashes));
  EXPECT_EQ(a.provenance.source, b.provenance.source);
  EXPECT_EQ(a.provenance.source_format, b.provenance.source_format);
  EXPECT_EQ(a.provenance.license, b.provenance.license);
  EXPECT_EQ(a.provenance.tool, b.provenance.tool);
  EXPECT_EQ(a.provenance.training_run, b.provenance.training_run);
  EXPECT_EQ(a.provenance.quantization, b.provenance.quantization);
  EXPECT_EQ(a.self_test.prompt, b.self_test.prompt);
  EXPECT_THAT(a.self_test.ids, ElementsAreArray(b.self_test.ids));
  EXPECT_THAT(a.self_test.expected, ElementsAreArray(b.self_test.expected));
  EXPECT_THAT(a.self_test.margins, ElementsAreArray(b.self_test.margins));
  EXPECT_EQ(a.self_test.tolerance, b.self_test.tolerance);
  EXPECT_FALSE(file.value().seal.is_signed);
  EXPECT_EQ(file.value().data.data(), bytes.bytes().data() + b.data_offset);
  EXPECT_THAT(file.value().data, ElementsAreArray(sample.data()));
}

TEST(Read, PointsIntoTheFileInsteadOfCopying) {
  const SampleModel sample;
  const AlignedBuffer bytes = sample.File();
  const auto file = Read(bytes.bytes(), nullptr);
  ASSERT_TRUE(file.ok());
  const auto inside = [&](const void* p) {
    return p >= bytes.bytes().data() && p < bytes.bytes().data() + bytes.bytes().size();
  };
  const Header& h = file.value().header;
  EXPECT_TRUE(inside(h.tokenizer.token_bytes.data()));
  EXPECT_TRUE(inside(h.tokenizer.merges.data()));
  EXPECT_TRUE(inside(h.architecture.ropes[0].inv_freq.data()));
  EXPECT_TRUE(inside(h.tensors[0].name.data()));
  EXPECT_TRUE(inside(h.chunk_hashes.data()));
}

TEST(Read, TakesTheOutputOfBuildModel) {
  SampleModel sample;
  const auto built = writer::BuildModel(&sample.header, sample.TensorData());
  ASSERT_TRUE(built.ok());
  const AlignedBuffer bytes(built.value());
  ErrorDetail detail;
  const auto file = Read(bytes.bytes(), &detail);
  ASSERT_TRUE(file.ok()) << detail.text();
  for (size_t i = 0; i < file.value().header.chunk_hashes.size(); ++i) {
    EXPECT_TRUE(CheckChunk(file.value(), i, &detail).ok()) << detail.text();
  }
}

TEST(Read, TakesAModelWithoutTokenizerTemplateAndSelfTest) {
  const AlignedBuffer bytes = SampleModel::Spoiled([](Header& h) {
    h.tokenizer = {};
    h.chat_template = {};
    h.self_test = {};
    h.provenance = {};
  });
  ErrorDetail detail;
  const auto file = Read(bytes.bytes(), &detail);
  ASSERT_TRUE(file.ok()) << detail.text();
  EXPECT_EQ(file.value().header.tokenizer.vocab(), 0u);
  EXPECT_FALSE(file.value().header.chat_template.present());
  EXPECT_FALSE(file.value().header.self_test.present());
}

TEST(Read, TellsOtherKindsOfFilesApart) {
  using std::string_literals::operator""s;
  const struct {
    std::string bytes;
    const char* says;
  } kFiles[] = {
      {""s, "empty"},
      {"x"s, "does not begin like"},
      {std::string(100, '\0'), "does not begin like"},
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s, "PNG image"},
      {"GGUF\3\0\0\0\1\2\3\4"s, "GGUF file; convert it with quanta-convert"},
      {"PK\3\4\0\0\0\0\0\0\0\0"s, "PyTorch"},
      {"\x20\0\0\0\0\0\0\0{\"__metadata__\":{}}"s, "safetensors"},
      {"{\"architectures\": []}"s, "JSON"},
      {"version https://git-lfs.github.com/spec/v1\noid"s, "Git LFS pointer"},
      {"\x28\xB5\x2F\xFD\0\0\0\0\0\0\0\0"s, "Zstandard"},
      {"\x51\x2A\x4D\x18\x20\0\0\0QFBZ\1\0\0\0"s, "compressed"},
  };
  for (const auto& file : kFiles) {
    ErrorDetail detail;
    const AlignedBuffer bytes = Bytes(file.bytes);
    EXPECT_EQ(Read(bytes.bytes(), &detail).status().code(), Code::kCorrupt);
    EXPECT_THAT(detail.text(), HasSubstr(file.says));
    detail.Clear();
    EXPECT_EQ(PrefixBytes(bytes.bytes(), &detail).status().code(), Code::kCorrupt);
    EXPECT_THAT(detail.text(), HasSubstr(file.says));
  }
}

TEST(Read, RefusesEveryTruncation) {
  const SampleModel sample;
  const AlignedBuffer whole = sample.File();
  for (size_t size = 0; size < whole.bytes().size(); ++size) {
    // A copy of that size, so that the sanitizer sees a read after its end. Where only
    // data is missing, any length is as good as another.
    if (size > sample.header.data_offset + 64 && size % 97 != 0) continue;
    const AlignedBuffer cut(whole.bytes().first(size));
    ErrorDetail detail;
    ASSERT_EQ(Read(cut.bytes(), &detail).status().code(), Code::kCorrupt) << size;
    if (size < 12) continue;
    ASSERT_THAT(detail.text(), HasSubstr("file is truncated: " + std::to_string(size) + " bytes"));
  }
}

TEST(Read, SaysHowMuchOfATruncatedFileIsThere) {
  const SampleModel sample;
  const AlignedBuffer whole = sample.File();
  ErrorDetail detail;
  const size_t size = whole.bytes().size();
  EXPECT_FALSE(Read(whole.bytes().first(size - 64), &detail).ok());
  EXPECT_EQ(detail.text(), "file is truncated: " + std::to_string(size - 64) + " bytes of " +
                               std::to_string(size));
}

TEST(Read, RefusesBytesAfterTheEnd) {
  const SampleModel sample;
  const AlignedBuffer whole = sample.File();
  AlignedBuffer longer(whole.bytes().size() + 3);
  std::copy(whole.bytes().begin(), whole.bytes().end(), longer.bytes().begin());
  ErrorDetail detail;
  EXPECT_EQ(Read(longer.bytes(), &detail).status().code(), Code::kCorrupt);
  EXPECT_THAT(detail.text(), HasSubstr("3 bytes follow the end"));
}

TEST(Read, NoticesEveryFlippedByteBeforeTheData) {
  const SampleModel sample;
  AlignedBuffer file = sample.File();
  const auto bytes = file.bytes();
  const uint64_t prefix = PrefixBytes(bytes, nullptr).value();
  for (size_t i = 0; i < sample.header.data_offset; ++i) {
    bytes[i] ^= std::byte{0x10};
    const Code code = Read(bytes, nullptr).status().code();
    bytes[i] ^= std::byte{0x10};
    if (i >= 4 && i < prefix - Seal::kBytes - 64 && (i < 8 || i >= 12)) {
      ASSERT_EQ(code, Code::kUnverified) << i;
    } else {
      ASSERT_TRUE(code == Code::kUnverified || code == Code::kCorrupt) << i;
    }
  }
  EXPECT_TRUE(Read(bytes, nullptr).ok());
}

TEST(Read, RefusesAFileForNewerReaders) {
  const AlignedBuffer file =
      SampleModel::Spoiled([](Header& h) { h.reader_version = kReaderVersion + 1; });
  ErrorDetail detail;
  EXPECT_EQ(Read(file.bytes(), &detail).status().code(), Code::kUnsupported);
  EXPECT_THAT(detail.text(), HasSubstr("update quanta"));
}

TEST(Read, RefusesAFileThatUsesMoreThanTheVersionItStates) {
  // The sample has an epsilon outside the root.
  const AlignedBuffer file = SampleModel::Spoiled([](Header& h) { h.reader_version = 1; });
  ErrorDetail detail;
  EXPECT_EQ(Read(file.bytes(), &detail).status().code(), Code::kCorrupt);
  EXPECT_THAT(detail.text(), HasSubstr("reader_version is 1, the file uses what version 2"));
}

TEST(Read, TakesAFileForTheFirstReadersThatUsesNothingElse) {
  const AlignedBuffer file = SampleModel::Spoiled([](Header& h) {
    h.architecture.norm_eps_outside = false;
    h.chat_template = ChatTemplate();
    h.reader_version = 1;
  });
  EXPECT_TRUE(Read(file.bytes(), nullptr).ok());
}

TEST(OldestReader, IsTheFirstThatUnderstandsTheChatTemplate) {
  const auto oldest = [](void (*change)(Header&)) {
    Header header;
    header.chat_template.rules = Array<ChatRule>::Create(1).value();
    change(header);
    return OldestReader(header);
  };
  EXPECT_EQ(oldest([](Header&) {}), 1u);
  EXPECT_EQ(oldest([](Header& h) { h.chat_template.rules[0].when = 1u << 27; }), 1u);
  EXPECT_EQ(oldest([](Header& h) { h.chat_template.rules[0].unless = 1u << 28; }), 2u);
  EXPECT_EQ(oldest([](Header& h) { h.chat_template.rules[0].newlines = true; }), 2u);
  EXPECT_EQ(oldest([](Header& h) { h.chat_template.rules[0].part = ChatPart::kAnswer; }), 2u);
  EXPECT_EQ(oldest([](Header& h) { h.chat_template.date_mark = "@"; }), 2u);
  EXPECT_EQ(oldest([](Header& h) { h.chat_template.thought_close = "x"; }), 2u);
  EXPECT_EQ(oldest([](Header& h) { h.chat_template.reply_open = "x"; }), 2u);
}

TEST(Read, TakesAFileOfANewerWriterThatOldReadersUnderstand) {
  const AlignedBuffer file =
      SampleModel::Spoiled([](Header& h) { h.format_version = kFormatVersion + 7; });
  EXPECT_TRUE(Read(file.bytes(), nullptr).ok());
}

TEST(Read, NeedsAlignedBytes) {
  const SampleModel sample;
  const AlignedBuffer file = sample.File();
  AlignedBuffer shifted(file.bytes().size() + 8);
  std::copy(file.bytes().begin(), file.bytes().end(), shifted.bytes().begin() + 8);
  EXPECT_EQ(Read(shifted.bytes().subspan(8), nullptr).status().code(), Code::kInvalidArgument);
}

TEST(Read, RefusesSizesOfHeadersThatNoModelHas) {
  for (const uint32_t size : {0u, 7u, 300u << 20, UINT32_MAX}) {
    AlignedBuffer file(SampleModel().File());
    std::memcpy(file.bytes().data(), &size, sizeof(size));
    ErrorDetail detail;
    EXPECT_EQ(Read(file.bytes(), &detail).status().code(), Code::kCorrupt);
    EXPECT_THAT(detail.text(), HasSubstr("header's size")) << size;
  }
}

TEST(ReadPrefix, NeedsNoDataButItsSize) {
  const SampleModel sample;
  const AlignedBuffer file = sample.File();
  const uint64_t prefix = PrefixBytes(file.bytes().first(12), nullptr).value();
  const AlignedBuffer first(file.bytes().first(static_cast<size_t>(prefix)));
  ErrorDetail detail;
  const auto read = ReadPrefix(first.bytes(), file.bytes().size(), &detail);
  ASSERT_TRUE(read.ok()) << detail.text();
  EXPECT_TRUE(read.value().data.empty());
  EXPECT_EQ(read.value().header.data_bytes, sample.header.data_bytes);
  EXPECT_FALSE(ReadPrefix(first.bytes(), file.bytes().size() - 1, &detail).ok());
}

/// A header whose tensors all point at one long name.
AlignedBuffer SharedNames(size_t tensors) {
  flatbuffers::FlatBufferBuilder out;
  const auto name = out.CreateString(std::string(500, 'n'));
  std::vector<flatbuffers::Offset<fb::Tensor>> list;
  for (size_t i = 0; i < tensors; ++i) list.push_back(fb::CreateTensor(out, name));
  const auto vector = out.CreateVector(list);
  const auto architecture = fb::CreateArchitecture(out);
  fb::ModelBuilder model(out);
  model.add_architecture(architecture);
  model.add_tensors(vector);
  fb::FinishSizePrefixedModelBuffer(out, model.Finish());
  AlignedBuffer file((out.GetSize() + 63) / 64 * 64 + Seal::kBytes);
  std::memcpy(file.bytes().data(), out.GetBufferPointer(), out.GetSize());
  Reseal(file.bytes());
  return file;
}

TEST(Read, RefusesStringsThatShareTheirBytes) {
  ErrorDetail detail;
  const AlignedBuffer file = SharedNames(1000);
  EXPECT_EQ(Read(file.bytes(), &detail).status().code(), Code::kCorrupt);
  EXPECT_THAT(detail.text(), HasSubstr("name: shares its bytes"));
}

}  // namespace
}  // namespace quanta::format
