// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quanta::lite {

/// A decision about something that a script wanted to do.
struct AuditEvent {
  uint32_t line = 0;            ///< of the script; 0: the run as a whole
  std::string_view capability;  ///< "fs.write", "run", "path", ...
  std::string subject;          ///< the path, tool, ...
  bool allowed = false;
  std::string reason;  ///< why not; empty if allowed
};

/// Where decisions go, in the order in which they are made. Append-only.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  virtual void Record(const AuditEvent& event) = 0;
};

/// One line of JSON, without a line end:
/// {"line", "capability", "subject", "decision": "allow" | "deny", "reason"?}
std::string AuditLine(const AuditEvent& event);

}  // namespace quanta::lite
