// SPDX-License-Identifier: MIT
#include "converter/config.h"

#include <vector>

#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

Config Of(const char* text) { return Config(ParseJson(text, "config.json"), "config.json"); }

TEST(Config, ReadsTypedValues) {
  Config config = Of(R"({"n": 7, "x": 0.5, "i": 3, "b": true, "s": "word"})");
  EXPECT_EQ(config.Count("n", 10), 7u);
  EXPECT_EQ(config.Number("x"), 0.5);
  EXPECT_EQ(config.Number("i"), 3);
  EXPECT_TRUE(config.Bool("b", false));
  EXPECT_EQ(config.String("s"), "word");
  EXPECT_EQ(config.Count("absent", 10, 4), 4u);
}

TEST(Config, NullCountsAsAbsent) {
  Config config = Of(R"({"n": null})");
  EXPECT_FALSE(config.Has("n"));
  EXPECT_EQ(config.Count("n", 10, 4), 4u);
  EXPECT_ERROR(config.Count("n", 10), "config.json: n is missing");
}

TEST(Config, AWrongValueIsAnErrorThatNamesKeyAndValue) {
  Config config = Of(R"({"n": -3, "z": 0, "f": 2.0, "big": 11, "s": 1, "b": "yes", "x": "1"})");
  EXPECT_ERROR(config.Count("n", 10), "n must be an integer from 1 to 10, not -3");
  EXPECT_ERROR(config.Count("z", 10), "not 0");
  EXPECT_ERROR(config.Count("f", 10), "not 2.0");
  EXPECT_ERROR(config.Count("big", 10), "not 11");
  EXPECT_ERROR(config.String("s"), "s must be a string, not 1");
  EXPECT_ERROR(config.Bool("b", false), "b must be true or false, not \"yes\"");
  EXPECT_ERROR(config.Number("x"), "x must be a number");
}

TEST(Config, AKeyThatNobodyReadIsAnErrorWithAWayOut) {
  Config config = Of(R"({"known": 1, "secret_sauce": 3, "off": null})");
  config.Count("known", 1);

  EXPECT_ERROR(config.RefuseUnread({}),
               "config.json: unknown setting secret_sauce = 3, which may change the model; if it "
               "does not, add --allow-unknown-config secret_sauce");
  const std::vector<std::string> allowed{"secret_sauce"};
  EXPECT_NO_THROW(config.RefuseUnread(allowed));
}

TEST(Config, KeysOfAnObjectInsideCarryItsName) {
  Config config = Of(R"({"rope_scaling": {"factor": "x", "odd": 1}})");
  Config inside = config.Object("rope_scaling");
  EXPECT_ERROR(inside.Number("factor"), "rope_scaling.factor must be a number");
  EXPECT_ERROR(inside.RefuseUnread({}), "rope_scaling.odd");
}

TEST(Config, WhatIsNoObjectIsAnError) {
  EXPECT_ERROR(Of("[]"), "config.json: the file must be a JSON object");
  Config config = Of(R"({"o": 3})");
  EXPECT_ERROR(config.Object("o"), "o must be a JSON object, not 3");
}

TEST(Json, HostileTextIsOneError) {
  const auto parse = [](const std::string& text) {
    return ErrorOf([&] { ParseJson(text, "p", {.bytes = 1000, .depth = 4}); });
  };
  EXPECT_THAT(parse(R"({"a": 1, "a": 2})"), ::testing::HasSubstr("key 'a' occurs twice"));
  EXPECT_THAT(parse("[[[[[]]]]]"), ::testing::HasSubstr("nested deeper than 4"));
  EXPECT_THAT(parse(std::string(1001, ' ')), ::testing::HasSubstr("1001 bytes of JSON"));
  EXPECT_THAT(parse("{\"a\": 1"), ::testing::HasSubstr("p: not valid JSON: "));
  EXPECT_THAT(parse("{\"a\": \"\xff\"}"), ::testing::HasSubstr("not valid JSON"));
  EXPECT_EQ(parse("[[[[]]]]"), "");
  EXPECT_EQ(parse(R"([{"a": 1}, {"a": 2}])"), "");
}

}  // namespace
}  // namespace quanta::converter
