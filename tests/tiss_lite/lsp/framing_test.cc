// SPDX-License-Identifier: MIT
#include "tiss_lite/lsp/framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quanta::lite::lsp {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

/// All events of a stream fed in pieces of `piece` bytes; errors begin with "!".
std::vector<std::string> Read(const std::string& stream, size_t piece) {
  MessageReader reader;
  std::vector<std::string> events;
  for (size_t at = 0; at < stream.size(); at += piece) {
    reader.Feed(std::string_view(stream).substr(at, piece));
    while (const auto event = reader.Next()) {
      events.push_back((event->error ? "!" : "") + event->text);
    }
  }
  return events;
}

TEST(Framing, CutsAStreamHoweverItArrives) {
  const std::string stream = Framed("one") + Framed("") +
                             "content-length:5\nContent-Type: x; charset=utf-8\n\nthree" +
                             Framed("{\"four\"\r\n\r\n}");
  for (size_t piece = 1; piece < 50; ++piece) {
    EXPECT_THAT(Read(stream, piece), ElementsAre("one", "", "three", "{\"four\"\r\n\r\n}"))
        << piece;
  }
}

TEST(Framing, GoesOnAtTheNextHeaderAfterAnError) {
  for (const char* bad :
       {"Content-Length: x\r\n\r\n{}", "Content-Length: -1\r\n\r\n{}", "Content-Length:\r\n\r\n",
        "Content-Length: 99999999999999999999\r\n\r\n{}", "Content-Type: a\r\n\r\n{}",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "{\"jsonrpc\":\"2.0\"}\n", "\r\n"}) {
    for (size_t piece : {1, 7, 1000}) {
      EXPECT_THAT(Read(bad + Framed("next"), piece), ElementsAre(StartsWith("!"), "next")) << bad;
    }
  }
}

TEST(Framing, AShortLengthCostsOneErrorBesidesTheCutMessage) {
  EXPECT_THAT(Read("Content-Length: 3\r\n\r\n{\"a\":1}" + Framed("next"), 5),
              ElementsAre("{\"a", StartsWith("!"), "next"));
}

TEST(Framing, SkipsMessagesThatAreTooLong) {
  const uint64_t size = MessageReader::kMaxMessageBytes + 1;
  const std::string stream = "Content-Length: " + std::to_string(size) + "\r\n\r\n" +
                             std::string(size, 'x') + Framed("next");
  EXPECT_THAT(Read(stream, 1 << 20), ElementsAre(StartsWith("!a message of 16777217"), "next"));
}

TEST(Framing, KeepsNothingOfAHeaderLineWithoutEnd) {
  MessageReader reader;
  size_t errors = 0;
  for (int i = 0; i < 100; ++i) {
    reader.Feed(std::string(1 << 16, 'y'));
    while (const auto event = reader.Next()) errors += event->error;
  }
  EXPECT_EQ(errors, 1u);
  reader.Feed(Framed("next"));
  EXPECT_EQ(reader.Next()->text, "next");
}

TEST(Framing, KnowsWhetherAMessageHasBegun) {
  MessageReader reader;
  EXPECT_TRUE(reader.AtBoundary());
  reader.Feed("Content-Length: 2\r\n");
  EXPECT_FALSE(reader.Next());
  EXPECT_FALSE(reader.AtBoundary());
  reader.Feed("\r\n{}");
  EXPECT_TRUE(reader.Next());
  EXPECT_TRUE(reader.AtBoundary());
}

}  // namespace
}  // namespace quanta::lite::lsp
