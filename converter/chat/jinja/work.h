// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace quanta::converter::jinja {

/// Counts what a rendering does: templates are hostile. Throws ChatError (kLimit).
/// While it lives, it is the one that SpendWork means on this thread.
class WorkMeter {
 public:
  /// `total`: of all renderings, goes on being counted.
  explicit WorkMeter(uint64_t* total);
  ~WorkMeter();
  WorkMeter(const WorkMeter&) = delete;
  WorkMeter& operator=(const WorkMeter&) = delete;

  /// A unit is a step, or 64 bytes of text.
  void Spend(uint64_t units);
  /// Of calls inside of calls, and of expressions inside of expressions.
  void EnterCall();
  void LeaveCall() { --calls_; }
  void EnterExpression();
  void LeaveExpression() { --depth_; }

 private:
  uint64_t* total_;
  WorkMeter* outer_;
  uint64_t spent_ = 0;
  int calls_ = 0, depth_ = 0;
};

/// For what has no meter at hand.
void SpendWork(uint64_t units);

}  // namespace quanta::converter::jinja
