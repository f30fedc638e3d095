// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/work.h"

#include <utility>

#include "converter/chat/chat_error.h"

namespace quanta::converter::jinja {
namespace {

// Of one rendering, and of all that a compilation makes.
constexpr uint64_t kMaxWork = 100'000;
constexpr uint64_t kMaxTotalWork = 30'000'000;
constexpr int kMaxCallDepth = 40;
constexpr int kMaxDepth = 4000;

thread_local WorkMeter* current = nullptr;

}  // namespace

WorkMeter::WorkMeter(uint64_t* total) : total_(total), outer_(std::exchange(current, this)) {}
WorkMeter::~WorkMeter() { current = outer_; }

void WorkMeter::Spend(uint64_t units) {
  spent_ += units;
  *total_ += units;
  if (spent_ > kMaxWork) {
    throw ChatError(Code::kLimit, "the chat template loops without end, or nearly so");
  }
  if (*total_ > kMaxTotalWork) {
    throw ChatError(Code::kLimit, "the chat template takes too long to render");
  }
}

void WorkMeter::EnterCall() {
  if (++calls_ > kMaxCallDepth) {
    throw ChatError(Code::kLimit, "a macro of the chat template calls itself without end");
  }
}

void WorkMeter::EnterExpression() {
  if (++depth_ > kMaxDepth) {
    throw ChatError(Code::kLimit, "the chat template nests or chains too many operators");
  }
}

void SpendWork(uint64_t units) {
  if (current != nullptr) current->Spend(units);
}

}  // namespace quanta::converter::jinja
