// SPDX-License-Identifier: MIT
#include "converter/chat/rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "runtime/text/chat_conditions.h"

namespace quanta::converter {
namespace {

// On equal gain the earlier one wins: what templates usually ask comes first, so that
// the rules generalize as their author meant.
constexpr uint32_t kPreference[] = {
    text::kOpening,
    text::kFirst,
    text::kAfterUser,
    text::kAfterAssistant,
    text::kAfterSystem,
    text::kLast,
    text::kStartsWithSystem,
    text::kOddIndex,
    text::kBeforeUser,
    text::kBeforeAssistant,
    text::kBeforeSystem,
    text::kGenerationPrompt,
    text::kSecond,
    text::kPreviousUser,
    text::kPreviousAssistant,
    text::kPreviousSystem,
    text::kLastUser,
    text::kFirstUser,
    text::kEndsWithUser,
    text::kEndsWithAssistant,
    text::kOddTurn,
    text::kHasSystem,
    text::kThinks,
    text::kThoughtful,
    text::kBlank,
    text::kEmpty,
    text::kFirstEmpty,
    text::kStartsWithUser,
    text::kFirstAssistant,
    text::kLastAssistant,
};
static_assert(std::size(kPreference) == text::kChatConditionCount);

using Samples = std::span<Sample>;

double Entropy(const std::map<int, size_t>& counts, size_t total) {
  double bits = 0;
  for (const auto& [label, count] : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(total);
    bits -= share * std::log2(share);
  }
  return bits * static_cast<double>(total);
}

/// What is left to know after asking for `bit`; nothing if it does not split.
std::optional<double> Remaining(Samples samples, uint32_t bit) {
  std::map<int, size_t> with, without;
  size_t with_total = 0;
  for (const Sample& sample : samples) {
    const bool holds = (sample.conditions & bit) != 0;
    ++(holds ? with : without)[sample.label];
    with_total += holds;
  }
  if (with.empty() || without.empty()) return std::nullopt;
  return Entropy(with, with_total) + Entropy(without, samples.size() - with_total);
}

class Tree {
 public:
  Tree(uint32_t allowed, std::pair<size_t, size_t>* conflict)
      : allowed_(allowed), conflict_(conflict) {}

  // Depth is bounded by the number of conditions.
  bool Grow(Samples samples, uint32_t when, uint32_t unless) {
    const auto differs = [&](const Sample& sample) { return sample.label != samples[0].label; };
    const auto other = std::find_if(samples.begin(), samples.end(), differs);
    if (other == samples.end()) {
      leaves_.push_back({when, unless, samples[0].label});
      return true;
    }
    const uint32_t bit = Choose(samples, ~(when | unless));
    if (bit == 0) {
      *conflict_ = {samples[0].origin, other->origin};
      return false;
    }
    const auto middle = std::stable_partition(
        samples.begin(), samples.end(),
        [bit](const Sample& sample) { return (sample.conditions & bit) != 0; });
    return Grow(Samples(samples.begin(), middle), when | bit, unless) &&
           Grow(Samples(middle, samples.end()), when, unless | bit);
  }

  std::vector<Leaf> Take() { return std::move(leaves_); }

 private:
  uint32_t Choose(Samples samples, uint32_t free) const {
    uint32_t best = 0;
    double least = 0;
    for (const uint32_t bit : kPreference) {
      if ((bit & free & allowed_) == 0) continue;
      const std::optional<double> remaining = Remaining(samples, bit);
      if (remaining && (best == 0 || *remaining < least - 1e-9)) {
        best = bit;
        least = *remaining;
      }
    }
    return best;
  }

  uint32_t allowed_;
  std::pair<size_t, size_t>* conflict_;
  std::vector<Leaf> leaves_;
};

}  // namespace

std::optional<std::vector<Leaf>> Separate(std::vector<Sample> samples, uint32_t allowed,
                                          std::pair<size_t, size_t>* conflict) {
  if (samples.empty()) return std::vector<Leaf>();
  Tree tree(allowed, conflict);
  if (!tree.Grow(samples, 0, 0)) return std::nullopt;
  return tree.Take();
}

}  // namespace quanta::converter
