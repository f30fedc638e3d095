// SPDX-License-Identifier: MIT
#include "tiss_lite/lsp/framing.h"

#include <algorithm>
#include <charconv>

#include "tiss_lite/base/chars.h"

namespace quanta::lite::lsp {
namespace {

constexpr std::string_view kLength = "Content-Length";
constexpr size_t kMaxHeaderLine = 4096;

/// "Content-Type: ...": anything else is the rest of something.
bool IsHeaderLine(std::string_view line) {
  const std::string_view name = line.substr(0, std::min(line.find(':'), line.size()));
  return name.size() < line.size() && !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsIdent(c) || c == '-'; });
}

}  // namespace

void MessageReader::Drop(size_t bytes) {
  constexpr size_t kKeep = 64 * 1024;
  at_ += bytes;
  if (at_ < kKeep && at_ < buffer_.size()) return;
  buffer_.erase(0, at_);
  at_ = 0;
}

std::optional<MessageReader::Event> MessageReader::Lose(std::string what) {
  state_ = State::kLost;
  in_header_ = false;
  length_.reset();
  return Event{true, std::move(what)};
}

/// True once the buffer begins with "Content-Length:".
bool MessageReader::FindHeader() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  for (size_t at = 0; at + kLength.size() < rest.size(); ++at) {
    const bool here =
        rest[at + kLength.size()] == ':' && EqualsAnyCase(rest.substr(at, kLength.size()), kLength);
    if (!here) continue;
    Drop(at);
    return true;
  }
  Drop(rest.size() - std::min(rest.size(), kLength.size()));
  return false;
}

/// An event if the line, without its end, is wrong or ends a header that is.
std::optional<MessageReader::Event> MessageReader::ReadHeaderLine(std::string_view line) {
  if (line.empty()) {
    in_header_ = false;
    if (!length_) return Lose("a message has no Content-Length");
    wanted_ = *length_;
    length_.reset();
    state_ = wanted_ > kMaxMessageBytes ? State::kSkip : State::kBody;
    if (state_ == State::kBody) return std::nullopt;
    return Event{true, Concat("a message of ", std::to_string(wanted_), " bytes is longer than ",
                              std::to_string(kMaxMessageBytes))};
  }
  in_header_ = true;
  const size_t colon = line.find(':');
  if (!EqualsAnyCase(line.substr(0, colon), kLength)) return std::nullopt;
  const std::string_view number = TrimBlanks(line.substr(colon + 1));
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) {
    return Lose("Content-Length is not a number of bytes");
  }
  length_ = value;
  return std::nullopt;
}

std::optional<MessageReader::Event> MessageReader::Next() {
  for (;;) {
    switch (state_) {
      case State::kLost:
        if (!FindHeader()) return std::nullopt;
        state_ = State::kHeader;
        break;
      case State::kSkip: {
        const auto skipped = static_cast<size_t>(std::min<uint64_t>(wanted_, Left()));
        Drop(skipped);
        wanted_ -= skipped;
        if (wanted_ > 0) return std::nullopt;
        state_ = State::kHeader;
        break;
      }
      case State::kBody: {
        if (Left() < wanted_) return std::nullopt;
        Event event{false, buffer_.substr(at_, static_cast<size_t>(wanted_))};
        Drop(static_cast<size_t>(wanted_));
        state_ = State::kHeader;
        return event;
      }
      case State::kHeader: {
        const size_t end = buffer_.find('\n', at_);
        const size_t length = std::min(end, buffer_.size()) - at_;
        if (length > kMaxHeaderLine) return Lose("a header line is too long");
        if (end == buffer_.npos) return std::nullopt;
        std::string line = buffer_.substr(at_, length);
        if (line.ends_with('\r')) line.pop_back();
        // The next header may begin within the line.
        if (!line.empty() && !IsHeaderLine(line)) return Lose("this is no header of a message");
        Drop(length + 1);
        if (auto event = ReadHeaderLine(line)) return event;
        break;
      }
    }
  }
}

std::string Framed(std::string_view body) {
  return Concat("Content-Length: ", std::to_string(body.size()), "\r\n\r\n", body);
}

}  // namespace quanta::lite::lsp
