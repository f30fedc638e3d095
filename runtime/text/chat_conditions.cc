// SPDX-License-Identifier: MIT
#include "runtime/text/chat_conditions.h"

#include <utility>

#include "runtime/text/white_space.h"

namespace quanta::text {
namespace {

std::string_view StripNewlines(std::string_view text) {
  while (text.starts_with('\n')) text.remove_prefix(1);
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

}  // namespace

ChatParts SplitThought(std::string_view content, const ChatMarks& marks) {
  const auto [open, close] = std::pair(marks.thought_open, marks.thought_close);
  const size_t end = close.empty() ? std::string_view::npos : content.find(close);
  if (end == std::string_view::npos) return {{}, content};
  std::string_view thought = content.substr(0, end);
  if (const size_t start = thought.rfind(open); start != std::string_view::npos && !open.empty()) {
    thought.remove_prefix(start + open.size());
  }
  return {StripNewlines(thought), content.substr(content.rfind(close) + close.size())};
}

ChatWalk::ChatWalk(std::span<const ChatMessage> messages, bool generation_prompt,
                   const ChatMarks& marks)
    : messages_(messages), marks_(marks) {
  if (generation_prompt) conversation_ |= kGenerationPrompt;
  if (messages.empty()) return;
  for (const ChatMessage& message : messages) {
    all_questions_ += IsQuestion(message);
    all_assistants_ += message.role == ChatRole::kAssistant;
    if (message.role == ChatRole::kSystem) conversation_ |= kHasSystem;
  }
  const ChatMessage& first = messages.front();
  const ChatRole last = messages.back().role;
  if (first.role == ChatRole::kSystem) conversation_ |= kStartsWithSystem;
  if (first.role == ChatRole::kUser) conversation_ |= kStartsWithUser;
  if (first.content.empty()) conversation_ |= kFirstEmpty;
  if (last == ChatRole::kUser) conversation_ |= kEndsWithUser;
  if (last == ChatRole::kAssistant) conversation_ |= kEndsWithAssistant;
}

bool ChatWalk::IsQuestion(const ChatMessage& message) const {
  if (message.role != ChatRole::kUser) return false;
  return marks_.reply_open.empty() || !message.content.starts_with(marks_.reply_open) ||
         !message.content.ends_with(marks_.reply_close);
}

uint32_t ChatWalk::conditions() const {
  uint32_t bits = conversation_ | after_;
  size_t questions_here = 0;
  size_t assistants_here = 0;
  if (!at_end()) {
    const std::string_view content = message().content;
    questions_here = IsQuestion(message());
    assistants_here = message().role == ChatRole::kAssistant;
    if (content.empty()) bits |= kEmpty;
    if (StripStart(content).empty()) bits |= kBlank;
    const ChatParts parts = SplitThought(content, marks_);
    if (parts.answer.size() < content.size()) bits |= kThinks;
    if (!parts.thought.empty()) bits |= kThoughtful;
  }
  if (index_ == 0) bits |= kFirst;
  if (index_ == 1) bits |= kSecond;
  if (index_ + 1 == messages_.size()) bits |= kLast;
  if (index_ % 2 == 1) bits |= kOddIndex;
  if (index_ > 0) bits |= RoleBit(messages_[index_ - 1].role, kPreviousSystem);
  if (index_ + 1 < messages_.size()) bits |= RoleBit(messages_[index_ + 1].role, kBeforeSystem);
  if (questions_ == 0) bits |= kFirstUser;
  if (assistants_ == 0) bits |= kFirstAssistant;
  if (questions_ + questions_here == all_questions_) bits |= kLastUser;
  if (assistants_ + assistants_here == all_assistants_) bits |= kLastAssistant;
  if (turns_ % 2 == 1) bits |= kOddTurn;
  return bits;
}

void ChatWalk::Advance(bool rendered) {
  const ChatRole role = message().role;
  turns_ += role != ChatRole::kSystem;
  questions_ += IsQuestion(message());
  assistants_ += role == ChatRole::kAssistant;
  if (rendered) after_ = RoleBit(role, kAfterSystem);
  ++index_;
}

}  // namespace quanta::text
