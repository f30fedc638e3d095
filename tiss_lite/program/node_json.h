// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "tiss_lite/base/value.h"
#include "tiss_lite/vfs/lower_folder.h"

/// Files and folders in JSON: what the manifest, saved runs and diffs have in common.
namespace quanta::lite::program {

const char* KindText(NodeKind kind);  ///< "none", "file" or "folder"

/// The member `key` of an object. False if it is not there, or no such thing.
bool ReadKind(const Value& json, const char* key, NodeKind* kind);
/// A 64-bit number, in decimal digits as text, since a double cannot hold it.
bool ReadHash(const Value& json, const char* key, uint64_t* hash);
/// A resolved path, not the root's.
bool ReadPath(const Value& json, const char* key, std::string* path);

}  // namespace quanta::lite::program
