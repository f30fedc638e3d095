// SPDX-License-Identifier: MIT
#include "converter/chat/jinja.h"

#include <exception>
#include <memory>
#include <minja/minja.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace quanta::converter {
namespace {

// Rounds of loops and calls of macros in one rendering. A template looks at each
// message, perhaps at each pair of messages; probes are short.
constexpr int kMaxTicks = 1500;
constexpr int64_t kMaxRange = 1000;

/// The engine reports errors with the place in the source on further lines.
std::string FirstLine(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.ends_with(':')) line.pop_back();
  return line;
}

const char* RoleName(ChatRole role) {
  constexpr const char* kNames[] = {"system", "user", "assistant"};
  return kNames[static_cast<int>(role)];
}

nlohmann::ordered_json MessagesJson(std::span<const ChatMessage> messages) {
  auto out = nlohmann::ordered_json::array();
  for (const ChatMessage& message : messages) {
    out.push_back({{"role", RoleName(message.role)}, {"content", std::string(message.content)}});
  }
  return out;
}

/// A macro holds the context that holds the macro: minja's shared pointers never let go
/// of the two. Taking everything out of the context does.
class ContextScope {
 public:
  explicit ContextScope(std::shared_ptr<minja::Context> context) : context_(std::move(context)) {}
  ~ContextScope() {
    for (const minja::Value& key : context_->keys()) context_->set(key, minja::Value());
  }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  const std::shared_ptr<minja::Context>& get() const { return context_; }

 private:
  std::shared_ptr<minja::Context> context_;
};

}  // namespace

struct Jinja::Engine {
  JinjaSource source;
  std::shared_ptr<minja::TemplateNode> root;
  std::shared_ptr<minja::Context> builtins;
  std::string bos_token, eos_token;

  // What the functions below tell Render.
  std::optional<std::string> refusal;
  bool asked_date = false;
  bool out_of_time = false;
  int ticks = 0;

  void Define(const char* name, std::function<minja::Value(minja::ArgumentsValue&)> function) {
    builtins->set(name, minja::Value::callable(
                            [function = std::move(function)](const std::shared_ptr<minja::Context>&,
                                                             minja::ArgumentsValue& arguments) {
                              return function(arguments);
                            }));
  }

  void DefineFunctions() {
    Define("raise_exception", [this](minja::ArgumentsValue& arguments) -> minja::Value {
      refusal = arguments.args.empty() ? "" : arguments.args[0].to_str();
      throw std::runtime_error("refused");
    });
    Define("strftime_now", [this](minja::ArgumentsValue&) -> minja::Value {
      asked_date = true;
      throw std::runtime_error("the date is not known");
    });
    Define(std::string(kTickFunction).c_str(), [this](minja::ArgumentsValue&) -> minja::Value {
      if (++ticks > kMaxTicks) {
        out_of_time = true;
        throw std::runtime_error("too many steps");
      }
      return minja::Value();
    });
    auto range = builtins->get("range");
    Define("range", [range](minja::ArgumentsValue& arguments) -> minja::Value {
      for (const minja::Value& bound : arguments.args) {
        if (!bound.is_number_integer() || bound.get<int64_t>() > kMaxRange ||
            bound.get<int64_t>() < -kMaxRange) {
          throw std::runtime_error("a range is too long");
        }
      }
      return range.call(nullptr, arguments);
    });
  }
};

Jinja::Jinja(std::string_view source, std::string_view bos_token, std::string_view eos_token)
    : engine_(std::make_unique<Engine>()) {
  engine_->source = PrepareJinja(source);
  engine_->bos_token = bos_token;
  engine_->eos_token = eos_token;
  const minja::Options verbatim = {
      .trim_blocks = false, .lstrip_blocks = false, .keep_trailing_newline = true};
  try {
    engine_->root = minja::Parser::parse(engine_->source.text, verbatim);
  } catch (const std::exception& error) {
    throw ChatError(Code::kUnsupported,
                    "the chat template cannot be parsed: " + FirstLine(error.what()));
  }
  engine_->builtins = minja::Context::builtins();
  engine_->DefineFunctions();
}

Jinja::~Jinja() = default;

Rendering Jinja::Render(std::span<const ChatMessage> messages, bool generation_prompt) {
  Engine& engine = *engine_;
  engine.refusal.reset();
  engine.ticks = 0;
  nlohmann::ordered_json values = {{"messages", MessagesJson(messages)},
                                   {"add_generation_prompt", generation_prompt},
                                   {"tools", nullptr},
                                   {"documents", nullptr}};
  if (!engine.bos_token.empty()) values["bos_token"] = engine.bos_token;
  if (!engine.eos_token.empty()) values["eos_token"] = engine.eos_token;
  try {
    const ContextScope context(minja::Context::make(minja::Value(values), engine.builtins));
    return {Rendering::Kind::kText, engine.root->render(context.get())};
  } catch (const std::exception& error) {
    if (engine.asked_date) {
      throw ChatError(Code::kUnsupported, "the chat template depends on the current date");
    }
    if (engine.out_of_time) {
      throw ChatError(Code::kLimit, "the chat template loops without end");
    }
    if (engine.refusal) return {Rendering::Kind::kRefused, *engine.refusal};
    return {Rendering::Kind::kFailed, FirstLine(error.what())};
  }
}

const std::vector<std::string>& Jinja::literals() const { return engine_->source.literals; }

}  // namespace quanta::converter
