// SPDX-License-Identifier: MIT
#include "tiss_lite/program/audit_file.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "runtime/cli/error.h"

namespace quanta::lite::program {

AuditFile::AuditFile(const std::string& path)
    : path_(path), file_(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
  if (file_.ok()) return;
  throw cli::Error(Code::kIo, path, std::string("cannot be written: ") + std::strerror(errno));
}

void AuditFile::Record(const AuditEvent& event) {
  // One write per line: lines of several runs do not mix.
  if (!WriteAll(file_.get(), AuditLine(event) + "\n")) failed_ = true;
}

void AuditFile::Check() const {
  if (failed_) throw cli::Error(Code::kIo, path_, "the audit log could not be written");
}

}  // namespace quanta::lite::program
