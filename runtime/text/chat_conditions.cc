// SPDX-License-Identifier: MIT
#include "runtime/text/chat_conditions.h"

#include <algorithm>

#include "runtime/text/white_space.h"

namespace quanta::text {
namespace {

size_t Count(std::span<const ChatMessage> messages, ChatRole role) {
  return static_cast<size_t>(
      std::count_if(messages.begin(), messages.end(),
                    [role](const ChatMessage& message) { return message.role == role; }));
}

}  // namespace

ChatWalk::ChatWalk(std::span<const ChatMessage> messages, bool generation_prompt)
    : messages_(messages),
      all_users_(Count(messages, ChatRole::kUser)),
      all_assistants_(Count(messages, ChatRole::kAssistant)) {
  if (generation_prompt) conversation_ |= kGenerationPrompt;
  if (messages.empty()) return;
  const ChatMessage& first = messages.front();
  const ChatRole last = messages.back().role;
  if (first.role == ChatRole::kSystem) conversation_ |= kStartsWithSystem;
  if (first.role == ChatRole::kUser) conversation_ |= kStartsWithUser;
  if (first.content.empty()) conversation_ |= kFirstEmpty;
  if (last == ChatRole::kUser) conversation_ |= kEndsWithUser;
  if (last == ChatRole::kAssistant) conversation_ |= kEndsWithAssistant;
  if (all_users_ + all_assistants_ < messages.size()) conversation_ |= kHasSystem;
}

uint32_t ChatWalk::conditions() const {
  uint32_t bits = conversation_ | after_;
  size_t users_here = 0;
  size_t assistants_here = 0;
  if (!at_end()) {
    users_here = message().role == ChatRole::kUser;
    assistants_here = message().role == ChatRole::kAssistant;
    if (message().content.empty()) bits |= kEmpty;
    if (StripStart(message().content).empty()) bits |= kBlank;
  }
  if (index_ == 0) bits |= kFirst;
  if (index_ == 1) bits |= kSecond;
  if (index_ + 1 == messages_.size()) bits |= kLast;
  if (index_ % 2 == 1) bits |= kOddIndex;
  if (index_ > 0) bits |= RoleBit(messages_[index_ - 1].role, kPreviousSystem);
  if (index_ + 1 < messages_.size()) bits |= RoleBit(messages_[index_ + 1].role, kBeforeSystem);
  if (users_ == 0) bits |= kFirstUser;
  if (assistants_ == 0) bits |= kFirstAssistant;
  if (users_ + users_here == all_users_) bits |= kLastUser;
  if (assistants_ + assistants_here == all_assistants_) bits |= kLastAssistant;
  if ((users_ + assistants_) % 2 == 1) bits |= kOddTurn;
  return bits;
}

void ChatWalk::Advance(bool rendered) {
  const ChatRole role = message().role;
  users_ += role == ChatRole::kUser;
  assistants_ += role == ChatRole::kAssistant;
  if (rendered) after_ = RoleBit(role, kAfterSystem);
  ++index_;
}

}  // namespace quanta::text
