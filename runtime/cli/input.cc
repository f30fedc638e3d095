// SPDX-License-Identifier: MIT
#include "runtime/cli/input.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include "quanta/tokenizer.h"
#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"

namespace quanta::cli {
namespace {

bool IsFiller(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Appends what is there; 0 at the end, -1 with errno set.
ssize_t ReadMore(int descriptor, std::string* out) {
  char block[1 << 16];
  const ssize_t count = read(descriptor, block, sizeof(block));
  if (count > 0) out->append(block, static_cast<size_t>(count));
  return count;
}

[[noreturn]] void ThrowErrno(const std::string& place) {
  const int reason = errno;
  throw Error(reason == ENOENT ? Code::kNotFound : Code::kIo, place,
              std::string("cannot read: ") + std::strerror(reason));
}

}  // namespace

std::string ReadText(const std::string& path) {
  const bool standard = path == "-";
  const std::string place = standard ? "standard input" : path;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(nullptr, std::fclose);
  if (!standard) {
    file.reset(std::fopen(path.c_str(), "rb"));
    if (file == nullptr) ThrowErrno(place);
  }
  const int descriptor = standard ? STDIN_FILENO : fileno(file.get());
  std::string text;
  for (;;) {
    if (!WaitToRead(descriptor)) throw Error(Code::kCancelled, "", "interrupted");
    const ssize_t count = ReadMore(descriptor, &text);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ThrowErrno(place);
    if (text.size() > Tokenizer::kMaxTextBytes) {
      throw Error(Code::kLimit, place, "the text is longer than 1 GiB");
    }
  }
  return text;
}

std::vector<int32_t> ParseIds(std::string_view text, std::string_view flag) {
  std::vector<int32_t> ids;
  const auto fail = [&] {
    throw Error(Code::kInvalidArgument, flag,
                "'" + std::string(text.substr(0, 60)) + "' is not a list of token ids",
                "write them like 1,2,3");
  };
  std::string_view rest = text;
  const auto skip = [&] {
    while (!rest.empty() && IsFiller(rest.front())) rest.remove_prefix(1);
    while (!rest.empty() && IsFiller(rest.back())) rest.remove_suffix(1);
  };
  skip();
  if (rest.size() >= 2 && rest.front() == '[' && rest.back() == ']') {
    rest.remove_prefix(1);
    rest.remove_suffix(1);
    skip();
  }
  if (rest.empty()) fail();
  while (true) {
    skip();
    int64_t id = 0;
    size_t digits = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
      id = id * 10 + (rest[digits] - '0');
      if (id > std::numeric_limits<int32_t>::max()) fail();
    }
    if (digits == 0) fail();
    ids.push_back(static_cast<int32_t>(id));
    rest.remove_prefix(digits);
    skip();
    if (rest.empty()) return ids;
    if (rest.front() != ',') fail();
    rest.remove_prefix(1);
  }
}

std::string JoinIds(const std::vector<int32_t>& ids) {
  std::string out;
  for (const int32_t id : ids) {
    if (!out.empty()) out += ',';
    out += std::to_string(id);
  }
  return out;
}

LineReader::Event LineReader::Next(std::string* line) {
  while (true) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
      *line = buffer_.substr(0, end);
      if (line->ends_with('\r')) line->pop_back();
      buffer_.erase(0, end + 1);
      return Event::kLine;
    }
    if (ended_) {
      if (buffer_.empty()) return Event::kEnd;
      *line = std::exchange(buffer_, {});
      return Event::kLine;
    }
    if (!WaitToRead(STDIN_FILENO)) {
      buffer_.clear();
      return Event::kInterrupted;
    }
    const ssize_t count = ReadMore(STDIN_FILENO, &buffer_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ThrowErrno("standard input");
    if (count == 0) ended_ = true;
  }
}

}  // namespace quanta::cli
