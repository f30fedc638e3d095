// SPDX-License-Identifier: MIT
#include "converter/writer/compress.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "converter/writer/atomic_file.h"
#include "converter/writer/model_source.h"
#include "runtime/format/limits.h"
#include "runtime/format/transport_index.h"

namespace quanta::writer {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

/// Makes frames and restores each at once: a transport that does not restore is never
/// written.
class FrameMaker {
 public:
  FrameMaker(int level, size_t most_bytes)
      : compress_(ZSTD_createCCtx()),
        decompress_(ZSTD_createDCtx()),
        level_(level),
        frame_(ZSTD_compressBound(most_bytes)),
        restored_(most_bytes) {}

  Result<std::span<const std::byte>> Make(std::span<const std::byte> bytes) {
    const size_t size = ZSTD_compressCCtx(compress_.get(), frame_.data(), frame_.size(),
                                          bytes.data(), bytes.size(), level_);
    if (ZSTD_isError(size)) return Status(Code::kInternal, ZSTD_getErrorName(size));
    const size_t restored =
        ZSTD_decompressDCtx(decompress_.get(), restored_.data(), bytes.size(), frame_.data(), size);
    if (restored != bytes.size() ||
        std::memcmp(restored_.data(), bytes.data(), bytes.size()) != 0) {
      return Status(Code::kInternal, "a compressed frame does not restore");
    }
    return std::span<const std::byte>(frame_.data(), size);
  }

 private:
  std::unique_ptr<ZSTD_CCtx, FreeContext> compress_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> decompress_;
  int level_;
  std::vector<std::byte> frame_, restored_;
};

Status CheckLevel(int level, ErrorDetail* detail) {
  if (level >= 1 && level <= kMaxLevel) return {};
  return Fail(detail, Code::kInvalidArgument, "no such compression level", "%d, expected 1 to %d",
              level, kMaxLevel);
}

/// All frames but the index, appended to `file`; their sizes go to `sizes`.
Status WriteFrames(ModelSource& source, int level, const Progress& progress, AtomicFile* file,
                   std::vector<uint32_t>* sizes, ErrorDetail* detail) {
  const size_t most = std::max<size_t>(source.prefix().size(), source.file().header.chunk_bytes);
  FrameMaker maker(level, most);
  for (size_t i = 0; i <= source.chunks(); ++i) {
    std::span<const std::byte> piece = source.prefix();
    if (i > 0) {
      QUANTA_ASSIGN(piece, source.Chunk(i - 1, detail));
    }
    QUANTA_ASSIGN(const auto frame, maker.Make(piece));
    QUANTA_TRY(file->Write(frame, detail));
    sizes->push_back(static_cast<uint32_t>(frame.size()));
    QUANTA_TRY(Tell(progress, i, source.chunks()));
  }
  return {};
}

}  // namespace

Status CompressFile(const std::string& in, const std::string& out, int level, ErrorDetail* detail,
                    const Progress& progress) {
  QUANTA_TRY(CheckLevel(level, detail));
  QUANTA_ASSIGN(ModelSource source, ModelSource::Open(in, detail));
  if (source.compressed()) {
    return Fail(detail, Code::kInvalidArgument, "the model is compressed already", "%s",
                in.c_str());
  }
  const format::TransportIndex index{.file_bytes = source.file_bytes(),
                                     .prefix_bytes = source.prefix().size(),
                                     .chunk_bytes = source.file().header.chunk_bytes,
                                     .frames = static_cast<uint32_t>(source.chunks() + 1)};
  std::vector<std::byte> frame0(format::IndexBytes(index.frames));
  QUANTA_ASSIGN(AtomicFile file, AtomicFile::Create(out, detail));
  QUANTA_TRY(file.Write(frame0, detail));
  std::vector<uint32_t> sizes;
  QUANTA_TRY(WriteFrames(source, level, progress, &file, &sizes, detail));
  format::StoreIndex(index, sizes, frame0);
  QUANTA_TRY(file.WriteAt(0, frame0, detail));
  QUANTA_TRY(format::CheckRatio(index.file_bytes, file.written(), detail));
  return file.Commit(detail);
}

Status DecompressFile(const std::string& in, const std::string& out, ErrorDetail* detail,
                      const Progress& progress) {
  QUANTA_ASSIGN(ModelSource source, ModelSource::Open(in, detail));
  if (!source.compressed()) {
    return Fail(detail, Code::kInvalidArgument, "the model is not compressed", "%s", in.c_str());
  }
  QUANTA_ASSIGN(AtomicFile file, AtomicFile::Create(out, detail));
  QUANTA_TRY(file.Reserve(source.file_bytes(), detail));
  QUANTA_TRY(file.Write(source.prefix(), detail));
  for (size_t i = 0; i < source.chunks(); ++i) {
    QUANTA_ASSIGN(const auto chunk, source.Chunk(i, detail));
    QUANTA_TRY(file.Write(chunk, detail));
    QUANTA_TRY(Tell(progress, file.written(), source.file_bytes()));
  }
  return file.Commit(detail);
}

}  // namespace quanta::writer
