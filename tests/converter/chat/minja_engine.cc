// SPDX-License-Identifier: MIT
#include "tests/converter/chat/minja_engine.h"

#include <exception>
#include <memory>
#include <minja/minja.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tests/converter/chat/jinja_source.h"

namespace quanta::converter {
namespace {

// Rounds of loops and calls of macros in one rendering. A template looks at each
// message, perhaps at each pair of messages; probes are short.
constexpr int kMaxTicks = 1500;
constexpr int64_t kMaxRange = 1000;

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

struct MinjaEngine::State {
  JinjaSource source;
  std::shared_ptr<minja::TemplateNode> root;
  std::shared_ptr<minja::Context> builtins;
  std::optional<std::string> refusal;  ///< what raise_exception was given
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
    Define("strftime_now", [](minja::ArgumentsValue&) -> minja::Value {
      throw std::runtime_error("what time it is does not matter here");
    });
    Define(std::string(kTickFunction).c_str(), [this](minja::ArgumentsValue&) -> minja::Value {
      if (++ticks > kMaxTicks) throw std::runtime_error("too many steps");
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

MinjaEngine::MinjaEngine(std::string_view source) : state_(std::make_unique<State>()) {
  try {
    state_->source = PrepareJinja(source);
    const minja::Options verbatim = {
        .trim_blocks = false, .lstrip_blocks = false, .keep_trailing_newline = true};
    state_->root = minja::Parser::parse(state_->source.text, verbatim);
  } catch (const std::exception&) {
    return;
  }
  state_->builtins = minja::Context::builtins();
  state_->DefineFunctions();
}

MinjaEngine::~MinjaEngine() = default;

std::optional<Rendering> MinjaEngine::Render(std::span<const ChatMessage> messages,
                                             bool generation_prompt, const std::string& bos_token,
                                             const std::string& eos_token) {
  State& state = *state_;
  if (!state.root) return std::nullopt;
  state.refusal.reset();
  state.ticks = 0;
  nlohmann::ordered_json values = {{"messages", MessagesJson(messages)},
                                   {"add_generation_prompt", generation_prompt},
                                   {"tools", nullptr},
                                   {"documents", nullptr}};
  if (!bos_token.empty()) values["bos_token"] = bos_token;
  if (!eos_token.empty()) values["eos_token"] = eos_token;
  try {
    const ContextScope context(minja::Context::make(minja::Value(values), state.builtins));
    return Rendering{Rendering::Kind::kText, state.root->render(context.get())};
  } catch (const std::exception&) {
    if (state.refusal) return Rendering{Rendering::Kind::kRefused, *state.refusal};
    return std::nullopt;
  }
}

}  // namespace quanta::converter
