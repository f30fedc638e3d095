// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quanta::lite::lsp {

/// Cuts a stream of bytes into the messages of the Language Server Protocol's base protocol:
/// header lines, of which Content-Length counts, an empty line, the body.
///
/// A stream that is not of this form gives one error, and reading goes on at the next
/// "Content-Length:". Memory stays below kMaxMessageBytes plus what is fed at once.
class MessageReader {
 public:
  /// A longer message is skipped, and an error.
  static constexpr uint64_t kMaxMessageBytes = 16 * 1024 * 1024;

  struct Event {
    bool error = false;
    std::string text;  ///< the body, or what is wrong
  };

  void Feed(std::string_view bytes) { buffer_.append(bytes); }
  /// The next message or error, if what was fed holds all of one.
  std::optional<Event> Next();
  /// True if the stream may end here: no message has begun.
  bool AtBoundary() const { return state_ == State::kHeader && !in_header_ && At(0) == '\0'; }

 private:
  enum class State : uint8_t { kHeader, kBody, kSkip, kLost };
  std::optional<Event> Lose(std::string what);
  std::optional<Event> ReadHeaderLine(std::string_view line);
  bool FindHeader();
  char At(size_t i) const { return at_ + i < buffer_.size() ? buffer_[at_ + i] : '\0'; }
  size_t Left() const { return buffer_.size() - at_; }
  void Drop(size_t bytes);

  State state_ = State::kHeader;
  bool in_header_ = false;          ///< a header line has been read
  std::optional<uint64_t> length_;  ///< as Content-Length says
  uint64_t wanted_ = 0;             ///< bytes of the body, or to skip
  std::string buffer_;
  size_t at_ = 0;  ///< what stands before has been read
};

/// A message as it is sent.
std::string Framed(std::string_view body);

}  // namespace quanta::lite::lsp
