// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace quanta::cli {

/// Model files for tests, converted on first use and removed at exit. All but one are the
/// same tiny model (vocabulary 768, context 512) of random weights.
std::string PlainModel();    ///< without chat template
std::string RoundedModel();  ///< its matrices as q4
std::string OtherModel();    ///< one with another tokenizer
std::string ChatModel();    ///< with ChatML's
std::string DatedModel();   ///< with a template that prints the date
std::string StrictModel();  ///< with a template that refuses system messages

/// A path in the same folder.
std::string Scratch(const std::string& name);

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& bytes);

}  // namespace quanta::cli
