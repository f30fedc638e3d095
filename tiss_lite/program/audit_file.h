// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/policy/audit.h"
#include "tiss_lite/program/descriptor.h"

namespace quanta::lite::program {

/// Appends decisions to a file, one line of JSON each, as they are made.
class AuditFile : public AuditSink {
 public:
  /// Throws cli::Error.
  explicit AuditFile(const std::string& path);
  void Record(const AuditEvent& event) override;
  /// Throws cli::Error if a line could not be written.
  void Check() const;

 private:
  std::string path_;
  Descriptor file_;
  bool failed_ = false;
};

}  // namespace quanta::lite::program
