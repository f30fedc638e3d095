// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "converter/checkpoint.h"
#include "converter/progress.h"
#include "converter/report.h"

/// Ways out: from any checkpoint that can be read, a .qfb among them, to the files of
/// other programs.
namespace quanta::converter {

/// What leaves.
struct ExportInput {
  const Checkpoint& checkpoint;
  const TokenizerTables* tokenizer = nullptr;  ///< null: the model works on ids
  const ChatSource* chat = nullptr;            ///< null: no template
  std::string name = {};                       ///< what the model is called
  std::string tool = "quanta-convert";         ///< who writes it
};

struct ExportOptions {
  std::string output;  ///< the file or folder to make
  std::string dtype;   ///< of matrices: an ElementType's name; empty: what the source has
};

/// Writes a folder that transformers loads and that quanta-convert reads as the same model:
/// config.json, model.safetensors, tokenizer.json ... It appears complete or not at all.
/// dtype: F32, F16, BF16. Memory: some rows of one tensor.
/// Throws Error: kUnsupported for a model that the family's classes cannot express,
/// kInvalidArgument for a folder that exists and is not empty.
Report ExportHuggingFace(const ExportInput& input, const ExportOptions& options,
                         Progress* progress);

/// Writes a GGUF file that llama.cpp loads and that quanta-convert reads as the same model. It
/// appears complete or not at all.
/// dtype: F32, F16, BF16, Q8_0, Q4_0; a matrix whose rows are no whole blocks is stored in F16.
/// Memory: some rows of one tensor, and the tokenizer.
/// Throws Error(kUnsupported) for what llama.cpp has no word for, naming it; the report's notes
/// tell what it has words for but computes otherwise.
Report ExportGguf(const ExportInput& input, const ExportOptions& options, Progress* progress);

}  // namespace quanta::converter
