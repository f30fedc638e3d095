// SPDX-License-Identifier: MIT
//
// What the conformance scripts do not say of the linter.
#include "tiss_lite/lint/linter.h"

#include <gtest/gtest.h>

#include <string>

namespace quanta::lite {
namespace {

TEST(Lint, StrictModeMakesErrorsOfLegacyFormsAndMissingNames) {
  const Source source("t",
                      "TASK \"t\"\nSTEP \"a\" {\nPROMPT_AGENT \"{{x}}\" -> y\nLOG \"{{y}}\"\n}");
  const ParseResult parsed = Parse(source);
  LintOptions options;
  EXPECT_FALSE(HasErrors(Lint(source, parsed, options)));
  options.strict = true;
  std::string codes;
  for (const Diagnostic& found : Lint(source, parsed, options)) {
    if (found.level == Level::kError) codes += std::string(found.code) + " ";
  }
  EXPECT_EQ(codes, "L204 L215 ");
}

TEST(Lint, APathThatIsMissingIsSaidOnceByTheParser) {
  for (const char* statement : {"READ name AS x", "READ \"\" AS x", "WRITE x \"y\"", "DELETE \"\"",
                                "MKDIR \"\"", "MKDIR"}) {
    const Source source("t", std::string("TASK \"t\"\nSTEP \"a\" {\n") + statement + "\n}");
    const ParseResult parsed = Parse(source);
    ASSERT_EQ(parsed.errors.size(), 1u) << statement;
    EXPECT_EQ(parsed.errors[0].code, "E106") << statement;
    EXPECT_TRUE(Lint(source, parsed, {}).empty()) << statement;
  }
}

TEST(Lint, AnEmptyPathOfAConditionIsAnError) {
  const Source source("t", "TASK \"t\"\nSTEP \"a\" {\nASSERT FILE \"\" EXISTS\n}");
  const auto found = Lint(source, Parse(source), {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, "L201");
}

}  // namespace
}  // namespace quanta::lite
