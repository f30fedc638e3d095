// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quanta::lite {

enum class NodeKind : uint8_t { kNone, kFile, kFolder };

/// What lies under a file system: a folder of the host, read-only, as the host lets a run see
/// it. Paths are resolved. What is neither a file nor a folder (links, devices) is kNone.
class LowerFolder {
 public:
  virtual ~LowerFolder() = default;
  virtual NodeKind Look(const std::string& path) = 0;
  enum class ReadResult : uint8_t { kOk, kTooLarge, kFailed };
  /// The bytes of a file of at most `max` bytes.
  virtual ReadResult Read(const std::string& path, size_t max, std::string* bytes) = 0;
  /// The names in a folder, in any order; false if it cannot be read.
  virtual bool List(const std::string& path, std::vector<std::string>* names) = 0;
};

}  // namespace quanta::lite
