// SPDX-License-Identifier: MIT
#include "converter/chat/jinja.h"

#include <map>
#include <utility>

#include "converter/chat/jinja/builtins.h"
#include "converter/chat/jinja/parser.h"
#include "runtime/text/date.h"

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

Value Date(const jinja::Arguments& arguments, const LocalTime* now) {
  const jinja::ArgumentReader reader(arguments, {"format"}, 1);
  const std::string format = reader.Text(0, "");
  if (!text::IsDateFormat(format)) {
    jinja::Unsupported("asks for the date as '" + format.substr(0, 40) + "'");
  }
  std::string out;
  if (now == nullptr) return Value::String(out.append(kDateMark).append(format).append(kDateMark));
  const RenderSink append = [](void* text, std::string_view piece, bool) -> Status {
    static_cast<std::string*>(text)->append(piece);
    return {};
  };
  (void)text::WriteDate(format, *now, append, &out);  // appending cannot fail
  return Value::String(std::move(out));
}

}  // namespace

Jinja::Jinja(std::string_view source, std::string_view bos_token, std::string_view eos_token)
    : interpreter_(source),
      bos_token_(bos_token),
      eos_token_(eos_token),
      literals_(jinja::Strings(source)) {
  if (source.find(kDateMark) != std::string_view::npos) {
    jinja::Unsupported("has a character of the private use area, U+E0DA");
  }
}

Rendering Jinja::Render(std::span<const ChatMessage> messages, bool generation_prompt,
                        const LocalTime* now) {
  std::map<std::string, Value> variables;
  variables["messages"] = MessageList(messages);
  variables["add_generation_prompt"] = Value::Bool(generation_prompt);
  variables["tools"] = Value::None();
  variables["documents"] = Value::None();
  variables["strftime_now"] = Value::Callable([&](const jinja::Arguments& arguments) {
    asked_date_ = true;
    return Date(arguments, now);
  });
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
