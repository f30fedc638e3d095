// SPDX-License-Identifier: MIT
#include "quanta/tokenizer.h"

#include <algorithm>
#include <new>

#include "runtime/text/tokenizer_impl.h"
#include "runtime/text/utf8.h"

namespace quanta {
namespace {

using text::AddedTokenSplitter;

// Every broken part of `bytes` becomes U+FFFD, as Python's errors="replace" does it.
Status RepairUtf8(std::string_view bytes, size_t valid, text::TextBuffer* out) {
  while (true) {
    QUANTA_TRY(out->Append(bytes.substr(0, valid)));
    bytes.remove_prefix(valid);
    if (bytes.empty()) return Status();
    QUANTA_TRY(out->Append(text::kReplacement));
    bytes.remove_prefix(text::StepUtf8(bytes.data(), bytes.size()).bytes);
    valid = text::ValidUtf8Prefix(bytes);
  }
}

// One Encode call.
class Encoder {
 public:
  Encoder(const Tokenizer::Impl& impl, const EncodeOptions& options, TokenBuffer* out)
      : impl_(impl),
        parse_special_(options.parse_special),
        text_start_(options.text_start),
        out_(out) {}

  Status Encode(std::string_view text) {
    scratch_.parse_special = parse_special_;
    scratch_.cache.Prepare(text.size());
    const size_t valid = text::ValidUtf8Prefix(text);
    text::TextBuffer repaired;
    if (valid < text.size()) {
      QUANTA_TRY(RepairUtf8(text, valid, &repaired));
      text = {repaired.data(), repaired.size()};
    }
    AddedTokenSplitter splitter(impl_.raw_added, text, parse_special_);
    for (AddedTokenSplitter::Piece piece; splitter.Next(&piece);) {
      const bool first = text_start_ && piece.text.data() == text.data();
      QUANTA_TRY(piece.token != nullptr ? AppendToken(*piece.token) : EncodeRaw(piece.text, first));
    }
    return Status();
  }

 private:
  Status AppendToken(const format::AddedToken& token) {
    return out_->Append(static_cast<int32_t>(token.id));
  }

  // `first`: `text` begins where the whole text does.
  Status EncodeRaw(std::string_view text, bool first) {
    QUANTA_ASSIGN(text, impl_.normalizer.Apply(text, &normalizing_));
    first &= normalizing_.keeps_start;
    AddedTokenSplitter splitter(impl_.normalized_added, text, parse_special_);
    for (AddedTokenSplitter::Piece piece; splitter.Next(&piece);) {
      QUANTA_TRY(piece.token != nullptr
                     ? AppendToken(*piece.token)
                     : EncodeText(piece.text, first && piece.text.data() == text.data()));
    }
    return Status();
  }

  Status EncodeText(std::string_view text, bool first) {
    return impl_.pre_tokenizer.Split(
        text, first, &cutting_,
        [](void* self, std::string_view piece) {
          auto* encoder = static_cast<Encoder*>(self);
          return encoder->impl_.model->Encode(piece, &encoder->scratch_, encoder->out_);
        },
        this);
  }

  const Tokenizer::Impl& impl_;
  const bool parse_special_;
  const bool text_start_;
  TokenBuffer* const out_;
  text::NormalizerChain::Scratch normalizing_;
  text::PreTokenizerChain::Scratch cutting_;
  text::ModelScratch scratch_;
};

Status EncodeAll(const Tokenizer::Impl& impl, std::string_view text, const EncodeOptions& options,
                 TokenBuffer* out) {
  if (options.add_special) QUANTA_TRY(out->Append(impl.view->prefix_ids));
  if (!text.empty()) {
    Encoder encoder(impl, options, out);
    QUANTA_TRY(encoder.Encode(text));
  }
  return options.add_special ? out->Append(impl.view->suffix_ids) : Status();
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Status Tokenizer::Encode(std::string_view text, const EncodeOptions& options,
                         TokenBuffer* out) const {
  if (text.size() > kMaxTextBytes) return Status(Code::kLimit, "the text is too long to encode");
  const size_t before = out->size();
  const Status status = EncodeAll(*impl_, text, options, out);
  if (!status.ok()) out->Truncate(before);
  return status;
}

std::string_view Tokenizer::TokenBytes(int32_t id) const {
  const format::Tokenizer& view = *impl_->view;
  if (id < 0 || static_cast<uint32_t>(id) >= view.vocab()) return {};
  return view.Text(static_cast<uint32_t>(id));
}

bool Tokenizer::IsSpecial(int32_t id) const {
  const format::Tokenizer& view = *impl_->view;
  return id >= 0 && static_cast<uint32_t>(id) < view.vocab() &&
         view.token_types[static_cast<uint32_t>(id)] == format::TokenType::kControl;
}

bool Tokenizer::IsStop(int32_t id) const {
  const auto& stops = impl_->view->stop_ids;
  return std::find(stops.begin(), stops.end(), id) != stops.end();
}

uint32_t Tokenizer::vocab() const { return impl_->view->vocab(); }
uint32_t Tokenizer::longest_token() const { return impl_->longest_token; }

namespace text {
namespace {

// The registry of tokenizer kinds, in the order of the format's enum.
constexpr TokenModelEntry kModels[] = {
    {format::TokenizerKind::kByteBpe, "byte-level BPE", "1.0.0", CreateByteBpe},
    {format::TokenizerKind::kSpmBpe, "SentencePiece BPE", "1.0.0", CreateSpmBpe},
    {format::TokenizerKind::kUnigram, "unigram", "1.0.0", CreateUnigram},
    {format::TokenizerKind::kWhitespace, "whole words", "1.0.0", CreateWordLevel},
};

Result<std::unique_ptr<TokenModel>> CreateModel(const format::Tokenizer& view,
                                                ErrorDetail* detail) {
  for (const TokenModelEntry& entry : kModels) {
    if (entry.kind != view.kind) continue;
    if (entry.create != nullptr) return entry.create(view, detail);
    return Fail(detail, Code::kUnsupported, "tokenizer kind not supported", "%s", entry.name);
  }
  return Fail(detail, Code::kUnsupported, "tokenizer kind not supported", "number %u",
              static_cast<unsigned>(view.kind));
}

uint32_t LongestToken(const format::Tokenizer& view) {
  uint32_t longest = 0;
  for (size_t i = 0; i + 1 < view.token_offsets.size(); ++i) {
    longest = std::max(longest, view.token_offsets[i + 1] - view.token_offsets[i]);
  }
  return longest;
}

}  // namespace

Result<Tokenizer> CreateTokenizer(const format::Tokenizer& view, ErrorDetail* detail) {
  QUANTA_ASSIGN(auto model, CreateModel(view, detail));
  QUANTA_ASSIGN(auto normalizer, NormalizerChain::Create(view.normalizers.span(), detail));
  QUANTA_ASSIGN(auto pre_tokenizer, PreTokenizerChain::Create(view.pre_tokenizers.span(), detail));
  QUANTA_ASSIGN(auto raw, AddedTokenSet::Create(view.added.span(), false, normalizer, detail));
  QUANTA_ASSIGN(auto normalized,
                AddedTokenSet::Create(view.added.span(), true, normalizer, detail));
  const uint32_t longest = LongestToken(view);
  QUANTA_ASSIGN(auto decode_chain, DecodeChain::Create(view, longest, detail));
  std::unique_ptr<Tokenizer::Impl> impl(new (std::nothrow) Tokenizer::Impl{
      &view, std::move(raw), normalizer, std::move(normalized), pre_tokenizer, std::move(model),
      std::move(decode_chain), longest});
  if (impl == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
  return Tokenizer(std::move(impl));
}

}  // namespace text
}  // namespace quanta
