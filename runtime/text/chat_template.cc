// SPDX-License-Identifier: MIT
#include "runtime/text/chat_template.h"

#include <string_view>

#include "runtime/text/chat_conditions.h"
#include "runtime/text/date.h"
#include "runtime/text/white_space.h"

namespace quanta::text {
namespace {

using format::ChatRule;
using format::ChatRuleKind;

std::string_view Trimmed(std::string_view text, const ChatRule& rule) {
  const bool start = rule.trim || rule.trim_start;
  const bool end = rule.trim || rule.trim_end;
  if (rule.newlines) {
    while (start && text.starts_with('\n')) text.remove_prefix(1);
    while (end && text.ends_with('\n')) text.remove_suffix(1);
    return text;
  }
  if (start) text = StripStart(text);
  return end ? StripEnd(text) : text;
}

/// Takes words apart into texts, each with the format of the date behind it.
class DateSplitter {
 public:
  DateSplitter(std::string_view words, std::string_view mark) : rest_(words), mark_(mark) {}

  /// False at the end. `format`: empty if no date follows.
  bool Next(std::string_view* text, std::string_view* format) {
    if (rest_.empty()) return false;
    *text = Take();
    *format = Take();
    return true;
  }

 private:
  std::string_view Take() {
    const size_t at = mark_.empty() ? std::string_view::npos : rest_.find(mark_);
    const std::string_view taken = rest_.substr(0, at);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + mark_.size());
    return taken;
  }

  std::string_view rest_, mark_;
};

bool HasRole(ChatRuleKind kind) {
  return kind == ChatRuleKind::kMessage || kind == ChatRuleKind::kRefuse ||
         kind == ChatRuleKind::kRefuseEarly || kind == ChatRuleKind::kInsertSystem;
}

class Renderer {
 public:
  Renderer(const format::ChatTemplate& chat_template, std::span<const ChatMessage> messages,
           const RenderOptions& options, RenderSink sink, void* context)
      : template_(chat_template),
        messages_(messages),
        options_(options),
        sink_(sink),
        context_(context),
        marks_{chat_template.thought_open, chat_template.thought_close, chat_template.reply_open,
               chat_template.reply_close} {}

  /// Before anything is written, so that a refusal leaves nothing half-rendered.
  Status Check(ErrorDetail* detail) const {
    for (const ChatRule& rule : template_.rules.span()) {
      if (const uint32_t unknown = (rule.when | rule.unless) & ~kAllChatConditions) {
        return Fail(detail, Code::kUnsupported, "a chat template condition is unknown",
                    "the chat template uses condition bits 0x%x, which this version does not know; "
                    "a newer one may",
                    unknown);
      }
      for (const std::string_view words : {rule.prefix, rule.middle, rule.suffix}) {
        QUANTA_TRY(CheckDates(words, detail));
      }
    }
    QUANTA_TRY(Refuse(ChatRuleKind::kRefuseEarly, detail));
    QUANTA_TRY(Refuse(ChatRuleKind::kRefuse, detail));
    for (ChatWalk walk = Start(); !walk.at_end();) {
      const ChatRule* rule = Find(ChatRuleKind::kMessage, walk);
      if (rule == nullptr) {
        return Fail(detail, Code::kCorrupt, "the chat template has no rule for a message",
                    "the chat template has no rule for message %zu", walk.index());
      }
      walk.Advance(!rule->drop);
    }
    return {};
  }

  Status Render() const {
    ChatWalk walk = Start();
    QUANTA_TRY(Literal(Find(ChatRuleKind::kStart, walk)));
    while (!walk.at_end()) {
      const ChatRule& rule = *Find(ChatRuleKind::kMessage, walk);
      if (!rule.drop) {
        if (const ChatRule* insertion = Find(ChatRuleKind::kInsertSystem, walk)) {
          QUANTA_TRY(Message(*insertion, messages_.front().content));
        }
        QUANTA_TRY(Message(rule, walk.message().content));
      }
      walk.Advance(!rule.drop);
    }
    return Literal(Find(
        options_.generation_prompt ? ChatRuleKind::kGenerationPrompt : ChatRuleKind::kEnd, walk));
  }

 private:
  ChatWalk Start() const { return ChatWalk(messages_, options_.generation_prompt, marks_); }

  Status CheckDates(std::string_view words, ErrorDetail* detail) const {
    DateSplitter dates(words, template_.date_mark);
    for (std::string_view text, format; dates.Next(&text, &format);) {
      if (!IsDateFormat(format)) {
        return Fail(detail, Code::kUnsupported, "a chat template asks for an unknown kind of date",
                    "the chat template asks for the date as '%.*s', which this version does not "
                    "know; a newer one may",
                    static_cast<int>(format.size()), format.data());
      }
      if (!format.empty() && options_.now == nullptr) {
        return Fail(detail, Code::kInvalidArgument, "the chat template needs the date",
                    "the chat template needs the date");
      }
    }
    return {};
  }

  Status Refuse(ChatRuleKind kind, ErrorDetail* detail) const {
    for (ChatWalk walk = Start(); !walk.at_end(); walk.Advance(true)) {
      if (const ChatRule* rule = Find(kind, walk)) {
        return Fail(detail, Code::kInvalidArgument, "the chat template refuses this conversation",
                    "%.*s", static_cast<int>(rule->prefix.size()), rule->prefix.data());
      }
    }
    return {};
  }

  const ChatRule* Find(ChatRuleKind kind, const ChatWalk& walk) const {
    const uint32_t conditions = walk.conditions();
    for (const ChatRule& rule : template_.rules.span()) {
      if (rule.kind == kind && (conditions & rule.when) == rule.when &&
          (conditions & rule.unless) == 0 &&
          (!HasRole(kind) ||
           static_cast<int>(rule.role) == static_cast<int>(walk.message().role))) {
        return &rule;
      }
    }
    return nullptr;
  }

  Status Emit(std::string_view piece, bool trusted) const {
    return piece.empty() ? Status() : sink_(context_, piece, trusted);
  }

  /// The template's own words.
  Status Words(std::string_view words) const {
    DateSplitter dates(words, template_.date_mark);
    for (std::string_view text, format; dates.Next(&text, &format);) {
      QUANTA_TRY(Emit(text, true));
      if (!format.empty()) QUANTA_TRY(WriteDate(format, *options_.now, sink_, context_));
    }
    return {};
  }

  Status Literal(const ChatRule* rule) const {
    return rule == nullptr ? Status() : Words(rule->prefix);
  }

  Status Message(const ChatRule& rule, std::string_view content) const {
    QUANTA_TRY(Words(rule.prefix));
    if (rule.part != format::ChatPart::kAll) {
      const ChatParts parts = SplitThought(content, marks_);
      if (rule.part == format::ChatPart::kThoughtAndAnswer) {
        QUANTA_TRY(Emit(parts.thought, false));
        QUANTA_TRY(Words(rule.middle));
      }
      content = parts.answer;
    }
    QUANTA_TRY(Emit(Trimmed(content, rule), false));
    return Words(rule.suffix);
  }

  const format::ChatTemplate& template_;
  std::span<const ChatMessage> messages_;
  const RenderOptions& options_;
  RenderSink sink_;
  void* context_;
  ChatMarks marks_;
};

}  // namespace

Status RenderTemplate(const format::ChatTemplate& chat_template,
                      std::span<const ChatMessage> messages, const RenderOptions& options,
                      RenderSink sink, void* context, ErrorDetail* detail) {
  if (!chat_template.present()) {
    return Fail(detail, Code::kNotFound, "the model has no chat template",
                "the model has no chat template");
  }
  if (messages.empty()) {
    return Fail(detail, Code::kInvalidArgument, "the conversation is empty",
                "the conversation is empty: a prompt needs at least one message");
  }
  const Renderer renderer(chat_template, messages, options, sink, context);
  QUANTA_TRY(renderer.Check(detail));
  return renderer.Render();
}

}  // namespace quanta::text
