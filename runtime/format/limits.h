// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// Bounds that a .qfb file must keep (docs/format.md, Limits): far above any model
/// this runtime could run, low enough that products of two fit 64 bits and that no
/// loop over a header takes long.
namespace quanta::format {

inline constexpr size_t kAlign = 64;  ///< of the seal, the data section and each tensor

inline constexpr uint32_t kMaxHeaderBytes = 256u << 20;
inline constexpr uint32_t kMaxGapBytes = 1u << 20;  ///< zeros between seal and data
inline constexpr uint32_t kMinChunkBytes = 64;
inline constexpr uint32_t kMaxChunkBytes = 64u << 20;

inline constexpr uint32_t kMaxLayers = 4096;
inline constexpr uint32_t kMaxVocab = 1u << 24;
inline constexpr uint32_t kMaxWidth = 1u << 24;  ///< hidden, ffn, heads * head_dim
/// Of a q8 matrix: so many products of 255 and 127 fit 32 bits.
inline constexpr uint32_t kMaxQ8Columns = 1u << 16;
inline constexpr uint32_t kMaxContext = 1u << 26;

inline constexpr size_t kMaxNameBytes = 512;        ///< of a tensor
inline constexpr size_t kMaxTextBytes = 1u << 20;   ///< templates, prompts, provenance
inline constexpr size_t kMaxTokenBytes = 1u << 16;  ///< of one token
inline constexpr size_t kMaxPieceBytes = 1024;      ///< strings of text transformations
inline constexpr size_t kMaxTextSteps = 16;         ///< normalizers, pre-tokenizers, decoders
inline constexpr size_t kMaxFrameIds = 1024;        ///< prefix, suffix and stop ids
inline constexpr size_t kMaxChatRules = 256;
inline constexpr size_t kMaxChatMarkBytes = 64;

/// How much larger than its compressed transport a file may be.
inline constexpr uint64_t kMaxCompression = 1000;

}  // namespace quanta::format
