// SPDX-License-Identifier: MIT
#include "converter/chat/jinja.h"

#include <map>

#include "converter/chat/jinja/parser.h"

namespace quanta::converter {
namespace {

using jinja::Value;

Value MessageList(std::span<const ChatMessage> messages) {
  jinja::List list;
  for (const ChatMessage& message : messages) {
    list.push_back(Value::Dictionary({{"role", Value::String(RoleName(message.role))},
                                      {"content", Value::String(std::string(message.content))}}));
  }
  return Value::Sequence(std::move(list));
}

Value AskDate(const jinja::Arguments&) {
  throw ChatError(Code::kUnsupported, "the chat template depends on the current date");
}

}  // namespace

Jinja::Jinja(std::string_view source, std::string_view bos_token, std::string_view eos_token)
    : interpreter_(source),
      bos_token_(bos_token),
      eos_token_(eos_token),
      literals_(jinja::Strings(source)) {}

Rendering Jinja::Render(std::span<const ChatMessage> messages, bool generation_prompt) {
  std::map<std::string, Value> variables;
  variables["messages"] = MessageList(messages);
  variables["add_generation_prompt"] = Value::Bool(generation_prompt);
  variables["tools"] = Value::None();
  variables["documents"] = Value::None();
  variables["strftime_now"] = Value::Callable(AskDate);
  if (!bos_token_.empty()) variables["bos_token"] = Value::String(bos_token_);
  if (!eos_token_.empty()) variables["eos_token"] = Value::String(eos_token_);
  try {
    return {Rendering::Kind::kText, interpreter_.Render(variables)};
  } catch (const jinja::TemplateRefusal& refusal) {
    return {Rendering::Kind::kRefused, refusal.what()};
  } catch (const jinja::TemplateFailure& failure) {
    return {Rendering::Kind::kFailed, failure.what()};
  }
}

}  // namespace quanta::converter
