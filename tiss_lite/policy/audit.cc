// SPDX-License-Identifier: MIT
#include "tiss_lite/policy/audit.h"

#include "tiss_lite/base/json.h"

namespace quanta::lite {

std::string AuditLine(const AuditEvent& event) {
  JsonWriter json;
  json.BeginObject();
  json.Key("line").Number(event.line);
  json.Key("capability").String(event.capability);
  json.Key("subject").String(event.subject);
  json.Key("decision").String(event.allowed ? "allow" : "deny");
  if (!event.reason.empty()) json.Key("reason").String(event.reason);
  json.EndObject();
  return json.Take();
}

}  // namespace quanta::lite
