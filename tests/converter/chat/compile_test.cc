// SPDX-License-Identifier: MIT
#include "converter/chat/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/converter/chat/chat_testing.h"

namespace quanta::converter {
namespace {

using testing::HasSubstr;

TEST(CompileChatTemplate, KeepsTheSource) {
  const std::string jinja = "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}";
  const Compiled compiled = Compile(jinja);
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(compiled.tables.source, jinja);
  EXPECT_GT(compiled.tables.compared, 500u);
}

constexpr char kSystemInFirstUserMessage[] =
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}"
    "{% set system = messages[0]['content'] %}{% else %}{% set rest = messages %}"
    "{% set system = false %}{% endif %}"
    "{% for m in rest %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "{% if loop.index0 == 0 and system != false %}"
    "{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + m['content'] %}"
    "{% else %}{% set content = m['content'] %}{% endif %}"
    "{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif m['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}"
    "{% endfor %}";

TEST(CompileChatTemplate, ASystemMessageCanBecomePartOfTheFirstUserMessage) {
  const Compiled compiled = Compile(kSystemInFirstUserMessage);
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(
      Render(compiled.tables, Talk({"s: be brief ", "u: hello ", "a: hi ", "u:bye"}), true),
      "<s>[INST] <<SYS>>\n be brief \n<</SYS>>\n\n hello [/INST] hi </s><s>[INST] bye [/INST]");
  // Python strips the whole text: white space of the template's own goes too.
  EXPECT_EQ(Render(compiled.tables, Talk({"s:x", "u: \n"}), true),
            "<s>[INST] <<SYS>>\nx\n<</SYS>> [/INST]");
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a", "u:b"}), true), "refused: roles must alternate");
}

TEST(CompileChatTemplate, ASystemMessageCanBecomePartOfTheLastUserMessage) {
  const Compiled compiled = Compile(
      "{% if messages[0].role == 'system' %}{% set system = messages[0].content %}"
      "{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}{{ bos_token }}"
      "{% for m in rest %}{% if m.role == 'user' %}{% if loop.last and system is defined %}"
      "[INST] {{ system }}\n\n{{ m.content }}[/INST]{% else %}[INST] {{ m.content }}[/INST]"
      "{% endif %}{% elif m.role == 'assistant' %} {{ m.content }}{{ eos_token }}{% else %}"
      "{{ raise_exception('no such role') }}{% endif %}{% endfor %}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"s:S", "u:one", "a:two", "u:three"}), true),
            "<s>[INST] one[/INST] two</s>[INST] S\n\nthree[/INST]");
  EXPECT_EQ(Render(compiled.tables, Talk({"s:S", "u:one", "a:two"}), false),
            "<s>[INST] one[/INST] two</s>");
}

TEST(CompileChatTemplate, MessagesWithoutContentCanBeSkipped) {
  const Compiled compiled = Compile(
      "{% for m in messages %}{% if m.role == 'system' and m.content %}<|system|>{{ m.content }}\n"
      "{% elif m.role != 'system' %}<|{{ m.role }}|>{{ m.content }}\n{% endif %}{% endfor %}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"s:", "u:a", "s:", "s:x", "a:"}), false),
            "<|user|>a\n<|system|>x\n<|assistant|>\n");
}

TEST(CompileChatTemplate, ChecksOfTheWholeConversationComeFirst) {
  const Compiled compiled = Compile(
      "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
      "{{ raise_exception('alternate') }}{% endif %}{% endfor %}"
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}"
      "{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a", "s:b", "u:c"}), true), "refused: no system");
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a", "s:b", "u:c", "u:d"}), true),
            "refused: alternate");
}

TEST(CompileChatTemplate, WhatALoopAssignsIsForgottenInTheNextRound) {
  const Compiled compiled = Compile(
      "{% set who = '?' %}{% for m in messages %}{{ who }}{% if m.role == 'user' %}"
      "{% set who = 'human' %}{% endif %}{{ who }}:{{ m.content }};{% endfor %}{{ who }}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a", "a:b", "u:c"}), false),
            "?human:a;??:b;?human:c;?");
}

TEST(CompileChatTemplate, WhiteSpaceControlIsJinjasUnderTransformersSettings) {
  const Compiled compiled = Compile(
      "{% for m in messages %}\n"
      "  {% if true %}\n"
      "    {{ m.role }}: {{ m.content }}\n"
      "  {%+ endif %}\n"
      "{% endfor %}\n"
      "{# gone #}\n"
      "end\n");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a"}), false), "    user: a\n  end");
}

TEST(CompileChatTemplate, ToolsCountAsGivenButNone) {
  const Compiled compiled = Compile(
      "{% if tools is defined %}D{% endif %}{% if tools is not none %}N{% endif %}"
      "{% if tools %}T{% endif %}{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a"}), false), "Dusera");
}

TEST(CompileChatTemplate, MissingSpecialTokensAreUndefined) {
  const Compiled compiled = Compile(
      "{{ bos_token }}{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}", "", "");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a"}), false), "usera");
}

TEST(CompileChatTemplate, SystemMessagesElsewhereAreRefusedWhereRulesCannotFollow) {
  // It collects them, wherever they are, at the start.
  const Compiled compiled = Compile(
      "{% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}"
      "{% set ns.system = m.content %}{% endif %}{% endfor %}{{ ns.system }}\n"
      "{% for m in messages %}{% if m.role != 'system' %}<{{ m.role }}>{{ m.content }}"
      "{% endif %}{% endfor %}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_THAT(compiled.tables.notes, testing::ElementsAre(HasSubstr("system messages")));
  EXPECT_EQ(Render(compiled.tables, Talk({"s:S", "u:a", "a:b"}), true), "S\n<user>a<assistant>b");
  EXPECT_THAT(Render(compiled.tables, Talk({"u:a", "s:S"}), true), HasSubstr("refused: a system"));
}

TEST(CompileChatTemplate, TheDateIsThatOfTheRendering) {
  const Compiled compiled = Compile(
      "{{ strftime_now('%d %B %Y') }}{% for m in messages %}<{{ m.role }}>{{ m.content }}"
      "{% endfor %}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a"}), false), "04 May 2026<user>a");
  EXPECT_THAT(compiled.tables.notes, testing::ElementsAre(HasSubstr("prints the date")));
}

TEST(CompileChatTemplate, ThoughtsAreLeftOutOfEarlierAnswers) {
  const Compiled compiled = Compile(
      "{% for m in messages %}{% if m.role == 'assistant' and not loop.last %}"
      "{% set c = m.content.split('</think>')[-1].lstrip('\\n') %}{% else %}"
      "{% set c = m.content %}{% endif %}<{{ m.role }}>{{ c }}{% endfor %}");
  ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
  EXPECT_EQ(compiled.tables.thought_close, "</think>");
  const std::string thinking = "a:<think>\nx\n</think>\n\ny";
  EXPECT_EQ(Render(compiled.tables, Talk({"u:a", thinking, "u:</think>b", thinking}), false),
            "<user>a<assistant>y<user></think>b<assistant><think>\nx\n</think>\n\ny");
}

struct Rejected {
  const char* name;
  const char* jinja;
  Code code;
  const char* words;
};

class CompileChatTemplateRejects : public testing::TestWithParam<Rejected> {};

TEST_P(CompileChatTemplateRejects, WithItsReason) {
  const Compiled compiled = Compile(GetParam().jinja);
  EXPECT_EQ(compiled.status.code(), GetParam().code) << compiled.detail;
  EXPECT_THAT(compiled.detail, HasSubstr(GetParam().words));
  EXPECT_THAT(compiled.detail, testing::Not(HasSubstr("\n")));
}

constexpr Rejected kRejected[] = {
    {"UnknownDate",
     "{{ strftime_now('%c') }}{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}",
     Code::kUnsupported, "'%c'"},
    {"DateIsComputedWith",
     "{% if strftime_now('%H') > '12' %}pm{% endif %}{% for m in messages %}{{ m.role }}"
     "{{ m.content }}{% endfor %}",
     Code::kUnsupported, "computes with the date"},
    {"DateIsCut",
     "{{ strftime_now('%Y-%m-%d')[:4] }}{% for m in messages %}{{ m.role }}{{ m.content }}"
     "{% endfor %}",
     Code::kUnsupported, "computes with the date"},
    {"DateInARefusal",
     "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception(strftime_now('%Y')) }}"
     "{% endif %}{{ m.role }}{{ m.content }}{% endfor %}",
     Code::kUnsupported, "computes with the date"},
    {"TheMarkOfDates", "\uE0DA{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}",
     Code::kUnsupported, "U+E0DA"},
    {"ThoughtsAreCounted",
     "{% for m in messages %}{{ m.role }}{{ m.content.split('</think>') | length }}"
     "{{ m.content }}{% endfor %}",
     Code::kUnsupported, "</think>"},
    {"ThoughtsAreShownAlone",
     "{% for m in messages %}{{ m.role }}{{ m.content.split('</think>')[0] }}{% endfor %}",
     Code::kUnsupported, "</think>"},
    {"EndsAreStrippedDifferently",
     "{% for m in messages %}{{ m.role }}:{{ m.content.lstrip('\\n').rstrip() }};{% endfor %}",
     Code::kUnsupported, "before and behind"},
    {"ContentIsSearched",
     "{% for m in messages %}{{ m.role }}{% if '/think' in m.content %}!{% endif %}"
     "{{ m.content }}{% endfor %}",
     Code::kUnsupported, "/think"},
    {"ContentIsCut",
     "{% for m in messages %}{{ m.role }}{{ m.content.split('##')[-1] }}{% endfor %}",
     Code::kUnsupported, "##"},
    {"ContentIsChanged", "{% for m in messages %}{{ m.role }}{{ m.content | upper }}{% endfor %}",
     Code::kUnsupported, "as in"},
    {"LengthIsMeasured",
     "{% for m in messages %}{{ m.role }}{% if m.content | length > 1000 %}long{% endif %}"
     "{{ m.content }}{% endfor %}",
     Code::kUnsupported, "xxx"},
    {"MessagesAreCounted",
     "{{ messages | length }}{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}",
     Code::kUnsupported, "differently"},
    {"MessagesAreReversed", "{% for m in messages[::-1] %}{{ m.role }}{{ m.content }}{% endfor %}",
     Code::kUnsupported, "message"},
    {"NothingIsShown", "hello", Code::kCorrupt, "never shows"},
    {"LoopIsOpen", "{% for m in messages %}{{ m.content }}", Code::kCorrupt, "before 'endfor'"},
    {"TagIsOpen", "{% for m in messages %}{{ m.content }", Code::kCorrupt, "not closed"},
    {"StringIsOpen", "{{ 'x }}", Code::kCorrupt, "line 1"},
    {"NoSuchFunction", "{{ frobnicate() }}{% for m in messages %}{{ m.content }}{% endfor %}",
     Code::kUnsupported, "not callable"},
    {"Include", "{% include 'x' %}", Code::kUnsupported, "include"},
    {"EndlessMacro",
     "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}{% for m in messages %}{{ m.content }}"
     "{% endfor %}",
     Code::kLimit, "without end"},
    {"LongTexts",
     "{% set n = namespace(x='a') %}{% for i in range(17) %}{% set n.x = n.x ~ n.x %}{% endfor %}"
     "{{ n.x }}{% for m in messages %}{{ m.content }}{% endfor %}",
     Code::kLimit, "texts that are too long"},
    {"NestedLoops",
     "{% for i in range(900) %}{% for j in range(900) %}{% for k in range(900) %}{% endfor %}"
     "{% endfor %}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}",
     Code::kLimit, "loops without end"},
    {"SlowAllTheTime",
     "{% for i in range(80) %}{% for j in range(90) %}{% endfor %}{% endfor %}"
     "{% for m in messages %}{{ m.content }}{% endfor %}",
     Code::kLimit, "too long to render"},
    {"HugeRange",
     "{% for i in range(1000000000) %}x{% endfor %}{% for m in messages %}{{ m.content }}"
     "{% endfor %}",
     Code::kUnsupported, "range"},
};

INSTANTIATE_TEST_SUITE_P(All, CompileChatTemplateRejects, testing::ValuesIn(kRejected),
                         [](const auto& rejected) { return rejected.param.name; });

TEST(CompileChatTemplate, RejectsWhatIsTooLongOrTooDeep) {
  EXPECT_EQ(Compile(std::string(200'000, 'x')).status.code(), Code::kLimit);
  EXPECT_EQ(
      Compile("{{ " + std::string(50, '(') + "1" + std::string(50, ')') + " }}").status.code(),
      Code::kLimit);
  std::string nested;
  for (int i = 0; i < 100; ++i) nested += "{% if true %}";
  EXPECT_EQ(Compile(nested).status.code(), Code::kLimit);
  std::string negations = "{{ ";
  for (int i = 0; i < 1000; ++i) negations += "not ";
  EXPECT_EQ(Compile(negations + "1 }}").status.code(), Code::kLimit);
}

/// Every template, cut short and changed in places: an error or rules, and quickly.
TEST(CompileChatTemplate, SurvivesDamagedTemplates) {
  uint64_t state = 7;
  const auto below = [&](size_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % bound;
  };
  int compiled = 0;
  for (const Json& entry : ReadChatCases("chat_templates.json")) {
    const auto source = entry["template"].get<std::string>();
    for (int i = 0; i < 9; ++i) {
      std::string damaged = source;
      if (i < 3) {
        damaged.resize(below(source.size()));
      } else {
        const size_t at = below(source.size());
        if (i < 6) {
          damaged.erase(at, 1 + below(4));
        } else {
          damaged[at] = "{}%#'\"-()[]. |\n"[below(15)];
        }
      }
      compiled += Compile(damaged).status.ok();
    }
  }
  EXPECT_LT(compiled, 12 * 9);
}

}  // namespace
}  // namespace quanta::converter
