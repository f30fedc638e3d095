// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "quanta/chat.h"

/// What the rules of a compiled chat template can ask about a place in a
/// conversation (docs/format.md, Chat conditions). The values are part of the file
/// format: appended, never changed.
namespace quanta::text {

/// A place is a message, or the end: the place after the last message.
enum ChatCondition : uint32_t {
  kFirst = 1u << 0,        ///< message 0
  kSecond = 1u << 1,       ///< message 1
  kLast = 1u << 2,         ///< the last message
  kOddIndex = 1u << 3,     ///< messages count from 0
  kOpening = 1u << 4,      ///< no message has been rendered before this place
  kAfterSystem = 1u << 5,  ///< role of the last message that was rendered
  kAfterUser = 1u << 6,
  kAfterAssistant = 1u << 7,
  kPreviousSystem = 1u << 8,  ///< role of the message before, rendered or dropped
  kPreviousUser = 1u << 9,
  kPreviousAssistant = 1u << 10,
  kBeforeSystem = 1u << 11,  ///< role of the next message
  kBeforeUser = 1u << 12,
  kBeforeAssistant = 1u << 13,
  kGenerationPrompt = 1u << 14,  ///< asked for
  kStartsWithSystem = 1u << 15,  ///< role of message 0
  kStartsWithUser = 1u << 16,
  kEndsWithUser = 1u << 17,  ///< role of the last message
  kEndsWithAssistant = 1u << 18,
  kFirstUser = 1u << 19,       ///< no question (a user message) before this place
  kLastUser = 1u << 20,        ///< no question after this place
  kFirstAssistant = 1u << 21,  ///< no assistant message before
  kLastAssistant = 1u << 22,   ///< no assistant message after
  kOddTurn = 1u << 23,         ///< an odd number of user and assistant messages before
  kHasSystem = 1u << 24,       ///< a system message anywhere
  kEmpty = 1u << 25,           ///< this message has no content
  kFirstEmpty = 1u << 26,      ///< message 0 has no content
  kBlank = 1u << 27,           ///< this message is empty or white space
  kThinks = 1u << 28,          ///< a thought ends in this message
  kThoughtful = 1u << 29,      ///< and it has more to it than line feeds
};
inline constexpr int kChatConditionCount = 30;
inline constexpr uint32_t kAllChatConditions = (1u << kChatConditionCount) - 1;
/// Those that depend on which messages were rendered, not on the conversation alone.
inline constexpr uint32_t kRenderedConditions =
    kOpening | kAfterSystem | kAfterUser | kAfterAssistant;

/// How a template finds its way in a message's content (docs/format.md). Empty: it does
/// not look for that.
struct ChatMarks {
  std::string_view thought_open, thought_close;
  std::string_view reply_open, reply_close;
};

/// A content that thinks, taken apart.
struct ChatParts {
  std::string_view thought;  ///< without line feeds around it
  std::string_view answer;   ///< everything if there is no thought
};
ChatParts SplitThought(std::string_view content, const ChatMarks& marks);

/// Walks through the places of a conversation, which it borrows.
class ChatWalk {
 public:
  ChatWalk(std::span<const ChatMessage> messages, bool generation_prompt,
           const ChatMarks& marks = {});

  bool at_end() const { return index_ == messages_.size(); }
  size_t index() const { return index_; }
  const ChatMessage& message() const { return messages_[index_]; }  ///< not at the end
  uint32_t conditions() const;                                      ///< that hold here

  /// On to the next place. `rendered`: whether this message was.
  void Advance(bool rendered);

 private:
  uint32_t RoleBit(ChatRole role, uint32_t system) const {
    return system << static_cast<int>(role);
  }

  bool IsQuestion(const ChatMessage& message) const;

  std::span<const ChatMessage> messages_;
  ChatMarks marks_;
  uint32_t conversation_ = 0;  ///< the conditions that are the same at every place
  size_t index_ = 0;
  size_t turns_ = 0, questions_ = 0, assistants_ = 0;  ///< before this place
  size_t all_questions_ = 0, all_assistants_ = 0;
  uint32_t after_ = kOpening;
};

}  // namespace quanta::text
