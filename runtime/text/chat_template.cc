// SPDX-License-Identifier: MIT
#include "runtime/text/chat_template.h"

#include <string_view>

#include "runtime/text/chat_conditions.h"

namespace quanta::text {
namespace {

using format::ChatRule;
using format::ChatRuleKind;

// What Python's str.strip takes away, since that is what templates call.
constexpr std::string_view kSpaces[] = {
    " ",            "\n",           "\t",           "\r",           "\v",           "\f",
    "\x1c",         "\x1d",         "\x1e",         "\x1f",         "\u0085",       "\u00a0",
    "\u1680",       "\u2000",       "\u2001",       "\u2002",       "\u2003",       "\u2004",
    "\u2005",       "\u2006",       "\u2007",       "\u2008",       "\u2009",       "\u200a",
    "\u2028",       "\u2029",       "\u202f",       "\u205f",       "\u3000",
};

size_t LeadingSpace(std::string_view text) {
  for (const std::string_view space : kSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

size_t TrailingSpace(std::string_view text) {
  for (const std::string_view space : kSpaces) {
    if (text.ends_with(space)) return space.size();
  }
  return 0;
}

std::string_view Trimmed(std::string_view text, const ChatRule& rule) {
  if (rule.trim || rule.trim_start) {
    while (const size_t bytes = LeadingSpace(text)) text.remove_prefix(bytes);
  }
  if (rule.trim || rule.trim_end) {
    while (const size_t bytes = TrailingSpace(text)) text.remove_suffix(bytes);
  }
  return text;
}

bool HasRole(ChatRuleKind kind) {
  return kind == ChatRuleKind::kMessage || kind == ChatRuleKind::kRefuse ||
         kind == ChatRuleKind::kInsertSystem;
}

class Renderer {
 public:
  Renderer(const format::ChatTemplate& chat_template, std::span<const ChatMessage> messages,
           const RenderOptions& options, RenderSink sink, void* context)
      : template_(chat_template), messages_(messages), options_(options), sink_(sink),
        context_(context) {}

  /// Before anything is written, so that a refusal leaves nothing half-rendered.
  Status Check(ErrorDetail* detail) const {
    for (const ChatRule& rule : template_.rules.span()) {
      if (const uint32_t unknown = (rule.when | rule.unless) & ~kAllChatConditions) {
        return Fail(detail, Code::kUnsupported, "a chat template condition is unknown",
                    "the chat template uses condition bits 0x%x, which this version does not know; "
                    "a newer one may",
                    unknown);
      }
    }
    for (ChatWalk walk(messages_, options_.generation_prompt); !walk.at_end();) {
      if (const ChatRule* refusal = Find(ChatRuleKind::kRefuse, walk)) {
        return Fail(detail, Code::kInvalidArgument, "the chat template refuses this conversation",
                    "%.*s", static_cast<int>(refusal->prefix.size()), refusal->prefix.data());
      }
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
    ChatWalk walk(messages_, options_.generation_prompt);
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
    return Literal(Find(options_.generation_prompt ? ChatRuleKind::kGenerationPrompt
                                                   : ChatRuleKind::kEnd,
                        walk));
  }

 private:
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

  Status Literal(const ChatRule* rule) const {
    return rule == nullptr ? Status() : Emit(rule->prefix, true);
  }

  Status Message(const ChatRule& rule, std::string_view content) const {
    QUANTA_TRY(Emit(rule.prefix, true));
    QUANTA_TRY(Emit(Trimmed(content, rule), false));
    return Emit(rule.suffix, true);
  }

  const format::ChatTemplate& template_;
  std::span<const ChatMessage> messages_;
  const RenderOptions& options_;
  RenderSink sink_;
  void* context_;
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
