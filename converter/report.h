// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/self_test.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// What became of one tensor.
struct TensorReport {
  std::string name;
  format::Role role = format::Role::kEmbedding;
  int32_t layer = -1;
  std::string source_dtype;
  std::string scheme;  ///< "f16", "q8_0": how it is stored
  uint32_t rows = 0, columns = 0;
  uint64_t bytes = 0;  ///< as stored
  double error_rms = 0, error_max = 0;
  /// Of calibrated matrices the relative error of their outputs over the text, and what it
  /// were if each weight were rounded by itself.
  bool calibrated = false;
  double output_error = 0, rounding_error = 0;
};

/// What a conversion did.
struct Report {
  std::string source, output, family, scheme;
  std::vector<TensorReport> tensors;
  uint32_t tokens = 0;  ///< of the tokenizer; 0 = none
  bool chat_template = false, is_signed = false, compressed = false;
  uint32_t calibration_sequences = 0, calibration_length = 0;  ///< 0: no text was given
  SelfTestRecord self_test;
  std::vector<std::string> notes;
  uint64_t source_bytes = 0, file_bytes = 0;
  double seconds = 0;
  uint64_t peak_bytes = 0;  ///< resident, mapped files included

  std::string Text() const;  ///< a table, tensors of a kind in one line
  std::string ToJson() const;
};

}  // namespace quanta::converter
