// SPDX-License-Identifier: MIT
#include "converter/progress.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "converter/error.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {
namespace {

constexpr double kBarSeconds = 0.1;  // between two drawings
constexpr double kLineSeconds = 10;  // between two lines
constexpr int kBarWidth = 30;

std::string Duration(double seconds) {
  const auto whole = static_cast<uint64_t>(std::max(seconds, 0.0) + 0.5);
  if (whole < 60) return Format("%u s", static_cast<unsigned>(whole));
  return Format("%u min %02u s", static_cast<unsigned>(whole / 60),
                static_cast<unsigned>(whole % 60));
}

}  // namespace

Progress::Style Progress::StyleFor(std::FILE* stream) {
  return isatty(fileno(stream)) != 0 ? Style::kBar : Style::kLines;
}

void Progress::Start(std::string phase, uint64_t total) {
  CheckStop();
  Clear();
  phase_ = std::move(phase);
  done_ = 0;
  total_ = total;
  // The first drawing comes when there is something to tell.
  started_ = shown_ = platform::Now();
}

void Progress::Advance(uint64_t units) {
  CheckStop();
  done_ += units;
  Show();
}

std::function<bool(uint64_t, uint64_t)> Progress::Callback() {
  return [this](uint64_t done, uint64_t total) {
    done_ = done;
    total_ = total;
    Show();
    return !stopped();
  };
}

void Progress::CheckStop() const {
  if (stopped()) throw Interrupted();
}

void Progress::Clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stream_);
  std::fflush(stream_);
  drawn_ = false;
}

void Progress::Show() {
  if (style_ == Style::kNone) return;
  const double now = platform::Now();
  if (now - shown_ < (style_ == Style::kBar ? kBarSeconds : kLineSeconds)) return;
  Draw(now);
  shown_ = now;
}

void Progress::Draw(double now) {
  const double share =
      total_ == 0 ? 0 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  const std::string left = Remaining(now, share) + (note_.empty() ? "" : ", " + note_);
  if (style_ == Style::kBar) {
    std::string bar(static_cast<size_t>(share * kBarWidth), '#');
    bar.resize(kBarWidth, '.');
    std::fprintf(stream_, "\r\x1b[K%s [%s] %3.0f %%%s", phase_.c_str(), bar.c_str(), share * 100,
                 left.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stream_, "%s: %.0f %%%s\n", phase_.c_str(), share * 100, left.c_str());
  }
  std::fflush(stream_);
}

std::string Progress::Remaining(double now, double share) const {
  // Too early to tell.
  if (share < 0.01) return {};
  return ", " + Duration((now - started_) / share * (1 - share)) + " left";
}

}  // namespace quanta::converter
