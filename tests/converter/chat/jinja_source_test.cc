// SPDX-License-Identifier: MIT
#include "tests/converter/chat/jinja_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quanta::converter {
namespace {

TEST(PrepareJinja, CarriesOutWhiteSpaceControl) {
  EXPECT_EQ(PrepareJinja("a \n {%- if x -%} \n b {% endif %}\nc\n").text,
            "a{%  if x  %}b {%  endif  %}c");
  // Blocks lose their indentation and line end, expressions keep both.
  EXPECT_EQ(PrepareJinja("a\n  {% if x %}\n  {{ y }}\n  {% endif %}").text,
            "a\n{%  if x  %}  {{  y  }}\n{%  endif  %}");
  EXPECT_EQ(PrepareJinja("a\n  {%+ if x +%}\n").text, "a\n  {%  if x  %}");
  EXPECT_EQ(PrepareJinja("x\r\ny\rz").text, "x\ny\nz");
}

TEST(PrepareJinja, KeepsTextsApartThatWouldMakeATag) {
  EXPECT_EQ(PrepareJinja("{ {%- if x %}").text, "{{ '{' }}{%  if x  %}");
  EXPECT_EQ(PrepareJinja("{ {#- c #}{ x").text, "{{ '{' }}{{ '' }}{ x");
}

TEST(PrepareJinja, EndsTagsOutsideOfStringsAndBrackets) {
  EXPECT_EQ(PrepareJinja("{{ '}}' }}x").text, "{{  '}}'  }}x");
  EXPECT_EQ(PrepareJinja("{{ {'a': {'b': 1}} }}").text, "{{  {'a': {'b': 1}}  }}");
  EXPECT_EQ(PrepareJinja("{{ 'it\\'s }}' }}").text, "{{  'it\\'s }}'  }}");
}

TEST(PrepareJinja, CollectsStrings) {
  EXPECT_THAT(PrepareJinja("{{ 'b' + \"a\\n\" }}{% if 'b' in x %}").literals,
              testing::ElementsAre("a\n", "b"));
}

TEST(PrepareJinja, RestoresVariablesThatALoopAssigns) {
  const std::string text =
      PrepareJinja(
          "{% for m in l %}{% if m %}{% set x = 1 %}{% set n.y = 2 %}{% endif %}{% endfor %}")
          .text;
  EXPECT_THAT(text, testing::StartsWith("{% set quanta_0_x = x %}{%  for m in l  %}"));
  EXPECT_THAT(text, testing::HasSubstr("{% set x = quanta_0_x %}"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("n.y = quanta")));
}

TEST(PrepareJinja, ToolsAreAlwaysDefined) {
  EXPECT_EQ(PrepareJinja("{{ tools is defined }}").text, "{{  true  }}");
  EXPECT_EQ(PrepareJinja("{{ tools is not defined }}").text, "{{  false  }}");
  EXPECT_EQ(PrepareJinja("{{ m.tools is defined }}").text, "{{  m.tools is defined  }}");
  EXPECT_EQ(PrepareJinja("{{ tools is none }}").text, "{{  tools is none  }}");
}

TEST(PrepareJinja, SaysWhereAMistakeIs) {
  try {
    PrepareJinja("one\ntwo {{ 'open");
    FAIL();
  } catch (const ChatError& error) {
    EXPECT_EQ(error.code(), Code::kCorrupt);
    EXPECT_THAT(error.what(), testing::HasSubstr("line 2"));
  }
}

}  // namespace
}  // namespace quanta::converter
