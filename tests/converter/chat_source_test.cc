// SPDX-License-Identifier: MIT
#include "converter/chat_source.h"

#include <filesystem>

#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

using testing::TempFolder;
using testing::WriteFile;

TEST(ChatSource, AFolderWithoutTemplateHasNone) {
  const TempFolder folder;
  EXPECT_EQ(FindChatTemplate(folder.path()).place, "");
  WriteFile(folder.File("tokenizer_config.json"), R"({"bos_token": "<s>"})");
  EXPECT_EQ(FindChatTemplate(folder.path()).place, "");
}

TEST(ChatSource, ReadsTheTemplateAndTheTokensThatItMayUse) {
  const TempFolder folder;
  WriteFile(
      folder.File("tokenizer_config.json"),
      R"({"chat_template": "{{ x }}", "bos_token": "<s>", "eos_token": {"content": "</s>"}})");
  const ChatSource source = FindChatTemplate(folder.path());
  EXPECT_EQ(source.jinja, "{{ x }}");
  EXPECT_EQ(source.bos_token, "<s>");
  EXPECT_EQ(source.eos_token, "</s>");
  EXPECT_EQ(source.place, folder.File("tokenizer_config.json"));
}

TEST(ChatSource, TheFileOfItsOwnWins) {
  const TempFolder folder;
  WriteFile(folder.File("tokenizer_config.json"), R"({"chat_template": "old", "bos_token": "b"})");
  WriteFile(folder.File("chat_template.jinja"), "new");
  const ChatSource source = FindChatTemplate(folder.path());
  EXPECT_EQ(source.jinja, "new");
  EXPECT_EQ(source.bos_token, "b");
}

TEST(ChatSource, OfSeveralTheDefaultIsTaken) {
  const TempFolder folder;
  WriteFile(folder.File("tokenizer_config.json"), R"({"chat_template": [
      {"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]})");
  EXPECT_EQ(FindChatTemplate(folder.path()).jinja, "d");

  WriteFile(folder.File("tokenizer_config.json"),
            R"({"chat_template": [{"name": "tool_use", "template": "t"}]})");
  EXPECT_ERROR(FindChatTemplate(folder.path()), "none of them named \"default\"");
}

TEST(ChatSource, NamedTemplatesCanBeAMap) {
  const TempFolder folder;
  WriteFile(folder.File("tokenizer_config.json"),
            R"({"chat_template": {"rag": "r", "default": "d"}})");
  EXPECT_EQ(FindChatTemplate(folder.path()).jinja, "d");
  WriteFile(folder.File("tokenizer_config.json"), R"({"chat_template": {"rag": "r"}})");
  EXPECT_ERROR(FindChatTemplate(folder.path()), "(rag), none of them named \"default\"");
}

TEST(ChatSource, AdditionalTemplatesDoNotCountBesideADefault) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.File("additional_chat_templates"));
  WriteFile(folder.File("additional_chat_templates/tool_use.jinja"), "t");
  WriteFile(folder.File("tokenizer_config.json"), R"({"chat_template": "hidden"})");
  EXPECT_ERROR(FindChatTemplate(folder.path()), "(tool_use), none of them named \"default\"");

  WriteFile(folder.File("chat_template.jinja"), "d");
  EXPECT_EQ(FindChatTemplate(folder.path()).jinja, "d");
}

TEST(ChatSource, TheOlderProcessorsFileComesLast) {
  const TempFolder folder;
  WriteFile(folder.File("chat_template.json"), R"({"chat_template": "p"})");
  EXPECT_EQ(FindChatTemplate(folder.path()).jinja, "p");
  EXPECT_EQ(FindChatTemplate(folder.path()).place, folder.File("chat_template.json"));
  WriteFile(folder.File("tokenizer_config.json"), R"({"chat_template": "c"})");
  EXPECT_EQ(FindChatTemplate(folder.path()).jinja, "c");
}

TEST(ChatSource, SpecialTokensOfOlderFoldersAreInAFileOfTheirOwn) {
  const TempFolder folder;
  WriteFile(folder.File("special_tokens_map.json"),
            R"({"bos_token": {"content": "<old>"}, "pad_token": "p"})");
  WriteFile(folder.File("tokenizer_config.json"),
            R"({"chat_template": "x", "bos_token": "<s>", "eos_token": "</s>"})");
  EXPECT_EQ(FindChatTemplate(folder.path()).bos_token, "<old>");
  EXPECT_EQ(FindChatTemplate(folder.path()).eos_token, "</s>");

  WriteFile(folder.File("tokenizer_config.json"),
            R"({"chat_template": "x", "bos_token": null, "added_tokens_decoder": {}})");
  EXPECT_EQ(FindChatTemplate(folder.path()).bos_token, "");
}

TEST(ChatSource, WhatIsNoTemplateIsAnError) {
  const TempFolder folder;
  for (const char* bad : {R"({"chat_template": 3})", R"({"chat_template": [3]})",
                          R"({"chat_template": {"default": 3}})", "[]", "{"}) {
    WriteFile(folder.File("tokenizer_config.json"), bad);
    EXPECT_ERROR(FindChatTemplate(folder.path()), "tokenizer_config.json: ") << bad;
  }
}

}  // namespace
}  // namespace quanta::converter
