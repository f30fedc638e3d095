// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/core/array.h"

/// The contents of a .qfb header as plain values: what the reader fills after it
/// has checked everything, what the writer takes, and what the rest of the runtime
/// reads. docs/format.md and model.fbs define the meaning of each field; enum
/// values equal the schema's.
///
/// Spans and strings point into the file's bytes (reader) or into the caller's
/// memory (writer), which must outlive the view.
namespace quanta::format {

inline constexpr uint32_t kFormatVersion = 2;  ///< what this build writes
inline constexpr uint32_t kReaderVersion = 2;  ///< the newest it can read

enum class NormKind : uint8_t { kRms, kLayer };
enum class NormPlacement : uint8_t { kPre, kPost, kSandwich };
enum class Activation : uint8_t { kSilu, kGeluTanh, kGeluErf, kRelu };
enum class RopePairing : uint8_t { kHalf, kInterleaved };

struct Rope {
  std::span<const float> inv_freq;  ///< [rotary / 2]
  float magnitude = 1;
  RopePairing pairing = RopePairing::kHalf;
  std::string_view rule = {};
};

/// Layout equals the schema's struct, so that a span may point into the file.
struct Layer {
  uint32_t window = 0;  ///< positions a token sees, itself included; 0 = all
  int32_t rope = -1;    ///< index into ropes, or -1
};

struct Architecture {
  std::string_view family;
  uint32_t vocab = 0;
  uint32_t hidden = 0;
  uint32_t heads = 0;
  uint32_t kv_heads = 0;
  uint32_t head_dim = 0;
  uint32_t ffn = 0;
  uint32_t context = 0;
  NormKind norm = NormKind::kRms;
  NormPlacement norm_placement = NormPlacement::kPre;
  float norm_eps = 0;
  bool norm_eps_outside = false;
  bool final_norm = true;
  Activation activation = Activation::kSilu;
  bool gated = true;
  float attention_scale = 0;
  float attention_softcap = 0;
  float logit_softcap = 0;
  float embedding_scale = 1;
  float residual_scale = 1;
  float logit_scale = 1;
  Array<Rope> ropes;
  Array<Layer> layers;
};

enum class Panel : uint8_t { kF32, kF16, kQ8, kQ4 };
inline constexpr int kPanelKinds = 4;

enum class Role : uint8_t {
  kEmbedding,
  kPosition,
  kHead,
  kHeadBias,
  kFinalNorm,
  kFinalNormBias,
  kAttentionNorm,
  kAttentionNormBias,
  kQ,
  kQBias,
  kK,
  kKBias,
  kV,
  kVBias,
  kQNorm,
  kKNorm,
  kO,
  kOBias,
  kAttentionPostNorm,
  kAttentionPostNormBias,
  kFfnNorm,
  kFfnNormBias,
  kGate,
  kGateBias,
  kUp,
  kUpBias,
  kDown,
  kDownBias,
  kFfnPostNorm,
  kFfnPostNormBias
};
inline constexpr int kRoles = 30;

struct Tensor {
  std::string_view name;
  Role role = Role::kEmbedding;
  int32_t layer = -1;
  Panel panel = Panel::kF32;
  uint32_t rows = 0;
  uint32_t columns = 0;
  uint64_t offset = 0;  ///< from the start of the data section
  uint64_t bytes = 0;
  std::string_view source_dtype;
  float error_rms = 0;
  float error_max = 0;
};

enum class TokenizerKind : uint8_t { kByteBpe, kSpmBpe, kUnigram, kWhitespace };
enum class TokenType : uint8_t { kNormal, kUnknown, kControl, kUserDefined, kByte, kUnused };

struct Merge {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t result = 0;
};

enum class NormalizerKind : uint8_t {
  kNfc,
  kNfd,
  kNfkc,
  kNfkd,
  kLowercase,
  kPrepend,
  kReplace,
  kStrip,
  kSqueezeSpaces
};
struct Normalizer {
  NormalizerKind kind = NormalizerKind::kNfc;
  std::string_view a, b;
  bool left = false, right = false;
};

enum class PreTokenizerKind : uint8_t {
  kGpt2,
  kLlama3,
  kQwen2,
  kDigitsIndividual,
  kDigitsRuns,
  kMetaspace,
  kWhitespace,
  kSplitLiteral,
  kAddPrefixSpace,
  kByteWords
};
enum class SplitBehavior : uint8_t {
  kRemoved,
  kIsolated,
  kMergedWithPrevious,
  kMergedWithNext,
  kContiguous
};
struct PreTokenizer {
  PreTokenizerKind kind = PreTokenizerKind::kGpt2;
  std::string_view a;
  SplitBehavior behavior = SplitBehavior::kRemoved;
  uint8_t prepend = 0;
};

enum class DecoderKind : uint8_t { kByteLevel, kReplace, kByteFallback, kFuse, kStrip, kMetaspace };
struct Decoder {
  DecoderKind kind = DecoderKind::kByteLevel;
  std::string_view a, b;
  uint32_t start = 0, stop = 0;
  uint8_t prepend = 0;
};

struct AddedToken {
  uint32_t id = 0;
  std::string_view content;
  bool special = false, lstrip = false, rstrip = false, single_word = false, normalized = false;
};

struct Tokenizer {
  TokenizerKind kind = TokenizerKind::kByteBpe;
  std::span<const uint32_t> token_offsets;  ///< [vocab + 1], ascending, into token_bytes
  std::span<const uint8_t> token_bytes;
  std::span<const TokenType> token_types;  ///< [vocab]
  std::span<const Merge> merges;
  std::span<const float> scores;      ///< unigram: of the first ids, its words
  std::span<const int32_t> byte_ids;  ///< [256] or empty
  int32_t unknown_id = -1;
  bool fuse_unknown = false, byte_fallback = false, ignore_merges = false;
  Array<Normalizer> normalizers;
  Array<PreTokenizer> pre_tokenizers;
  Array<Decoder> decoders;
  Array<AddedToken> added;
  std::span<const int32_t> prefix_ids, suffix_ids;
  int32_t bos_id = -1;
  std::span<const int32_t> stop_ids;
  std::span<const double> scores64;  ///< instead of scores

  uint32_t vocab() const { return static_cast<uint32_t>(token_types.size()); }
  /// Of `id`, which must be below vocab().
  std::string_view Text(uint32_t id) const {
    const uint32_t start = token_offsets[id];
    return {reinterpret_cast<const char*>(token_bytes.data()) + start,
            token_offsets[id + 1] - start};
  }
};

enum class ChatRole : uint8_t { kSystem, kUser, kAssistant };
enum class ChatRuleKind : uint8_t {
  kStart,
  kMessage,
  kRefuse,
  kGenerationPrompt,
  kEnd,
  kInsertSystem,
  kRefuseEarly
};
enum class ChatPart : uint8_t { kAll, kAnswer, kThoughtAndAnswer };
struct ChatRule {
  ChatRuleKind kind = ChatRuleKind::kMessage;
  uint32_t when = 0, unless = 0;
  ChatRole role = ChatRole::kUser;
  std::string_view prefix, suffix;
  bool trim = false, drop = false, trim_start = false, trim_end = false;
  bool newlines = false;
  ChatPart part = ChatPart::kAll;
  std::string_view middle;
};
struct ChatTemplate {
  std::string_view source;
  Array<ChatRule> rules;
  std::string_view bos_token, eos_token;
  std::string_view date_mark;
  std::string_view thought_open, thought_close, reply_open, reply_close;
  bool present() const { return !rules.empty(); }
};

struct Provenance {
  std::string_view source, source_format, license, tool, training_run, quantization;
};

struct SelfTest {
  std::string_view prompt;
  std::span<const int32_t> ids, expected;
  std::span<const float> margins;
  float tolerance = 0;
  bool present() const { return !expected.empty(); }
};

/// BLAKE2b-256. Layout equals the schema's struct.
struct Hash256 {
  uint8_t bytes[32] = {};
  friend bool operator==(const Hash256&, const Hash256&) = default;
};

struct Header {
  uint32_t format_version = kFormatVersion;
  uint32_t reader_version = kReaderVersion;
  Architecture architecture;
  Tokenizer tokenizer;
  ChatTemplate chat_template;
  Array<Tensor> tensors;
  uint64_t data_offset = 0, data_bytes = 0;
  uint32_t chunk_bytes = 0;
  std::span<const Hash256> chunk_hashes;
  Provenance provenance;
  SelfTest self_test;
};

/// The oldest reader that understands what `header` uses: what a writer states.
uint32_t OldestReader(const Header& header);

/// Bytes of a [rows, columns] matrix in `panel` layout (docs/format.md, Panels); 0 if
/// the matrix is empty or that overflows.
///   f32, f16: row-major, 4 and 2 bytes an element.
///   q8: N16 * (K8 + 12), N16 = rows rounded up to 16, K8 = columns to 8.
///   q4: N16 * (K32 * 18 / 32 + 8), K32 = columns rounded up to 32.
uint64_t PanelBytes(Panel panel, uint32_t rows, uint32_t columns);

const char* PanelName(Panel panel);  ///< "f32", "f16", "q8", "q4"
const char* RoleName(Role role);     ///< as in model.fbs

}  // namespace quanta::format
