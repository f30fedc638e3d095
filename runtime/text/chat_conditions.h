// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

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
  kFirstUser = 1u << 19,       ///< no user message before this place
  kLastUser = 1u << 20,        ///< no user message after this place
  kFirstAssistant = 1u << 21,  ///< no assistant message before
  kLastAssistant = 1u << 22,   ///< no assistant message after
  kOddTurn = 1u << 23,         ///< an odd number of user and assistant messages before
  kHasSystem = 1u << 24,       ///< a system message anywhere
  kEmpty = 1u << 25,           ///< this message has no content
  kFirstEmpty = 1u << 26,      ///< message 0 has no content
  kBlank = 1u << 27,           ///< this message is empty or white space
};
inline constexpr int kChatConditionCount = 28;
inline constexpr uint32_t kAllChatConditions = (1u << kChatConditionCount) - 1;
/// Those that depend on which messages were rendered, not on the conversation alone.
inline constexpr uint32_t kRenderedConditions =
    kOpening | kAfterSystem | kAfterUser | kAfterAssistant;

/// Walks through the places of a conversation, which it borrows.
class ChatWalk {
 public:
  ChatWalk(std::span<const ChatMessage> messages, bool generation_prompt);

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

  std::span<const ChatMessage> messages_;
  uint32_t conversation_ = 0;  ///< the conditions that are the same at every place
  size_t index_ = 0;
  size_t users_ = 0, assistants_ = 0;  ///< before this place
  size_t all_users_ = 0, all_assistants_ = 0;
  uint32_t after_ = kOpening;
};

}  // namespace quanta::text
