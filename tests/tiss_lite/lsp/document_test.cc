// SPDX-License-Identifier: MIT
#include "tiss_lite/lsp/document.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tiss_lite/base/utf8.h"

namespace quanta::lite::lsp {
namespace {

// 1, 2, 3 and 4 bytes; 1, 1, 1 and 2 units of UTF-16.
constexpr char kMixed[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";

TEST(Document, CountsCharactersAsTheEncodingSays) {
  const Document document("u", std::string("x\n") + kMixed + "\n", 1);
  const uint32_t bytes[] = {0, 1, 3, 6, 10, 11}, units[] = {0, 1, 2, 3, 5, 6};
  for (size_t i = 0; i < 6; ++i) {
    const uint32_t offset = 2 + bytes[i];
    EXPECT_EQ(document.PositionOf(offset, Encoding::kUtf16).character, units[i]);
    EXPECT_EQ(document.PositionOf(offset, Encoding::kUtf8).character, bytes[i]);
    EXPECT_EQ(document.OffsetOf({1, units[i]}, Encoding::kUtf16), offset);
    EXPECT_EQ(document.OffsetOf({1, bytes[i]}, Encoding::kUtf8), offset);
    EXPECT_EQ(document.PositionOf(offset, Encoding::kUtf16).line, 1u);
  }
  // Between the halves of a pair, past the line, past the text.
  EXPECT_EQ(document.OffsetOf({1, 4}, Encoding::kUtf16), 2u + 6);
  EXPECT_EQ(document.OffsetOf({1, 99}, Encoding::kUtf16), 2u + 11);
  EXPECT_EQ(document.OffsetOf({9, 0}, Encoding::kUtf16), document.source().size());
}

TEST(Document, CountsAByteOrderMark) {
  Document document("u", "\xEF\xBB\xBFLOG \"a\"\nLOG \"b\"", 1);
  EXPECT_EQ(document.PositionOf(4, Encoding::kUtf16).character, 5u);
  EXPECT_EQ(document.OffsetOf({0, 5}, Encoding::kUtf16), 4u);
  EXPECT_EQ(document.OffsetOf({0, 0}, Encoding::kUtf16), 0u);
  EXPECT_EQ(document.PositionOf(8, Encoding::kUtf16).character, 0u);
  document.Edit({{0, 5}, {0, 8}}, "\"c\"", Encoding::kUtf16);
  EXPECT_EQ(document.source().text(), "LOG \"c\"\nLOG \"b\"");
  EXPECT_TRUE(document.byte_order_mark());
  document.Edit({{0, 0}, {0, 1}}, "", Encoding::kUtf16);
  EXPECT_EQ(document.source().text(), "LOG \"c\"\nLOG \"b\"");
  EXPECT_FALSE(document.byte_order_mark());
}

TEST(Document, KnowsCrlfAndKeepsKnowingIt) {
  Document document("u", "a\r\nb\r\n", 1);
  EXPECT_TRUE(document.crlf());
  document.Edit({{0, 1}, {1, 0}}, "\r\nx\r\n", Encoding::kUtf16);
  EXPECT_EQ(document.source().text(), "a\nx\nb\n");
  EXPECT_TRUE(document.crlf());
}

TEST(Document, TakesEditsBackwardsAndPastTheEnd) {
  Document document("u", "one\ntwo", 1);
  document.Edit({{5, 0}, {9, 9}}, "\nthree", Encoding::kUtf16);
  EXPECT_EQ(document.source().text(), "one\ntwo\nthree");
  document.Edit({{1, 2}, {0, 1}}, "X", Encoding::kUtf16);
  EXPECT_EQ(document.source().text(), "one\ntwXo\nthree");
}

/// The text as UTF-16 would hold it, for a model of edits that counts nothing.
std::u32string Points(const std::string& text) {
  std::u32string points;
  for (size_t at = 0; at < text.size();) {
    const size_t length = CodePointLength(std::string_view(text).substr(at));
    char32_t point = 0;
    for (size_t i = 0; i < length; ++i)
      point = point << 8 | static_cast<unsigned char>(text[at + i]);
    points += point;
    at += length;
  }
  return points;
}

TEST(Document, EditsLikeAModelOfWholeLines) {
  std::mt19937 random(7);
  const std::string pieces[] = {"a", "\xC3\xA9", "\xF0\x9F\x98\x80", "\n", "LOG", ""};
  std::string model = "start";
  Document document("u", model, 1);
  for (int round = 0; round < 2000; ++round) {
    if (model.size() > 200) document.SetText(model = "again");
    // Two places between code points.
    size_t from = random() % (Points(model).size() + 1), to = random() % (Points(model).size() + 1);
    if (from > to) std::swap(from, to);
    const auto bytes = [&](size_t points) {
      size_t at = 0;
      for (; points > 0; --points) at += CodePointLength(std::string_view(model).substr(at));
      return at;
    };
    const auto position = [&](size_t points) {
      Position found;
      for (size_t at = 0; at < bytes(points); ++at) {
        const auto c = static_cast<unsigned char>(model[at]);
        if (c == '\n') {
          found = {found.line + 1, 0};
        } else if ((c & 0xC0) != 0x80) {
          found.character += c >= 0xF0 ? 2 : 1;
        }
      }
      return found;
    };
    const std::string text = pieces[random() % 6] + pieces[random() % 6];
    document.Edit({position(from), position(to)}, text, Encoding::kUtf16);
    const size_t begin = bytes(from), end = bytes(to);
    model.replace(begin, end - begin, text);
    ASSERT_EQ(document.source().text(), model);
  }
}

}  // namespace
}  // namespace quanta::lite::lsp
