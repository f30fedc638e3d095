// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "runtime/text/tokenizer_impl.h"

namespace quanta::testing {

/// A tokenizer built in code. Byte-level BPE by default: id b is byte b, then the words
/// that AddMerge makes and the tokens that AddToken adds. Another kind starts empty.
class TinyTokenizer {
 public:
  TinyTokenizer() {
    for (int byte = 0; byte < 256; ++byte) {
      AddId(std::string(1, static_cast<char>(byte)), format::TokenType::kNormal);
      byte_ids_.push_back(byte);
    }
  }

  explicit TinyTokenizer(format::TokenizerKind kind) : kind_(kind) {}

  int32_t AddId(const std::string& bytes, format::TokenType type) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    offsets_.push_back(static_cast<uint32_t>(bytes_.size()));
    types_.push_back(type);
    return static_cast<int32_t>(types_.size() - 1);
  }

  int32_t Id(const std::string& bytes) const {
    for (size_t id = 0; id < types_.size(); ++id) {
      const auto begin = bytes_.begin() + offsets_[id], end = bytes_.begin() + offsets_[id + 1];
      if (std::equal(begin, end, bytes.begin(), bytes.end(),
                     [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); })) {
        return static_cast<int32_t>(id);
      }
    }
    ADD_FAILURE() << "no token " << bytes;
    return -1;
  }

  int32_t AddMerge(const std::string& left, const std::string& right) {
    const int32_t id = AddId(left + right, format::TokenType::kNormal);
    merges_.push_back({static_cast<uint32_t>(Id(left)), static_cast<uint32_t>(Id(right)),
                       static_cast<uint32_t>(id)});
    return id;
  }

  /// The flags of `token` but for its id.
  int32_t AddToken(const std::string& content, format::AddedToken token) {
    const int32_t id = AddId(
        content, token.special ? format::TokenType::kControl : format::TokenType::kUserDefined);
    token.id = static_cast<uint32_t>(id);
    added_.push_back(token);
    contents_.push_back(content);
    return id;
  }

  /// A word of a unigram model.
  int32_t AddWord(const std::string& word, double score) {
    scores_.push_back(score);
    return AddId(word, format::TokenType::kNormal);
  }
  /// The token of a byte, as the kinds other than byte-level BPE have it.
  int32_t AddByte(uint8_t byte, double score = 0) {
    char text[8];
    std::snprintf(text, sizeof(text), "<0x%02X>", unsigned{byte});
    if (kind_ == format::TokenizerKind::kUnigram) scores_.push_back(score);
    byte_ids_.resize(256, -1);
    return byte_ids_[byte] = AddId(text, format::TokenType::kByte);
  }

  void AddStep(format::PreTokenizerKind kind) { steps_.emplace_back().kind = kind; }
  void AddDecoder(const format::Decoder& step) { decoders_.push_back(step); }
  void AddNormalizer(format::NormalizerKind kind) { normalizers_.emplace_back().kind = kind; }
  void SurroundWith(int32_t prefix, int32_t suffix) {
    prefix_ = {prefix};
    suffix_ = {suffix};
  }

  /// The view, for a test to change before Build.
  format::Tokenizer& view() {
    if (view_) return *view_;
    view_.emplace();
    view_->kind = kind_;
    view_->scores64 = scores_;
    view_->token_offsets = offsets_;
    view_->token_bytes = bytes_;
    view_->token_types = types_;
    view_->merges = merges_;
    view_->byte_ids = byte_ids_;
    view_->prefix_ids = prefix_;
    view_->suffix_ids = suffix_;
    view_->normalizers = Copy(normalizers_);
    view_->pre_tokenizers = Copy(steps_);
    if (kind_ == format::TokenizerKind::kByteBpe) decoders_.insert(decoders_.begin(), {{}});
    view_->decoders = Copy(decoders_);
    for (size_t i = 0; i < added_.size(); ++i) added_[i].content = contents_[i];
    view_->added = Copy(added_);
    return *view_;
  }

  Result<Tokenizer> TryBuild(ErrorDetail* detail) { return text::CreateTokenizer(view(), detail); }
  const Tokenizer& Build() {
    if (!tokenizer_) tokenizer_ = TryBuild(nullptr).value();
    return *tokenizer_;
  }

  std::vector<int32_t> Encode(std::string_view text, const EncodeOptions& options = {}) {
    TokenBuffer ids;
    const Status status = Build().Encode(text, options, &ids);
    EXPECT_TRUE(status.ok()) << status.what();
    return {ids.ids().begin(), ids.ids().end()};
  }

 private:
  template <class T>
  static Array<T> Copy(const std::vector<T>& from) {
    Array<T> to = Array<T>::Create(from.size()).value();
    std::copy(from.begin(), from.end(), to.begin());
    return to;
  }

  const format::TokenizerKind kind_ = format::TokenizerKind::kByteBpe;
  std::vector<double> scores_;
  std::vector<format::Decoder> decoders_;
  std::vector<uint32_t> offsets_ = {0};
  std::vector<uint8_t> bytes_;
  std::vector<format::TokenType> types_;
  std::vector<format::Merge> merges_;
  std::vector<int32_t> byte_ids_;
  std::vector<format::Normalizer> normalizers_;
  std::vector<format::PreTokenizer> steps_;
  std::vector<format::AddedToken> added_;
  std::vector<std::string> contents_;
  std::vector<int32_t> prefix_, suffix_;
  std::optional<format::Tokenizer> view_;
  std::optional<Tokenizer> tokenizer_;
};

}  // namespace quanta::testing
