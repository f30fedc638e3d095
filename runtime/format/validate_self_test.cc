// SPDX-License-Identifier: MIT
#include <cmath>

#include "runtime/format/bytes.h"
#include "runtime/format/validate.h"

namespace quanta::format {
namespace {

Status ValidateIds(const char* field, std::span<const int32_t> ids, uint32_t vocab,
                   ErrorDetail* detail) {
  for (const int32_t id : ids) {
    if (id >= 0 && static_cast<uint32_t>(id) < vocab) continue;
    return Corrupt(detail, "self_test.%s holds %d, the vocabulary has %u", field, id, vocab);
  }
  return {};
}

Status ValidateMargin(const char* field, float value, ErrorDetail* detail) {
  if (std::isfinite(value) && value >= 0) return {};
  return Corrupt(detail, "self_test.%s is %g, expected 0 or a positive number", field,
                 static_cast<double>(value));
}

}  // namespace

Status ValidateSelfTest(const Header& header, ErrorDetail* detail) {
  const SelfTest& test = header.self_test;
  if (test.ids.empty() != test.expected.empty() || test.margins.size() != test.expected.size()) {
    return Corrupt(detail, "self_test has %zu ids, %zu expected ids and %zu margins",
                   test.ids.size(), test.expected.size(), test.margins.size());
  }
  if (test.ids.size() + test.expected.size() > header.architecture.context) {
    return Corrupt(detail, "self_test takes %zu positions, the context has %u",
                   test.ids.size() + test.expected.size(), header.architecture.context);
  }
  QUANTA_TRY(ValidateIds("ids", test.ids, header.architecture.vocab, detail));
  QUANTA_TRY(ValidateIds("expected", test.expected, header.architecture.vocab, detail));
  for (const float margin : test.margins) QUANTA_TRY(ValidateMargin("margins", margin, detail));
  return ValidateMargin("tolerance", test.tolerance, detail);
}

}  // namespace quanta::format
