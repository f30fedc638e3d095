// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace quanta::converter {

/// A place in some conversation, the conditions that hold there (runtime/text/
/// chat_conditions.h), and what the template does there, as a number.
struct Sample {
  uint32_t conditions = 0;
  int label = 0;
  size_t origin = 0;  ///< which probe it comes from
};

/// Where all of `when` and none of `unless` holds, it is `label`.
struct Leaf {
  uint32_t when = 0, unless = 0;
  int label = 0;
};

/// Conditions that tell the labels apart, as a decision tree's leaves: exactly one
/// matches any place. Only conditions in `allowed` are used.
/// If two samples with equal conditions have different labels, returns no leaves and
/// their origins in `conflict`.
std::optional<std::vector<Leaf>> Separate(std::vector<Sample> samples, uint32_t allowed,
                                          std::pair<size_t, size_t>* conflict);

}  // namespace quanta::converter
