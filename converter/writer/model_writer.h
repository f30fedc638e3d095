// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "converter/writer/build_model.h"
#include "quanta/status.h"
#include "runtime/format/model_view.h"

namespace quanta::writer {

struct WriterOptions {
  uint32_t chunk_bytes = kDefaultChunkBytes;  ///< data bytes per hash; a multiple of 64
  /// Bytes by which the header may still grow after Create: texts of the provenance
  /// and the self-test. (The tensors' errors need no room.)
  uint32_t header_slack = 16u << 10;
};

/// Writes a .qfb file tensor by tensor. Its target appears complete or not at all:
/// everything goes to a temporary file beside it, which takes the target's name in
/// Finish and disappears if Finish is not reached.
///
///   Create -> Append ... -> [WriteDraft -> open temporary_path(), judge] -> Finish
///
/// Memory: the header and a hash per chunk; no tensor data is kept.
/// Threads: none.
class ModelWriter {
 public:
  /// Lays out the file and reserves its space on the device.
  /// `header` is borrowed until Finish: complete but for what is filled in here (each
  /// tensor's offset and bytes, data_offset, data_bytes, chunk_bytes, chunk_hashes) and
  /// what is known later: each tensor's error_rms and error_max, provenance, self_test.
  /// Set those before Finish; change nothing else.
  /// Errors: kInvalidArgument (a shape), kNotFound (no such folder), kIo, kNoSpace (the
  /// detail says how much is needed).
  static Result<ModelWriter> Create(const std::string& path, format::Header* header,
                                    const WriterOptions& options, ErrorDetail* detail);

  ModelWriter(ModelWriter&&) noexcept;
  ModelWriter& operator=(ModelWriter&&) noexcept;
  ~ModelWriter();  ///< Removes the temporary file.

  /// The next bytes of the tensors, in the order of the directory; any cut. Padding
  /// between tensors is inserted here.
  /// Errors: kInvalidArgument (more than the tensors hold), kIo, kNoSpace.
  Status Append(std::span<const std::byte> bytes, ErrorDetail* detail);

  /// After the last Append: makes the temporary file a valid model, as the header
  /// stands now, so that it can be opened and tried. Close it before Finish.
  /// Errors: as Finish.
  Status WriteDraft(ErrorDetail* detail);

  /// Writes the header and the seal, flushes everything to the device and renames.
  /// Errors: kInvalidArgument (data missing), kLimit (the header outgrew its slack),
  /// kCorrupt (the reader refuses the header: its own words), kIo, kNoSpace.
  Status Finish(ErrorDetail* detail);

  /// For a signal handler: what to unlink. Valid until Finish or destruction.
  const std::string& temporary_path() const;
  uint64_t file_bytes() const;      ///< of the finished file
  uint64_t appended_bytes() const;  ///< of data_bytes

 private:
  struct Impl;
  explicit ModelWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// All at once: `tensors` as BuildModel takes them.
Status WriteModel(const std::string& path, format::Header* header,
                  std::span<const std::span<const std::byte>> tensors, ErrorDetail* detail);

}  // namespace quanta::writer
