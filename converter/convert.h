// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "converter/progress.h"
#include "converter/readers/reader.h"
#include "converter/report.h"
#include "converter/schemes.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// What to make.
enum class Target { kQfb, kHuggingFace, kGguf };

struct ConvertOptions {
  std::string checkpoint = {};
  std::string output = {};  ///< empty: DefaultOutput(checkpoint, target)
  Target target = Target::kQfb;
  format::Panel scheme = format::Panel::kF16;  ///< of a .qfb's matrices
  std::optional<format::Panel> embed = {};     ///< of its embedding; empty: `scheme`
  std::optional<format::Panel> head = {};      ///< of its head, where it has one of its own
  std::vector<SchemeRule> rules = {};          ///< --quant-for
  std::string calibrate = {};                  ///< --calibrate: a text
  std::string dtype = {};  ///< of the other targets: an ElementType's name; empty: the source's
  bool compress = false;
  std::string sign_key = {};  ///< a secret key's file; empty: not signed
  bool self_test = true;
  bool tokenizer = true;
  bool chat_template = true;
  bool force = false;  ///< replace an output that is no Quanta model
  ReadOptions read = {};
};

/// The checkpoint's own name and ".qfb" or what the target's files end with, in the current
/// folder.
std::string DefaultOutput(const std::string& checkpoint, Target target);

/// Throws Error(kInvalidArgument) if `path` cannot be written to without harm: a folder,
/// or a file that is no Quanta model unless `force`.
void CheckOutput(const std::string& path, bool force);

/// Converts a checkpoint. The output appears complete or not at all.
/// Memory: a few MiB beside mapped files, whatever the size of the model; with `calibrate` what
/// Calibrate takes.
/// Throws Error: the one line that the user sees.
Report Convert(const ConvertOptions& options, Progress* progress);

}  // namespace quanta::converter
