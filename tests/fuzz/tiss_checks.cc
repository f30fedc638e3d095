// SPDX-License-Identifier: MIT
#include "tests/fuzz/tiss_checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "quanta/check.h"
#include "tests/fuzz/memory_folder.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/engine/engine.h"
#include "tiss_lite/lint/linter.h"
#include "tiss_lite/plan/planner.h"
#include "tiss_lite/syntax/ast_json.h"
#include "tiss_lite/syntax/formatter.h"

namespace quanta::lite {
namespace {

const ToolRegistry& Tools() {
  static const ToolRegistry* const tools = [] {
    auto* made = new ToolRegistry;
    AddBuiltInTools(made);
    QUANTA_CHECK(made->Add({"slow",
                            "1.0.0",
                            "takes time",
                            {},
                            [](ToolCall& call) {
                              call.seconds = 2;
                              return call.Out("late\xff\n") ? 3 : 1;
                            }})
                     .ok());
    return made;
  }();
  return *tools;
}

void CheckJson(std::string_view text) {
  Value value;
  QUANTA_CHECK(ParseJson(text, &value));
}

/// Without the line numbers, which formatting changes.
std::string TreeOf(const Program& program) {
  JsonWriter json;
  WriteTree(program, &json);
  const std::string& all = json.text();
  constexpr std::string_view kLine = "\"line\":";
  std::string tree;
  for (size_t at = 0; at < all.size();) {
    const size_t line = std::min(all.find(kLine, at), all.size());
    tree.append(all, at, line - at);
    at = line == all.size() ? line : all.find(',', line) + 1;
    if (at == 0) at = all.size();  // the last member
  }
  return tree;
}

void CheckFormat(const Source& source, const ParseResult& parsed) {
  std::string once, twice;
  if (!Format(source, parsed.program, &once)) return;
  const Source formatted("fuzz", once);
  const ParseResult again = Parse(formatted);
  QUANTA_CHECK(again.ok());
  QUANTA_CHECK(Format(formatted, again.program, &twice));
  QUANTA_CHECK(once == twice);
  QUANTA_CHECK(TreeOf(parsed.program) == TreeOf(again.program));
  QUANTA_CHECK(parsed.program.header == again.program.header);
  QUANTA_CHECK(parsed.program.comments.size() == again.program.comments.size());
}

void CheckLint(const Source& source, const ParseResult& parsed) {
  LintOptions lint;
  lint.layout = parsed.ok();
  lint.tools = &Tools();
  const std::vector<Diagnostic> lenient = Lint(source, parsed, lint);
  lint.strict = true;
  const std::vector<Diagnostic> strict = Lint(source, parsed, lint);
  QUANTA_CHECK(lenient.size() == strict.size());
  for (size_t i = 0; i < lenient.size(); ++i) {
    QUANTA_CHECK(lenient[i].code == strict[i].code && lenient[i].line == strict[i].line);
    QUANTA_CHECK(lenient[i].level <= strict[i].level);
    QUANTA_CHECK(lenient[i].span.end <= source.size());
  }
}

class EchoAgent : public Agent {
 public:
  AgentReply Answer(const AgentRequest& request) override {
    AgentReply reply;
    reply.text = request.prompt;
    reply.ok = request.prompt.find("refuse") == request.prompt.npos;
    reply.prompt_tokens = reply.new_tokens = request.prompt.size();
    reply.seconds = 0.25;
    return reply;
  }
  uint64_t CountTokens(std::string_view text) override { return text.size(); }
};

/// Small, so that scripts of a few hundred bytes reach every limit.
Limits SmallLimits() {
  Limits limits;
  limits.statements = 200;
  limits.run_seconds = 20;
  limits.output_bytes = 512;
  limits.variable_bytes = 4096;
  limits.variables_bytes = 8192;
  limits.text_bytes = 8192;
  limits.files = {.file_bytes = 2048, .files = 12, .total_bytes = 4096};
  limits.log_lines = 40;
  limits.log_bytes = 2048;
  limits.pipeline_stages = 4;
  limits.prompts = 6;
  limits.reviews = 3;
  limits.work = 1 << 18;
  return limits;
}

void CheckQuotas(const Vfs& files, const FsLimits& limits) {
  size_t count = 0, bytes = 0;
  for (const auto& [path, entry] : files.entries()) {
    QUANTA_CHECK(("/" + path + "/").find("/../") == std::string::npos);
    QUANTA_CHECK(!path.empty() && path[0] != '/');
    if (entry.kind != Vfs::Entry::Kind::kFile) continue;
    ++count;
    bytes += entry.bytes->size();
    QUANTA_CHECK(entry.bytes->size() <= limits.file_bytes);
  }
  QUANTA_CHECK(count <= limits.files && bytes <= limits.total_bytes);
}

void AddTree(const Vfs& files, const std::string& folder, MemoryFolder::Tree* tree) {
  std::vector<std::string> names;
  QUANTA_CHECK(files.List(folder, &names) == FsError::kNone);
  for (const std::string& name : names) {
    const std::string path = folder.empty() ? name : folder + "/" + name;
    Bytes bytes;
    if (files.Look(path) == NodeKind::kFolder) {
      tree->emplace(path, std::nullopt);
      AddTree(files, path, tree);
    } else {
      QUANTA_CHECK(files.Read(path, &bytes) == FsError::kNone);
      tree->emplace(path, *bytes);
    }
  }
}

/// The lower folder with the changes applied is what the run sees.
void CheckChanges(const Vfs& files, MemoryFolder::Tree tree) {
  for (const Vfs::Change& change : files.Changes()) {
    QUANTA_CHECK((change.before != NodeKind::kNone) == tree.contains(change.path));
    tree.erase(change.path);
    if (change.after == NodeKind::kFolder) tree.emplace(change.path, std::nullopt);
    if (change.after == NodeKind::kFile) tree.emplace(change.path, *change.new_bytes);
  }
  MemoryFolder::Tree seen;
  AddTree(files, "", &seen);
  QUANTA_CHECK(seen == tree);
}

/// Answers reviews in a way that a script knows beforehand.
class KnownReviewer : public Reviewer {
 public:
  explicit KnownReviewer(size_t seed) : seed_(seed) {}
  ReviewReply Review(const ReviewRequest&) override {
    const bool approve = seed_++ % 4 != 0;
    return {approve ? ReviewReply::Answer::kApprove : ReviewReply::Answer::kReject, "c\xff"};
  }

 private:
  size_t seed_;
};

class RunChecker {
 public:
  RunChecker(const Source& source, const Program& program) : source_(source), program_(program) {
    host_.tools = &Tools();
    host_.agent = &agent_;
    PresetProfile("default", &options_.profile);
    options_.profile.limits = SmallLimits();
  }

  void Check() {
    const std::string lenient = RunInPieces();
    QUANTA_CHECK(lenient == RunAtOnce());
    options_.strict = true;
    const std::string strict = RunAtOnce();
    QUANTA_CHECK(met_missing_value_ || lenient == strict);
  }

 private:
  ExecutionEngine Load() {
    return {source_, program_, options_, host_, Vfs(options_.profile.limits.files, &lower_)};
  }

  /// Suspended at every review, written down, and resumed by another engine.
  std::string RunInPieces() {
    KnownReviewer reviewer(source_.size());
    ExecutionEngine first = Load();
    if (first.Run() != RunStatus::kSuspended) {
      CheckEnd(first);
      return first.ResultJson();
    }
    CheckJson(first.ResultJson());
    std::string token = first.Token();
    for (size_t i = 0; i <= options_.profile.limits.reviews; ++i) {
      ExecutionEngine next = Load();
      QUANTA_CHECK(next.Restore(token).empty());
      QUANTA_CHECK(next.Token() == token);
      next.Answer(reviewer.Review({}));
      if (next.Run() != RunStatus::kSuspended) {
        CheckEnd(next);
        return next.ResultJson();
      }
      token = next.Token();
    }
    QUANTA_CHECK(false);
    return {};
  }

  std::string RunAtOnce() {
    KnownReviewer reviewer(source_.size());
    host_.reviewer = &reviewer;
    ExecutionEngine engine = Load();
    engine.Run();
    host_.reviewer = nullptr;
    CheckEnd(engine);
    return engine.ResultJson();
  }

  void CheckEnd(const ExecutionEngine& engine) {
    const Limits& limits = options_.profile.limits;
    const State& state = engine.state();
    QUANTA_CHECK(engine.status() != RunStatus::kRunning);
    QUANTA_CHECK((engine.status() == RunStatus::kOk) == !engine.error());
    QUANTA_CHECK(state.usage.statements <= limits.statements + 1);
    QUANTA_CHECK(state.usage.api_calls <= limits.prompts);
    QUANTA_CHECK(state.messages.size() <= limits.log_lines);
    QUANTA_CHECK(state.message_bytes <= limits.log_bytes);
    QUANTA_CHECK(state.log.size() <= limits.log_lines);
    QUANTA_CHECK(state.variables_bytes <= limits.variables_bytes);
    size_t bytes = 0;
    for (const auto& [name, value] : state.variables) bytes += ValueBytes(value);
    QUANTA_CHECK(bytes == state.variables_bytes);
    CheckQuotas(state.files, limits.files);
    CheckChanges(state.files, lower_.tree());
    const std::string json = engine.ResultJson();
    QUANTA_CHECK(IsUtf8(json));
    CheckJson(json);
    // What is caught, or drops an alternative, does not show.
    const std::string& text = source_.text();
    const bool hidden = text.find("TRY") != text.npos || text.find("CHOOSE") != text.npos;
    met_missing_value_ =
        met_missing_value_ || hidden || (engine.error() && engine.error()->code == "R313");
  }

  const Source& source_;
  const Program& program_;
  MemoryFolder lower_{{{"d", std::nullopt},
                       {"d/a.txt", "one\ntwo\ntwo\n"},
                       {"d/b.txt", "3,c,x\n1,a\n2,b"},
                       {"e", std::nullopt},
                       {"e/f", std::nullopt},
                       {"e/f/g", "\xff\n"},
                       {"n", "12"}}};
  EchoAgent agent_;
  Host host_;
  RunOptions options_;
  bool met_missing_value_ = false;
};

}  // namespace

bool CheckScript(std::string_view bytes) {
  const Source source("fuzz", bytes);
  const ParseResult recovered = Parse(source, Recovery::kContinue);
  for (const Diagnostic& error : recovered.errors) {
    QUANTA_CHECK(error.line >= 1 && error.line <= source.lines());
    QUANTA_CHECK(error.span.end <= source.size() && error.span.begin <= error.span.end);
  }
  CheckLint(source, recovered);
  const ParseResult parsed = Parse(source);
  QUANTA_CHECK(parsed.ok() == recovered.ok());
  if (!parsed.ok()) {
    QUANTA_CHECK(parsed.errors.size() == 1);
    return false;
  }
  CheckFormat(source, parsed);
  PlanOptions options;
  options.tools = &Tools();
  const Plan plan = MakePlan(source, parsed.program, options);
  QUANTA_CHECK(IsUtf8(PlanText(plan)));
  JsonWriter json;
  WritePlan(plan, &json);
  CheckJson(json.text());
  RunChecker(source, parsed.program).Check();
  return true;
}

}  // namespace quanta::lite
