// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "converter/chat/compile.h"
#include "converter/chat_source.h"
#include "converter/tensor_source.h"
#include "converter/tokenizer/tables.h"
#include "runtime/format/model_view.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {

/// A tensor of the model, as the checkpoint holds it.
struct SourceTensor {
  std::string name;   ///< the checkpoint's own
  std::string place;  ///< the file it lies in
  format::Role role = format::Role::kEmbedding;
  int32_t layer = -1;
  std::string dtype;       ///< as the checkpoint writes it: "BF16"
  bool fits_f16 = false;   ///< f16 holds every value exactly
  bool matrix = false;     ///< to be quantized; else a vector or a table, which stays f32
  uint32_t rows = 1;       ///< outputs; 1 for a vector
  uint32_t columns = 0;    ///< inputs
  uint64_t bytes = 0;      ///< that it takes in the checkpoint
  TensorSourcePtr source;  ///< its numbers [rows, columns]

  uint64_t count() const { return uint64_t{rows} * columns; }
};

/// A model as a reader understood it: everything that conversion needs to know, while
/// the weights stay in mapped files. Stays where it is: `architecture` points into it.
struct Checkpoint {
  Checkpoint() = default;
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  std::string path;           ///< as the user named it
  std::string source_format;  ///< "huggingface safetensors"
  std::string family;         ///< "llama"
  std::string license;        ///< as the checkpoint states it, or empty

  format::Architecture architecture;
  std::deque<std::vector<float>> inv_freqs;  ///< what architecture.ropes point to
  std::deque<std::string> texts;             ///< likewise

  std::vector<SourceTensor> tensors;  ///< in the order in which they are stored
  /// The index of the first tensor of `role`.
  std::optional<size_t> Find(format::Role role) const {
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].role == role) return i;
    }
    return std::nullopt;
  }

  /// Tensors that are left out on purpose, and why; sentences for the report.
  std::vector<std::string> notes;

  /// Reads the tokenizer for a model of `vocab` embeddings. Throws Error: kNotFound if
  /// the checkpoint has none.
  std::function<TokenizerTables(uint32_t vocab)> tokenizer;
  /// Finds the chat template; `place` is empty if there is none. Throws Error.
  std::function<ChatSource()> chat;
  /// The template where the checkpoint holds it compiled; null: it does not.
  std::function<ChatTables()> compiled_chat;

  std::vector<platform::MappedFile> files;
  std::shared_ptr<const void> keep_alive;  ///< whatever else the above points into
};

}  // namespace quanta::converter
