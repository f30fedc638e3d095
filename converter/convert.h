// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "converter/progress.h"
#include "converter/report.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

struct ConvertOptions {
  std::string checkpoint = {};
  std::string output = {};  ///< empty: DefaultOutput(checkpoint)
  format::Panel scheme = format::Panel::kF16;
  bool compress = false;
  std::string sign_key = {};  ///< a secret key's file; empty: not signed
  bool self_test = true;
  bool tokenizer = true;
  bool chat_template = true;
  bool force = false;                          ///< replace an output that is no Quanta model
  std::vector<std::string> allowed_keys = {};  ///< settings of config.json to let pass
};

/// The folder's own name and ".qfb", in the current folder.
std::string DefaultOutput(const std::string& checkpoint);

/// Throws Error(kInvalidArgument) if `path` cannot be written to without harm: a folder,
/// or a file that is no Quanta model unless `force`.
void CheckOutput(const std::string& path, bool force);

/// Converts a checkpoint. The output appears complete or not at all.
/// Memory: a few MiB beside mapped files, whatever the size of the model.
/// Throws Error: the one line that the user sees.
Report Convert(const ConvertOptions& options, Progress* progress);

}  // namespace quanta::converter
