// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tiss_lite/base/value.h"
#include "tiss_lite/policy/capabilities.h"
#include "tiss_lite/policy/limits.h"

namespace quanta::lite {

/// What a host lets a run do and use.
struct Profile {
  std::string name;
  Capabilities capabilities;
  Limits limits;
};

/// "pure" (log), "read" (fs.read, reading tools, prompt, log) or "default" (fs.*, all tools,
/// prompt, review, choose, log). False if there is no preset of this name.
bool PresetProfile(std::string_view name, Profile* profile);

/// A profile as a JSON object:
///   {"name": "...", "preset": "read", "caps": ["fs.write:out/", "run"], "run_tools": ["ls"],
///    "max_statements": 1000, "max_run_seconds": 10, "max_output_bytes": ...,
///    "max_file_bytes": ..., "max_files": ..., "max_total_bytes": ..., "max_prompts": ...,
///    "max_new_tokens": ..., "max_reviews": ...}
/// All members are optional; without "preset" and "caps" nothing is granted. "caps" adds to
/// the preset; "run_tools" replaces the list of "run".
/// Returns an empty text, or what is wrong.
std::string ReadProfile(const Value& json, Profile* profile);

}  // namespace quanta::lite
