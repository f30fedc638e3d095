// SPDX-License-Identifier: MIT
#include "quanta/self_test.h"

#include <algorithm>

#include "quanta/session.h"
#include "runtime/llm/model_impl.h"
#include "runtime/platform/platform.h"

namespace quanta {
namespace {

Status CheckIds(const Model& model, const format::SelfTest& test, ErrorDetail* detail) {
  if (test.prompt.empty()) return {};
  TokenBuffer buffer;
  QUANTA_TRY(model.tokenizer().Encode(test.prompt, EncodeOptions(), &buffer));
  const auto ids = buffer.ids();
  if (std::equal(ids.begin(), ids.end(), test.ids.begin(), test.ids.end())) return {};
  const auto differ = std::mismatch(ids.begin(), ids.end(), test.ids.begin(), test.ids.end());
  return Fail(detail, Code::kUnverified, "the self-test failed",
              "self-test: the tokenizer made %zu ids of the prompt instead of %zu; they differ "
              "from id %zu on",
              ids.size(), test.ids.size(), static_cast<size_t>(differ.first - ids.begin()));
}

Result<uint32_t> CheckSteps(Session& session, const format::SelfTest& test, ErrorDetail* detail) {
  uint32_t judged = 0;
  QUANTA_TRY(session.Feed(test.ids, detail).status());
  for (size_t i = 0; i < test.expected.size(); ++i) {
    if (test.margins[i] < test.tolerance) break;
    QUANTA_ASSIGN(const int32_t id, session.Sample(SamplingOptions(), detail));
    if (id != test.expected[i]) {
      return Fail(detail, Code::kUnverified, "the self-test failed",
                  "self-test: greedy step %zu gave token %d instead of %d", i, id,
                  test.expected[i]);
    }
    ++judged;
    if (i + 1 < test.expected.size()) QUANTA_TRY(session.Feed({&id, 1}, detail).status());
  }
  return judged;
}

}  // namespace

Result<SelfTestReport> RunSelfTest(const Model& model, int threads, ErrorDetail* detail) {
  const format::SelfTest& test = model.impl().file.header.self_test;
  if (!test.present()) {
    return Fail(detail, Code::kNotFound, "the file has no self-test", "the file has no self-test");
  }
  QUANTA_TRY(CheckIds(model, test, detail));

  SessionOptions options;
  options.context = static_cast<uint32_t>(test.ids.size() + test.expected.size());
  options.kv = KvType::kF32;
  options.threads = threads;
  QUANTA_ASSIGN(const size_t bytes, Session::Bytes(model, options, detail));
  QUANTA_ASSIGN(const platform::PageBlock arena, platform::PageBlock::Create(bytes, detail));
  QUANTA_ASSIGN(Session session, Session::Create(model, options, arena.bytes(), detail));

  SelfTestReport report;
  report.ids = static_cast<uint32_t>(test.ids.size());
  report.steps = static_cast<uint32_t>(test.expected.size());
  QUANTA_ASSIGN(report.judged, CheckSteps(session, test, detail));
  return report;
}

}  // namespace quanta
