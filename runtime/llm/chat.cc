// SPDX-License-Identifier: MIT
#include "quanta/chat.h"

#include <algorithm>
#include <cstring>

#include "runtime/core/array.h"
#include "runtime/llm/model_impl.h"
#include "runtime/platform/platform.h"
#include "runtime/text/chat_template.h"
#include "runtime/text/unicode.h"
#include "runtime/text/utf8.h"

namespace quanta {
namespace {

using format::AddedToken;

/// Options that say what time it is, if the template asks. Stays where it is.
class TimedOptions {
 public:
  TimedOptions(const Model& model, const RenderOptions& options) : options_(options) {
    if (options.now != nullptr || model.impl().file.header.chat_template.date_mark.empty()) return;
    now_ = platform::LocalNow();
    options_.now = &now_;
  }
  TimedOptions(const TimedOptions&) = delete;
  TimedOptions& operator=(const TimedOptions&) = delete;
  const RenderOptions& get() const { return options_; }

 private:
  RenderOptions options_;
  LocalTime now_;
};

/// A rendered prompt, and which of its bytes are the template's own words.
class Prompt {
 public:
  Status Render(const Model& model, std::span<const ChatMessage> messages,
                const RenderOptions& options, ErrorDetail* detail) {
    // Once to measure, once to fill, at the same moment.
    const TimedOptions timed(model, options);
    QUANTA_TRY(RenderChat(model, messages, timed.get(), &Prompt::Count, this, detail));
    QUANTA_ASSIGN(text_, Array<char>::Create(size_));
    QUANTA_ASSIGN(trusted_, Array<bool>::Create(size_));
    size_ = 0;
    return RenderChat(model, messages, timed.get(), &Prompt::Add, this, detail);
  }

  std::string_view text() const { return {text_.data(), size_}; }

  /// Whether the template wrote all of [begin, begin + size).
  bool Trusted(size_t begin, size_t size) const {
    const bool* first = trusted_.begin() + begin;
    return std::all_of(first, first + size, [](bool trusted) { return trusted; });
  }

 private:
  static Status Count(void* context, std::string_view piece, bool) {
    size_t& size = static_cast<Prompt*>(context)->size_;
    if (piece.size() > Tokenizer::kMaxTextBytes - size) {
      return {Code::kLimit, "the conversation is longer than 1 GiB"};
    }
    size += piece.size();
    return {};
  }
  static Status Add(void* context, std::string_view piece, bool trusted) {
    Prompt& prompt = *static_cast<Prompt*>(context);
    QUANTA_CHECK(piece.size() <= prompt.text_.size() - prompt.size_);
    std::copy(piece.begin(), piece.end(), prompt.text_.begin() + prompt.size_);
    std::fill_n(prompt.trusted_.begin() + prompt.size_, piece.size(), trusted);
    prompt.size_ += piece.size();
    return {};
  }

  Array<char> text_;
  Array<bool> trusted_;
  size_t size_ = 0;
};

/// A special token in a prompt, and the text it takes the place of.
struct Special {
  const AddedToken* token = nullptr;
  size_t begin = 0;
  size_t end = 0;
};

// Prompts hold what users type: UTF-8 or not.
text::CodePoint CharacterAt(std::string_view text, size_t at) {
  const text::Utf8Step step = text::StepUtf8(text.data() + at, text.size() - at);
  constexpr uint32_t kReplacement = 0xFFFD;
  if (step.kind != text::Utf8Kind::kCharacter) return {kReplacement, step.bytes};
  return text::DecodeUtf8(text.data() + at);
}

size_t PreviousCharacter(std::string_view text, size_t at) {
  return static_cast<size_t>(text::PreviousUtf8(text.data(), text.data() + at) - text.data());
}

class SpecialFinder {
 public:
  SpecialFinder(const Array<AddedToken>& added, const Prompt& prompt)
      : added_(added), prompt_(prompt) {
    for (const AddedToken& token : added_) {
      if (Counts(token)) starts_[static_cast<unsigned char>(token.content.front())] = true;
    }
  }

  /// The first special token at or after `from`, the longest where several begin;
  /// `token` is null if there is none.
  Special Next(size_t from) const {
    const std::string_view text = prompt_.text();
    for (size_t at = from; at < text.size(); ++at) {
      if (!starts_[static_cast<unsigned char>(text[at])] || !prompt_.Trusted(at, 1)) continue;
      const AddedToken* token = LongestAt(at);
      if (token == nullptr) continue;
      if (!token->single_word || StandsAlone(at, token->content.size())) {
        return Widened(*token, at, from);
      }
      at += token->content.size() - 1;  // it uses up its text all the same
    }
    return {};
  }

 private:
  static bool Counts(const AddedToken& token) { return token.special && !token.content.empty(); }

  const AddedToken* LongestAt(size_t at) const {
    const std::string_view rest = prompt_.text().substr(at);
    const AddedToken* longest = nullptr;
    for (const AddedToken& token : added_) {
      if (!Counts(token) || !rest.starts_with(token.content)) continue;
      if (longest != nullptr && longest->content.size() >= token.content.size()) continue;
      if (prompt_.Trusted(at, token.content.size())) longest = &token;
    }
    return longest;
  }

  /// Whether no word continues before or behind [at, at + size).
  bool StandsAlone(size_t at, size_t size) const {
    const std::string_view text = prompt_.text();
    const bool before =
        at > 0 && text::IsWord(CharacterAt(text, PreviousCharacter(text, at)).value);
    const bool after = at + size < text.size() && text::IsWord(CharacterAt(text, at + size).value);
    return !before && !after;
  }

  /// With the white space around it that such a token swallows.
  Special Widened(const AddedToken& token, size_t at, size_t from) const {
    const std::string_view text = prompt_.text();
    Special special = {&token, at, at + token.content.size()};
    while (token.lstrip && special.begin > from) {
      const size_t previous = std::max(PreviousCharacter(text, special.begin), from);
      if (!text::IsSpace(CharacterAt(text, previous).value)) break;
      special.begin = previous;
    }
    while (token.rstrip && special.end < text.size()) {
      const text::CodePoint c = CharacterAt(text, special.end);
      if (!text::IsSpace(c.value)) break;
      special.end += c.bytes;
    }
    return special;
  }

  const Array<AddedToken>& added_;
  const Prompt& prompt_;
  bool starts_[256] = {};  ///< first bytes of special tokens
};

}  // namespace

Status RenderChat(const Model& model, std::span<const ChatMessage> messages,
                  const RenderOptions& options, RenderSink sink, void* context,
                  ErrorDetail* detail) {
  const format::ChatTemplate& chat_template = model.impl().file.header.chat_template;
  if (!chat_template.present()) {
    return Fail(detail, Code::kNotFound, "the model has no chat template",
                "the model has no chat template: give it plain text instead of messages");
  }
  const TimedOptions timed(model, options);
  return text::RenderTemplate(chat_template, messages, timed.get(), sink, context, detail);
}

Status EncodeChat(const Model& model, std::span<const ChatMessage> messages,
                  const RenderOptions& options, TokenBuffer* out, ErrorDetail* detail) {
  Prompt prompt;
  QUANTA_TRY(prompt.Render(model, messages, options, detail));
  const std::string_view text = prompt.text();
  // The template writes the model's BOS itself where it wants one.
  EncodeOptions plain = {.add_special = false, .parse_special = options.parse_special};
  const Tokenizer& tokenizer = model.tokenizer();
  TokenBuffer ids;
  if (options.parse_special) {
    QUANTA_TRY(tokenizer.Encode(text, plain, &ids));
    return out->Append(ids.ids());
  }

  // The template's special tokens cut the prompt; what lies between is encoded as
  // one text, its borders with the messages included, as the model was trained.
  const SpecialFinder finder(model.impl().file.header.tokenizer.added, prompt);
  for (size_t at = 0; at < text.size();) {
    const Special special = finder.Next(at);
    plain.text_start = at == 0;
    const size_t end = special.token == nullptr ? text.size() : special.begin;
    QUANTA_TRY(tokenizer.Encode(text.substr(at, end - at), plain, &ids));
    if (special.token == nullptr) break;
    QUANTA_TRY(ids.Append(static_cast<int32_t>(special.token->id)));
    at = special.end;
  }
  return out->Append(ids.ids());
}

}  // namespace quanta
