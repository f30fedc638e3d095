// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/validate.h"

namespace quanta::format {
namespace {

std::span<const uint8_t> BytesOf(const Tokenizer& t, uint32_t id) {
  return t.token_bytes.subspan(t.token_offsets[id], t.token_offsets[id + 1] - t.token_offsets[id]);
}

Status ValidateTokens(const Tokenizer& t, ErrorDetail* detail) {
  const auto& offsets = t.token_offsets;
  if (offsets.size() != size_t{t.vocab()} + 1) {
    return Corrupt(detail, "tokenizer.token_offsets has %zu entries for %u tokens", offsets.size(),
                   t.vocab());
  }
  if (offsets.front() != 0 || offsets.back() != t.token_bytes.size()) {
    return Corrupt(detail, "tokenizer.token_offsets span [%u, %u], there are %zu bytes",
                   offsets.front(), offsets.back(), t.token_bytes.size());
  }
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    if (offsets[i] <= offsets[i + 1] && offsets[i + 1] - offsets[i] <= kMaxTokenBytes) continue;
    return Corrupt(detail, "tokenizer: token %zu spans [%u, %u]", i, offsets[i], offsets[i + 1]);
  }
  return {};
}

/// Whether merging keeps the text: what makes decoding the inverse of encoding.
bool Concatenates(const Tokenizer& t, const Merge& merge) {
  const auto left = BytesOf(t, merge.left);
  const auto right = BytesOf(t, merge.right);
  const auto result = BytesOf(t, merge.result);
  return result.size() == left.size() + right.size() &&
         std::equal(left.begin(), left.end(), result.begin()) &&
         std::equal(right.begin(), right.end(), result.begin() + std::ssize(left));
}

Status ValidateMerges(const Tokenizer& t, ErrorDetail* detail) {
  const bool merging = t.kind == TokenizerKind::kByteBpe || t.kind == TokenizerKind::kSpmBpe;
  if (!merging && !t.merges.empty()) {
    return Corrupt(detail, "tokenizer has merges, but is of a kind without");
  }
  for (size_t i = 0; i < t.merges.size(); ++i) {
    const Merge& m = t.merges[i];
    const bool in_range = m.left < t.vocab() && m.right < t.vocab() && m.result < t.vocab();
    if (in_range && Concatenates(t, m)) continue;
    return Corrupt(detail, "tokenizer.merges[%zu]: %u + %u does not make %u (%u tokens)", i, m.left,
                   m.right, m.result, t.vocab());
  }
  return {};
}

template <class T>
Status AllFinite(const char* field, std::span<const T> scores, ErrorDetail* detail) {
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isfinite(scores[i])) continue;
    return Corrupt(detail, "tokenizer.%s[%zu] is %g", field, i, static_cast<double>(scores[i]));
  }
  return {};
}

/// Unigram has one score for each of its words, which are the first ids, the unknown
/// token among them; the other kinds have none.
Status ValidateScores(const Tokenizer& t, ErrorDetail* detail) {
  const size_t floats = t.scores.size();
  const size_t doubles = t.scores64.size();
  const bool unigram = t.kind == TokenizerKind::kUnigram;
  if (unigram ? (floats == 0) == (doubles == 0) : floats + doubles > 0) {
    return Corrupt(detail, "tokenizer.scores has %zu entries, scores64 %zu, expected %s", floats,
                   doubles, unigram ? "some in one of them" : "none");
  }
  if (!unigram) return {};
  const size_t words = floats + doubles;
  if (words > t.vocab()) {
    return Corrupt(detail, "tokenizer.scores has %zu entries for %u tokens", words, t.vocab());
  }
  if (t.unknown_id < 0 || static_cast<size_t>(t.unknown_id) >= words) {
    return Corrupt(detail, "tokenizer.unknown_id is %d, there are %zu words", t.unknown_id, words);
  }
  QUANTA_TRY(AllFinite("scores", t.scores, detail));
  return AllFinite("scores64", t.scores64, detail);
}

Status OptionalId(const char* field, int32_t id, uint32_t vocab, ErrorDetail* detail) {
  if (id == -1 || (id >= 0 && static_cast<uint32_t>(id) < vocab)) return {};
  return Corrupt(detail, "tokenizer.%s is %d, there are %u tokens", field, id, vocab);
}

Status ValidateByteIds(const Tokenizer& t, ErrorDetail* detail) {
  const bool required = t.kind == TokenizerKind::kByteBpe || t.byte_fallback;
  if (t.byte_ids.size() != 256 && (required || !t.byte_ids.empty())) {
    return Corrupt(detail, "tokenizer.byte_ids has %zu entries, expected 256", t.byte_ids.size());
  }
  for (size_t i = 0; i < t.byte_ids.size(); ++i) {
    const int32_t id = t.byte_ids[i];
    QUANTA_TRY(OptionalId("byte_ids", id, t.vocab(), detail));
    if (t.kind != TokenizerKind::kByteBpe || id < 0) continue;
    const auto bytes = BytesOf(t, static_cast<uint32_t>(id));
    if (bytes.size() == 1 && bytes[0] == i) continue;
    return Corrupt(detail, "tokenizer.byte_ids[%zu]: token %d is not that byte", i, id);
  }
  return {};
}

Status ValidateFrame(const char* field, std::span<const int32_t> ids, uint32_t vocab,
                     ErrorDetail* detail) {
  if (ids.size() > kMaxFrameIds) {
    return Corrupt(detail, "tokenizer.%s has %zu entries, at most %zu are allowed", field,
                   ids.size(), kMaxFrameIds);
  }
  for (const int32_t id : ids) {
    if (id >= 0 && static_cast<uint32_t>(id) < vocab) continue;
    return Corrupt(detail, "tokenizer.%s holds %d, there are %u tokens", field, id, vocab);
  }
  return {};
}

Status ValidateIds(const Tokenizer& t, ErrorDetail* detail) {
  QUANTA_TRY(OptionalId("unknown_id", t.unknown_id, t.vocab(), detail));
  QUANTA_TRY(OptionalId("bos_id", t.bos_id, t.vocab(), detail));
  QUANTA_TRY(ValidateFrame("prefix_ids", t.prefix_ids, t.vocab(), detail));
  QUANTA_TRY(ValidateFrame("suffix_ids", t.suffix_ids, t.vocab(), detail));
  return ValidateFrame("stop_ids", t.stop_ids, t.vocab(), detail);
}

Status ValidateAdded(const Tokenizer& t, ErrorDetail* detail) {
  for (size_t i = 0; i < t.added.size(); ++i) {
    if (t.added[i].id < t.vocab() && !t.added[i].content.empty()) continue;
    return Corrupt(detail, "tokenizer.added[%zu]: id %u, %zu bytes of content; there are %u tokens",
                   i, t.added[i].id, t.added[i].content.size(), t.vocab());
  }
  return {};
}

/// Bytes are tokens of byte-level BPE only. The other kinds cut text between characters.
Status ValidateText(const Tokenizer& t, ErrorDetail* detail) {
  if (t.kind == TokenizerKind::kByteBpe) return {};
  for (uint32_t id = 0; id < t.vocab(); ++id) {
    if (!IsUtf8(std::as_bytes(BytesOf(t, id)))) {
      return Corrupt(detail, "tokenizer: token %u is not UTF-8", id);
    }
  }
  return {};
}

Status NeedsPattern(const char* field, size_t index, std::string_view a, ErrorDetail* detail) {
  if (!a.empty()) return {};
  return Corrupt(detail, "tokenizer.%s[%zu] has no text to look for", field, index);
}

/// 0 always, 1 at the start of a text only, 2 never.
Status ValidatePrepend(const char* field, size_t index, uint8_t prepend, ErrorDetail* detail) {
  if (prepend <= 2) return {};
  return Corrupt(detail, "tokenizer.%s[%zu].prepend is %u, expected 0 to 2", field, index, prepend);
}

Status ValidateSteps(const Tokenizer& t, ErrorDetail* detail) {
  for (size_t i = 0; i < t.normalizers.size(); ++i) {
    const Normalizer& step = t.normalizers[i];
    if (step.kind == NormalizerKind::kReplace || step.kind == NormalizerKind::kPrepend) {
      QUANTA_TRY(NeedsPattern("normalizers", i, step.a, detail));
    }
  }
  for (size_t i = 0; i < t.pre_tokenizers.size(); ++i) {
    const PreTokenizer& step = t.pre_tokenizers[i];
    QUANTA_TRY(ValidatePrepend("pre_tokenizers", i, step.prepend, detail));
    if (step.kind == PreTokenizerKind::kSplitLiteral || step.kind == PreTokenizerKind::kMetaspace) {
      QUANTA_TRY(NeedsPattern("pre_tokenizers", i, step.a, detail));
    }
    const bool last_of_bytes =
        t.kind == TokenizerKind::kByteBpe && i + 1 == t.pre_tokenizers.size();
    if (step.kind == PreTokenizerKind::kByteWords && !last_of_bytes) {
      return Corrupt(detail, "tokenizer.pre_tokenizers[%zu]: byte_words must be byte_bpe's last",
                     i);
    }
  }
  for (size_t i = 0; i < t.decoders.size(); ++i) {
    const Decoder& step = t.decoders[i];
    QUANTA_TRY(ValidatePrepend("decoders", i, step.prepend, detail));
    if (step.kind == DecoderKind::kReplace || step.kind == DecoderKind::kStrip ||
        step.kind == DecoderKind::kMetaspace) {
      QUANTA_TRY(NeedsPattern("decoders", i, step.a, detail));
    }
  }
  return {};
}

}  // namespace

Status ValidateTokenizer(const Tokenizer& t, uint32_t model_vocab, ErrorDetail* detail) {
  if (t.vocab() > model_vocab) {
    return Corrupt(detail, "tokenizer has %u tokens, the model %u", t.vocab(), model_vocab);
  }
  QUANTA_TRY(ValidateTokens(t, detail));
  QUANTA_TRY(ValidateMerges(t, detail));
  QUANTA_TRY(ValidateScores(t, detail));
  QUANTA_TRY(ValidateByteIds(t, detail));
  QUANTA_TRY(ValidateIds(t, detail));
  QUANTA_TRY(ValidateAdded(t, detail));
  QUANTA_TRY(ValidateSteps(t, detail));
  return ValidateText(t, detail);
}

}  // namespace quanta::format
