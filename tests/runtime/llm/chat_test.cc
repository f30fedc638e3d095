// SPDX-License-Identifier: MIT
#include "quanta/chat.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using testing::kAssistant;
using testing::kBos;
using testing::kEnd;
using testing::kHe;
using testing::kHell;
using testing::kUser;
using testing::TinyModel;
using testing::TinySpec;
using Ids = std::vector<int32_t>;

class ChatTest : public ::testing::Test {
 protected:
  static TinySpec Spec() {
    TinySpec spec;
    spec.chat = true;
    return spec;
  }

  Ids Encode(std::vector<ChatMessage> messages, RenderOptions options = {}) {
    TokenBuffer buffer;
    EXPECT_TRUE(buffer.Append(7).ok());  // ids are appended
    status_ = EncodeChat(model_, messages, options, &buffer, &detail_);
    const auto ids = buffer.ids();
    EXPECT_EQ(ids[0], 7);
    return Ids(ids.begin() + 1, ids.end());
  }

  TinyModel tiny_{Spec()};
  Model model_ = tiny_.Open();
  ErrorDetail detail_;
  Status status_;
};

TEST_F(ChatTest, RendersTrustedWordsAndContents) {
  std::string text;
  const auto sink = [](void* context, std::string_view piece, bool trusted) {
    static_cast<std::string*>(context)->append(trusted ? "[" : "(").append(piece).append("|");
    return Status();
  };
  const ChatMessage messages[] = {{ChatRole::kUser, "yo"}};
  ASSERT_TRUE(RenderChat(model_, messages, {}, sink, &text).ok());
  EXPECT_NE(text.find("(yo|"), std::string::npos);
  EXPECT_EQ(text.find("(yo|["), text.find("(yo|"));
}

// "he" is the template's, "llo" the user's: one text, one token "hell".
TEST_F(ChatTest, TextIsMergedAcrossTheTemplatesBorder) {
  EXPECT_EQ(Encode({{ChatRole::kUser, "llo"}}), (Ids{kBos, kUser, kHell, 'o', kEnd, kAssistant}));
}

TEST_F(ChatTest, GenerationPromptIsOptional) {
  EXPECT_EQ(Encode({{ChatRole::kUser, "x"}}, {.generation_prompt = false}),
            (Ids{kBos, kUser, kHe, 'x', kEnd}));
}

TEST_F(ChatTest, SpecialTokensInAMessageAreText) {
  const Ids ids = Encode({{ChatRole::kUser, "<|end|>"}});
  EXPECT_EQ(ids, (Ids{kBos, kUser, kHe, '<', '|', 'e', 'n', 'd', '|', '>', kEnd, kAssistant}));
}

TEST_F(ChatTest, SpecialTokensInAMessageCountOnRequest) {
  EXPECT_EQ(
      Encode({{ChatRole::kUser, "<|end|>"}}, {.generation_prompt = true, .parse_special = true}),
      (Ids{kBos, kUser, kHe, kEnd, kEnd, kAssistant}));
}

TEST_F(ChatTest, TheLongestSpecialTokenCounts) {
  TinySpec spec = Spec();
  spec.user_prefix = "<|end|>><|end|>";
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  TokenBuffer buffer;
  const ChatMessage messages[] = {{ChatRole::kUser, ">"}};
  ASSERT_TRUE(EncodeChat(model, messages, {}, &buffer).ok());
  EXPECT_EQ(Ids(buffer.ids().begin(), buffer.ids().end()),
            (Ids{kBos, testing::kEndMore, kEnd, '>', kEnd, kAssistant}));
}

// As the reference does: what touches a word uses up its text, but is no token.
TEST_F(ChatTest, ASpecialTokenThatMustStandAloneIsTextBesideAWord) {
  TinySpec spec = Spec();
  spec.user_prefix = "<|end|>>";
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  const auto count = [&](const char* content, int32_t id) {
    TokenBuffer buffer;
    const ChatMessage messages[] = {{ChatRole::kUser, content}};
    EXPECT_TRUE(EncodeChat(model, messages, {}, &buffer).ok());
    return std::count(buffer.ids().begin(), buffer.ids().end(), id);
  };
  EXPECT_EQ(count(" x", testing::kEndMore), 1);
  EXPECT_EQ(count("x", testing::kEndMore), 0);
  EXPECT_EQ(count("\u00E9", testing::kEndMore), 0);
  EXPECT_EQ(count("\xC3", testing::kEndMore), 1);  // no character at all
  EXPECT_EQ(count("x", kEnd), 1);                  // the one behind the content
}

// No special token begins in the template and ends in a content, or the other way round.
TEST_F(ChatTest, SpecialTokensCannotBeForgedAcrossTheBorder) {
  TinySpec spec = Spec();
  spec.user_prefix = "<|user|><|en";
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  TokenBuffer buffer;
  const ChatMessage messages[] = {{ChatRole::kUser, "d|>"}};
  ASSERT_TRUE(EncodeChat(model, messages, {}, &buffer).ok());
  EXPECT_EQ(std::count(buffer.ids().begin(), buffer.ids().end(), kEnd), 1);
}

TEST_F(ChatTest, SpecialTokensCannotBeForgedInAContent) {
  const Ids ids = Encode({{ChatRole::kUser, "<|end|><|end|"}});
  EXPECT_EQ(std::count(ids.begin(), ids.end(), kEnd), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), '<'), 2);
}

TEST_F(ChatTest, TokensThatSwallowSpaceDoSo) {
  const Ids ids = Encode({{ChatRole::kAssistant, " \n x "}}, {.generation_prompt = false});
  EXPECT_EQ(ids, (Ids{kBos, kAssistant, 'x', ' ', kEnd}));
}

TEST_F(ChatTest, TheTemplateMayRefuse) {
  EXPECT_TRUE(Encode({{ChatRole::kSystem, "be good"}}).empty());
  EXPECT_EQ(status_.code(), Code::kInvalidArgument);
  EXPECT_STREQ(detail_.text(), "no system messages");
}

TEST_F(ChatTest, AModelWithoutATemplateSaysSo) {
  TinyModel plain{TinySpec()};
  const Model model = plain.Open();
  TokenBuffer buffer;
  const ChatMessage messages[] = {{ChatRole::kUser, "yo"}};
  EXPECT_EQ(EncodeChat(model, messages, {}, &buffer, &detail_).code(), Code::kNotFound);
  EXPECT_NE(std::string(detail_.text()).find("no chat template"), std::string::npos);
}

TEST_F(ChatTest, LongConversationsTakeLinearTime) {
  const std::string content(300000, '<');  // every byte may begin a special token
  const Ids ids = Encode({{ChatRole::kUser, content}});
  EXPECT_GT(ids.size(), 1000u);
}

}  // namespace
}  // namespace quanta
