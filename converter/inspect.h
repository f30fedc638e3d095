// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace quanta::converter {

/// What the header of the model file at `path`, compressed or not, says: a text for
/// people, or JSON. `tensors`: also about each tensor. Reads no weights.
/// Throws Error naming the file.
std::string Describe(const std::string& path, bool tensors);
std::string DescribeJson(const std::string& path, bool tensors);

/// Throws Error(kCorrupt) saying what `path` looks like, unless that is a model file.
void CheckIsModel(const std::string& path);

}  // namespace quanta::converter
