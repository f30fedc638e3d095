// SPDX-License-Identifier: MIT
#include "tiss_lite/conformance/case.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "tiss_lite/conformance/run_case.h"
#include "tiss_lite/lint/linter.h"
#include "tiss_lite/syntax/ast_json.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite::conformance {
namespace {

// The rules that `expected.lint` is about; others may speak up as they like.
constexpr std::string_view kListed[] = {"L201", "L204", "L206", "L207", "L212", "L213", "L215",
                                        "L217", "L218", "L219", "L221", "L224", "L225"};

bool IsListed(std::string_view code) {
  return std::find(std::begin(kListed), std::end(kListed), code) != std::end(kListed);
}

Json TreeOf(const Program& program) {
  JsonWriter writer;
  WriteTree(program, &writer);
  return Json::parse(writer.text());
}

Json MetaOf(const Program& program) {
  JsonWriter writer;
  WriteMeta(program, &writer);
  return Json::parse(writer.text());
}

std::string CheckParse(const Json& expected, const Source& source, const ParseResult& parsed) {
  if (!parsed.ok()) return OneLine(source, parsed.errors[0]);
  std::string wrong;
  if (expected.contains("ast")) wrong = Mismatch(expected["ast"], TreeOf(parsed.program), "ast");
  if (wrong.empty() && expected.contains("meta")) {
    wrong = Mismatch(expected["meta"], MetaOf(parsed.program), "meta");
  }
  if (!wrong.empty() || !expected.contains("lint")) return wrong;
  Json lint = Json::array();
  for (const Diagnostic& diagnostic : Lint(source, parsed, {})) {
    if (IsListed(diagnostic.code)) lint.push_back({diagnostic.code, diagnostic.line});
  }
  return Mismatch(expected["lint"], lint, "lint");
}

std::string CheckError(const Json& expected, const Source& source, const ParseResult& parsed,
                       bool strict) {
  std::vector<Diagnostic> errors = parsed.errors;
  if (errors.empty()) {
    LintOptions options;
    options.strict = strict;
    for (Diagnostic& diagnostic : Lint(source, parsed, options)) {
      if (strict && diagnostic.level == Level::kError) errors.push_back(std::move(diagnostic));
    }
  }
  if (errors.empty())
    return "expected " + expected.at("code").get<std::string>() + ", got no error";
  const Diagnostic& first = errors[0];
  const bool same = first.code == expected.at("code").get<std::string>() &&
                    first.line == expected.at("line").get<uint32_t>();
  const std::string words = expected.value("message_contains", "");
  const std::string line = OneLine(source, first);
  if (same && line.find(words) != line.npos) return {};
  return "expected " + expected.dump() + ", got " + line;
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string RunCase(const Json& test, const std::string& folder) {
  const std::string name = test.at("file").get<std::string>();
  const Source source(name, ReadFile(folder + "/" + name));
  const ParseResult parsed = Parse(source);
  const std::string kind = test.at("kind").get<std::string>();
  const bool strict = test.value("mode", "") == "strict";
  const Json& expected = test.at("expected");
  if (kind == "parse") return CheckParse(expected, source, parsed);
  if (kind == "error") return CheckError(expected, source, parsed, strict);
  if (kind != "run") return "there is no kind \"" + kind + "\"";
  if (!parsed.ok()) return OneLine(source, parsed.errors[0]);
  return CheckRun(test, source, parsed.program, strict);
}

}  // namespace quanta::lite::conformance
