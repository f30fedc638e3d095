// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "converter/chat/chat_error.h"
#include "converter/chat/jinja/interpreter.h"

namespace quanta::converter::jinja {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

std::map<std::string, Value> Variables(const Json& data) {
  List messages;
  for (const Json& message : data["messages"]) {
    messages.push_back(Value::Dictionary({{"role", Value::String(message["role"])},
                                          {"content", Value::String(message["content"])}}));
  }
  return {{"messages", Value::Sequence(messages)},
          {"add_generation_prompt", Value::Bool(true)},
          {"tools", Value::None()},
          {"documents", Value::None()},
          {"bos_token", Value::String(data["bos_token"])},
          {"eos_token", Value::String(data["eos_token"])}};
}

/// "text: ...", "refuses: ..." "fails", or "error: " and why it is not supported.
std::string Outcome(const std::string& source, const std::map<std::string, Value>& variables) {
  try {
    Interpreter interpreter(source);
    return "text: " + interpreter.Render(variables);
  } catch (const TemplateRefusal& refusal) {
    return std::string("refuses: ") + refusal.what();
  } catch (const TemplateFailure&) {
    return "fails";
  } catch (const ChatError& error) {
    return std::string("error: ") + error.what();
  }
}

/// Hundreds of small templates with what Jinja 3.1 makes of them: the same, or an error
/// that says what is not supported; never something else.
TEST(Interpreter, DoesWhatJinjaDoesOrSaysThatItCannot) {
  Json data;
  std::ifstream(QUANTA_TEST_DATA "/jinja_semantics.json") >> data;
  const std::map<std::string, Value> variables = Variables(data);
  size_t same = 0;
  for (const Json& entry : data["templates"]) {
    const auto source = entry["template"].get<std::string>();
    SCOPED_TRACE(source);
    const std::string outcome = Outcome(source, variables);
    const std::string expected =
        entry.contains("text")      ? "text: " + entry["text"].get<std::string>()
        : entry.contains("refuses") ? "refuses: " + entry["refuses"].get<std::string>()
                                    : "fails";
    if (outcome.starts_with("error: ")) {
      EXPECT_THAT(outcome, HasSubstr("the chat template"));
      continue;
    }
    EXPECT_EQ(outcome, expected);
    ++same;
  }
  EXPECT_GE(same, 600u) << "of " << data["templates"].size();
}

TEST(Interpreter, BoundsTheWorkOfHostileTemplates) {
  const std::string doubling =
      "{% set ns = namespace(x='ab') %}{% for i in range(1000) %}{% set ns.x = ns.x ~ ns.x %}"
      "{% endfor %}";
  const std::string nested =
      "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}x"
      "{% endfor %}{% endfor %}{% endfor %}";
  // A list whose size as a tree is 2^40.
  std::string shared = "{% set a = [1] %}{% set b = [1] %}";
  for (int i = 0; i < 40; ++i) shared += "{% set a = [a, a] %}{% set b = [b, b] %}";
  const char* const hostile[] = {
      doubling.c_str(),
      nested.c_str(),
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% macro f(n) %}{% for i in range(9) %}{{ f(n + 1) }}{% endfor %}{% endmacro %}{{ f(0) }}",
      "{{ 'x' * 1000000000000 }}",
      "{{ ('x' * 200000).replace('x', 'y' * 200000) }}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}"
      "{% endfor %}",
  };
  for (const char* source : hostile) {
    EXPECT_THAT(Outcome(source, {}), testing::StartsWith("error: ")) << source;
  }
  EXPECT_THAT(Outcome(shared + "{{ a == b }}", {}), HasSubstr("loops without end"));
  EXPECT_THAT(Outcome(shared + "{{ a }}", {}), testing::StartsWith("error: "));
}

TEST(Interpreter, BoundsAllRenderingsTogether) {
  Interpreter interpreter("{% for i in range(1000) %}{{ i }}{% endfor %}");
  const auto render_for_ever = [&] {
    while (true) interpreter.Render({});
  };
  EXPECT_THROW(render_for_ever(), ChatError);
}

TEST(Interpreter, BoundsTheDepthOfExpressionsAndBlocks) {
  std::string chain = "{{ 1";
  for (int i = 0; i < 3000; ++i) chain += "+1";
  std::string brackets = "{{ " + std::string(31, '(') + "1" + std::string(31, ')') + " }}";
  std::string blocks;
  for (int i = 0; i < 50; ++i) blocks += "{% if true %}";
  std::string branches = "{% if false %}";
  for (int i = 0; i < 2000; ++i) branches += "{% elif false %}";
  for (const std::string& source : {chain + " }}", blocks, branches}) {
    EXPECT_THAT(Outcome(source, {}), HasSubstr("too")) << source.substr(0, 40);
  }
  EXPECT_EQ(Outcome(brackets, {}), "text: 1");
}

/// Whatever the tokens: an outcome, and no crash.
TEST(Interpreter, SurvivesTokenSoup) {
  constexpr const char* kTokens[] = {"{{ ",          " }}",
                                     "{% ",          " %}",
                                     "{%- ",         " -%}",
                                     "if ",          "else ",
                                     "elif ",        "endif ",
                                     "for ",         "in ",
                                     "endfor ",      "set ",
                                     "endset ",      "macro ",
                                     "endmacro ",    "call ",
                                     "endcall ",     "is ",
                                     "not ",         "and ",
                                     "or ",          "defined ",
                                     "none ",        "true ",
                                     "messages ",    "m ",
                                     "m.role ",      "m.content ",
                                     "loop.index ",  "x ",
                                     "f(x) ",        "| trim ",
                                     "| length ",    "| list ",
                                     "| join(',') ", "[0] ",
                                     "[1:] ",        "[::-1] ",
                                     ".split('a') ", "+ ",
                                     "~ ",           "* ",
                                     "- ",           "% ",
                                     "// ",          "== ",
                                     "< ",           "= ",
                                     ", ",           "( ",
                                     ") ",           "[ ",
                                     "] ",           "{ ",
                                     "} ",           "'a' ",
                                     "1 ",           "0 ",
                                     "1.5 ",         "namespace(x=1) ",
                                     "range(9) ",    "text ",
                                     "\n",           "break ",
                                     "continue ",    "{# ",
                                     " #}",          "\xC3\xA9",
                                     "caller() "};
  Json data;
  std::ifstream(QUANTA_TEST_DATA "/jinja_semantics.json") >> data;
  const std::map<std::string, Value> variables = Variables(data);
  uint64_t state = 3;
  const auto below = [&](size_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % bound;
  };
  std::map<std::string, int> outcomes;
  for (int i = 0; i < 20'000; ++i) {
    // Half of them are one expression, so that something comes out.
    std::string source = i % 2 == 0 ? "{{ " : "{% for m in messages %}";
    for (size_t length = 1 + below(8); length > 0; --length) {
      source += kTokens[below(std::size(kTokens))];
    }
    source += i % 2 == 0 ? " }}" : "{% endfor %}";
    ++outcomes[Outcome(source, variables).substr(0, 4)];
  }
  EXPECT_GT(outcomes["text"], 500);
  EXPECT_GT(outcomes["fail"], 50);
  EXPECT_GT(outcomes["erro"], 500);
}

/// A namespace that contains itself would never be freed.
TEST(Interpreter, KeepsNamespacesOutOfOtherValues) {
  for (const char* source :
       {"{% set a = namespace() %}{% set a.b = a %}", "{% set a = namespace() %}{{ [a] }}",
        "{% set a = namespace() %}{% set b = {'a': a} %}",
        "{% set a = namespace() %}{% set b = dict(a=a) %}"}) {
    EXPECT_THAT(Outcome(source, {}), HasSubstr("namespace into another")) << source;
  }
}

TEST(Interpreter, NamesWhatIsNotSupported) {
  EXPECT_THAT(Outcome("{{ 'x' | wordwrap }}", {}), HasSubstr("'wordwrap'"));
  EXPECT_THAT(Outcome("{{ 'x'.zfill(3) }}", {}), HasSubstr("'zfill'"));
  EXPECT_THAT(Outcome("{{ 'x' is escaped }}", {}), HasSubstr("'escaped'"));
  EXPECT_THAT(Outcome("{% include 'x' %}", {}), HasSubstr("'include'"));
  // What is never reached does not matter.
  EXPECT_EQ(Outcome("{% if false %}{{ 'x' | wordwrap }}{% endif %}", {}), "text: ");
}

TEST(Interpreter, SaysWhatIsNotJinja) {
  EXPECT_THAT(Outcome("{{ 1 + }}", {}), HasSubstr("the tag ends where an expression"));
  EXPECT_THAT(Outcome("{% if x %}", {}), HasSubstr("before 'endif'"));
  EXPECT_THAT(Outcome("{% endfor %}", {}), HasSubstr("'endfor'"));
  EXPECT_THAT(Outcome("{{ a b }}", {}), HasSubstr("'b' where the tag should end"));
  EXPECT_THAT(Outcome("{{ $ }}", {}), HasSubstr("'$'"));
  EXPECT_THAT(Outcome("x\xFFy", {}), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace quanta::converter::jinja
