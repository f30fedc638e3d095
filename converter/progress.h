// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

namespace quanta::converter {

/// Work in progress: shown to a person, and the place where it learns that it is to
/// stop.
class Progress {
 public:
  enum class Style {
    kNone,
    kLines,  ///< a line now and then, for logs
    kBar,    ///< one line that is drawn again and again, for terminals
  };
  /// kBar if `stream` is a terminal, else kLines.
  static Style StyleFor(std::FILE* stream);

  /// `stop` may be null; like `stream` it must outlive this.
  Progress(Style style, std::FILE* stream, const std::atomic<bool>* stop)
      : style_(style), stream_(stream), stop_(stop) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Begins a phase ("writing") of `total` units, bytes mostly; 0 = not yet known.
  void Start(std::string phase, uint64_t total = 0);
  /// Throws Error(kCancelled) once `stop` is set.
  void Advance(uint64_t units);
  /// For functions that count by themselves and take a callback whose false cancels.
  std::function<bool(uint64_t done, uint64_t total)> Callback();
  /// Throws Error(kCancelled) once `stop` is set.
  void CheckStop() const;

  /// Something to show beside the share, from the next time on: "loss 2.31".
  void Note(std::string note) { note_ = std::move(note); }

  /// Wipes the bar, so that something else can be printed.
  void Clear();

 private:
  bool stopped() const { return stop_ != nullptr && stop_->load(std::memory_order_relaxed); }
  void Show();
  void Draw(double now);
  std::string Remaining(double now, double share) const;

  Style style_;
  std::FILE* stream_;
  const std::atomic<bool>* stop_;
  std::string phase_, note_;
  uint64_t done_ = 0, total_ = 0;
  double started_ = 0, shown_ = 0;
  bool drawn_ = false;
};

}  // namespace quanta::converter
