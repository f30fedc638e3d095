// SPDX-License-Identifier: MIT
#include "runtime/format/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <vector>

#include "runtime/format/reader.h"
#include "runtime/format/transport_index.h"
#include "tests/runtime/format/sample_model.h"

// Zstandard's encoder is not linked into the runtime: these tests write frames of raw
// blocks by hand. What the real encoder makes is tested with the writer.
namespace quanta::format {
namespace {

using testing::HasSubstr;
using writer::AlignedBuffer;
using Bytes = std::vector<std::byte>;

void Append(Bytes* out, std::span<const std::byte> bytes) {
  out->insert(out->end(), bytes.begin(), bytes.end());
}

template <class T>
void AppendNumber(Bytes* out, T value, size_t bytes = sizeof(T)) {
  Append(out, std::as_bytes(std::span(&value, 1)).first(bytes));
}

/// One frame: content size (8 bytes), single segment, no checksum, raw blocks.
Bytes RawFrame(std::span<const std::byte> content) {
  Bytes frame;
  AppendNumber<uint32_t>(&frame, 0xFD2FB528);
  AppendNumber<uint8_t>(&frame, 0xE0);
  AppendNumber<uint64_t>(&frame, content.size());
  do {
    const auto block = content.first(std::min<size_t>(content.size(), 100'000));
    content = content.subspan(block.size());
    const auto last = static_cast<uint32_t>(content.empty());
    AppendNumber<uint32_t>(&frame, last | static_cast<uint32_t>(block.size()) << 3, 3);
    Append(&frame, block);
  } while (!content.empty());
  return frame;
}

struct Transport {
  SampleModel sample;
  AlignedBuffer file = sample.File();
  TransportIndex index{.file_bytes = file.bytes().size(),
                       .prefix_bytes = sample.header.data_offset,
                       .chunk_bytes = SampleModel::kChunkBytes};
  std::vector<Bytes> frames;

  Transport() {
    std::span<const std::byte> rest = file.bytes();
    for (size_t piece = static_cast<size_t>(index.prefix_bytes); !rest.empty();
         piece = std::min<size_t>(rest.size(), SampleModel::kChunkBytes)) {
      frames.push_back(RawFrame(rest.first(piece)));
      rest = rest.subspan(piece);
    }
    index.frames = static_cast<uint32_t>(frames.size());
  }

  Bytes Build() const {
    std::vector<uint32_t> sizes;
    for (const Bytes& frame : frames) sizes.push_back(static_cast<uint32_t>(frame.size()));
    TransportIndex stored = index;
    stored.frames = static_cast<uint32_t>(frames.size());
    Bytes out(static_cast<size_t>(IndexBytes(sizes.size())));
    StoreIndex(stored, sizes, out);
    std::memcpy(out.data() + 36, &index.frames, sizeof(index.frames));
    for (const Bytes& frame : frames) Append(&out, frame);
    return out;
  }
};

TEST(Restore, GivesTheFileByteForByte) {
  const Transport transport;
  const Bytes bytes = transport.Build();
  ASSERT_TRUE(IsCompressed(bytes));
  const auto size = RestoredBytes(bytes, nullptr);
  ASSERT_TRUE(size.ok());
  ASSERT_EQ(size.value(), transport.file.bytes().size());
  AlignedBuffer restored(static_cast<size_t>(size.value()));
  ErrorDetail detail;
  ASSERT_TRUE(Restore(bytes, restored.bytes(), &detail).ok()) << detail.text();
  EXPECT_TRUE(
      std::equal(restored.bytes().begin(), restored.bytes().end(), transport.file.bytes().begin()));
}

TEST(Restore, NeedsExactlyTheRoomOfTheFile) {
  const Transport transport;
  const Bytes bytes = transport.Build();
  AlignedBuffer small(transport.file.bytes().size() - 1);
  EXPECT_EQ(Restore(bytes, small.bytes(), nullptr).code(), Code::kInvalidArgument);
}

TEST(Restore, NoticesDataThatDoesNotMatchItsHash) {
  Transport transport;
  transport.frames[2][200] ^= std::byte{1};
  const Bytes bytes = transport.Build();
  AlignedBuffer restored(transport.file.bytes().size());
  ErrorDetail detail;
  EXPECT_EQ(Restore(bytes, restored.bytes(), &detail).code(), Code::kUnverified);
  EXPECT_THAT(detail.text(), HasSubstr("chunk 1 of"));
}

TEST(Restore, NoticesAHeaderThatDoesNotMatchItsHash) {
  Transport transport;
  transport.frames[0][200] ^= std::byte{1};
  const Bytes bytes = transport.Build();
  AlignedBuffer restored(transport.file.bytes().size());
  EXPECT_EQ(Restore(bytes, restored.bytes(), nullptr).code(), Code::kUnverified);
}

TEST(Restore, RefusesFramesThatRestoreToMoreOrLessThanTheirChunk) {
  for (const int change : {-1, 1}) {
    Transport transport;
    const size_t size = SampleModel::kChunkBytes + static_cast<size_t>(change);
    const Bytes content(size, std::byte{5});
    transport.frames[1] = RawFrame(content);
    const Bytes bytes = transport.Build();
    AlignedBuffer restored(transport.file.bytes().size());
    ErrorDetail detail;
    EXPECT_EQ(Restore(bytes, restored.bytes(), &detail).code(), Code::kCorrupt);
    EXPECT_THAT(detail.text(), HasSubstr("compressed frame 1"));
  }
}

TEST(Restore, RefusesEveryTruncation) {
  const Transport transport;
  const Bytes bytes = transport.Build();
  for (size_t size = 0; size < bytes.size(); size += size < 512 ? 1 : 31) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    ErrorDetail detail;
    ASSERT_EQ(RestoredBytes(cut, &detail).status().code(), Code::kCorrupt) << size;
    ASSERT_THAT(detail.text(), HasSubstr(size < 12 ? "not a compressed" : "truncated")) << size;
  }
}

struct Hostile {
  const char* says;
  std::function<void(Transport&)> spoil;
};

TEST(Restore, RefusesHostileIndexes) {
  const Hostile kCases[] = {
      {"file bytes", [](Transport& t) { t.index.prefix_bytes = 0; }},
      {"file bytes", [](Transport& t) { t.index.prefix_bytes += 1; }},
      {"file bytes", [](Transport& t) { t.index.prefix_bytes = uint64_t{1} << 40; }},
      {"file bytes", [](Transport& t) { t.index.file_bytes = 64; }},
      {"chunk bytes", [](Transport& t) { t.index.chunk_bytes = 0; }},
      {"chunk bytes", [](Transport& t) { t.index.chunk_bytes = UINT32_MAX; }},
      {"frames", [](Transport& t) { t.index.file_bytes = UINT64_MAX; }},
      {"frames", [](Transport& t) { t.index.frames = 0; }},
      {"frames", [](Transport& t) { t.index.frames = UINT32_MAX; }},
      {"frames", [](Transport& t) { t.frames.pop_back(); }},
      {"frames", [](Transport& t) { t.index.chunk_bytes /= 2; }},
  };
  for (const Hostile& hostile : kCases) {
    Transport transport;
    hostile.spoil(transport);
    ErrorDetail detail;
    EXPECT_EQ(RestoredBytes(transport.Build(), &detail).status().code(), Code::kCorrupt);
    EXPECT_THAT(detail.text(), HasSubstr(hostile.says));
  }
}

TEST(Restore, RefusesASmallFileThatClaimsToHoldAHugeOne) {
  Transport transport;
  transport.frames.resize(1);
  transport.frames.push_back(Bytes(10));
  transport.index = {.file_bytes = transport.index.prefix_bytes + (60u << 20),
                     .prefix_bytes = transport.index.prefix_bytes,
                     .chunk_bytes = 60u << 20,
                     .frames = 2};
  ErrorDetail detail;
  EXPECT_EQ(RestoredBytes(transport.Build(), &detail).status().code(), Code::kCorrupt);
  EXPECT_THAT(detail.text(), HasSubstr("claim to hold"));
}

TEST(Restore, RefusesAnIndexThatCutsTheDataUnlikeTheHeader) {
  Transport transport;
  transport.index.chunk_bytes = 2 * SampleModel::kChunkBytes;
  const auto data = std::span<const std::byte>(transport.file.bytes())
                        .subspan(static_cast<size_t>(transport.index.prefix_bytes));
  transport.frames.resize(1);
  for (size_t at = 0; at < data.size(); at += transport.index.chunk_bytes) {
    const size_t size = std::min<size_t>(data.size() - at, transport.index.chunk_bytes);
    transport.frames.push_back(RawFrame(data.subspan(at, size)));
  }
  transport.index.frames = static_cast<uint32_t>(transport.frames.size());
  AlignedBuffer restored(transport.file.bytes().size());
  ErrorDetail detail;
  EXPECT_EQ(Restore(transport.Build(), restored.bytes(), &detail).code(), Code::kCorrupt);
  EXPECT_THAT(detail.text(), HasSubstr("not the header's chunks"));
}

TEST(Restore, RefusesANewerVersion) {
  Bytes bytes = Transport().Build();
  bytes[12] = std::byte{2};
  ErrorDetail detail;
  EXPECT_EQ(RestoredBytes(bytes, &detail).status().code(), Code::kUnsupported);
  EXPECT_THAT(detail.text(), HasSubstr("update quanta"));
}

}  // namespace
}  // namespace quanta::format
