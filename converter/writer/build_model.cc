// SPDX-License-Identifier: MIT
#include "converter/writer/build_model.h"

#include <algorithm>

#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/seal.h"

namespace quanta::writer {
namespace {

/// Puts an unsigned seal after `header` and fills up to `prefix_bytes`.
void SealHeader(std::vector<std::byte>* header, uint64_t prefix_bytes) {
  const format::Seal seal{.header_hash = format::Hash(*header)};
  const size_t seal_offset = static_cast<size_t>(format::RoundUp(header->size(), format::kAlign));
  header->resize(static_cast<size_t>(prefix_bytes));
  format::StoreSeal(seal, std::span(*header).subspan(seal_offset).first<format::Seal::kBytes>());
}

uint64_t EndOfSeal(size_t header_bytes) {
  return format::RoundUp(header_bytes, format::kAlign) + format::Seal::kBytes;
}

std::vector<format::Hash256> HashChunks(std::span<const std::byte> data, size_t chunk_bytes) {
  std::vector<format::Hash256> hashes;
  for (; !data.empty(); data = data.subspan(std::min(chunk_bytes, data.size()))) {
    hashes.push_back(format::Hash(data.first(std::min(chunk_bytes, data.size()))));
  }
  return hashes;
}

}  // namespace

Status LayOutData(format::Header* header, uint32_t chunk_bytes, ErrorDetail* detail) {
  if (chunk_bytes < format::kMinChunkBytes || chunk_bytes > format::kMaxChunkBytes ||
      chunk_bytes % format::kAlign != 0) {
    return Fail(detail, Code::kInvalidArgument, "chunks must be a multiple of 64 bytes",
                "%u bytes a chunk, at most %u", chunk_bytes, format::kMaxChunkBytes);
  }
  uint64_t end = 0;
  for (format::Tensor& tensor : header->tensors) {
    tensor.offset = end;
    tensor.bytes = format::PanelBytes(tensor.panel, tensor.rows, tensor.columns);
    constexpr uint64_t kMost = uint64_t{1} << 56;  // no sum of thousands of these overflows
    if (tensor.bytes == 0 || tensor.bytes > kMost || end > kMost) {
      return Fail(detail, Code::kInvalidArgument, "a tensor is empty or too large",
                  "%.*s: %s of [%u, %u]", static_cast<int>(tensor.name.size()), tensor.name.data(),
                  format::PanelName(tensor.panel), tensor.rows, tensor.columns);
    }
    end = format::RoundUp(end + tensor.bytes, format::kAlign);
  }
  if (end / chunk_bytes > format::kMaxHeaderBytes / 2 / sizeof(format::Hash256)) {
    return Fail(detail, Code::kInvalidArgument, "the chunks are too small for this model",
                "%llu bytes of data in chunks of %u", static_cast<unsigned long long>(end),
                chunk_bytes);
  }
  header->data_bytes = end;
  header->chunk_bytes = chunk_bytes;
  return {};
}

std::vector<std::byte> SerializePrefix(format::Header* header, size_t slack) {
  const size_t header_bytes = SerializeHeader(*header).size();
  header->data_offset = format::RoundUp(EndOfSeal(header_bytes) + slack, format::kAlign);
  std::vector<std::byte> bytes = SerializeHeader(*header);
  QUANTA_CHECK(bytes.size() == header_bytes);
  SealHeader(&bytes, header->data_offset);
  return bytes;
}

Result<std::vector<std::byte>> SerializePrefixInPlace(const format::Header& header,
                                                      ErrorDetail* detail) {
  std::vector<std::byte> bytes = SerializeHeader(header);
  const uint64_t needed = EndOfSeal(bytes.size());
  if (needed > header.data_offset) {
    return Fail(detail, Code::kLimit, "the header outgrew the room left for it",
                "%llu bytes, there is room for %llu", static_cast<unsigned long long>(needed),
                static_cast<unsigned long long>(header.data_offset));
  }
  SealHeader(&bytes, header.data_offset);
  return bytes;
}

Result<std::vector<std::byte>> BuildModel(format::Header* header,
                                          std::span<const std::span<const std::byte>> tensors,
                                          ErrorDetail* detail, uint32_t chunk_bytes) {
  QUANTA_TRY(LayOutData(header, chunk_bytes, detail));
  if (tensors.size() != header->tensors.size()) {
    return Fail(detail, Code::kInvalidArgument, "the number of tensors differs",
                "%zu, the header has %zu", tensors.size(), header->tensors.size());
  }
  std::vector<std::byte> data(static_cast<size_t>(header->data_bytes));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const format::Tensor& tensor = header->tensors[i];
    if (tensors[i].size() != tensor.bytes) {
      return Fail(detail, Code::kInvalidArgument, "a tensor's size differs",
                  "%.*s: %zu bytes, expected %llu", static_cast<int>(tensor.name.size()),
                  tensor.name.data(), tensors[i].size(),
                  static_cast<unsigned long long>(tensor.bytes));
    }
    std::copy(tensors[i].begin(), tensors[i].end(),
              data.begin() + static_cast<ptrdiff_t>(tensor.offset));
  }
  const std::vector<format::Hash256> hashes = HashChunks(data, chunk_bytes);
  header->chunk_hashes = hashes;
  std::vector<std::byte> file = SerializePrefix(header);
  header->chunk_hashes = {};
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

}  // namespace quanta::writer
