// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "converter/gguf/container.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {

/// A GGUF model, from one file or from the parts that llama-gguf-split makes of one.
struct GgufParts {
  std::vector<platform::MappedFile> files;
  std::vector<std::string> paths;
  GgufFile first;                     ///< has the settings; points into files[0]
  std::vector<GgufFile> others = {};  ///< their tensors
};

/// Whether the file begins as a GGUF file does.
bool IsGguf(const std::string& path);

/// Maps `path` and, if it is the first of several parts, those beside it.
/// Throws Error: kNotFound for a part that is missing, kInvalidArgument for one that is not
/// the first, kCorrupt, kUnsupported, kIo.
GgufParts OpenGguf(const std::string& path);

}  // namespace quanta::converter
