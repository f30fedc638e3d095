// SPDX-License-Identifier: MIT
#include "tiss_lite/plan/planner.h"

#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/engine/estimate.h"
#include "tiss_lite/plan/needs.h"
#include "tiss_lite/plan/plan_world.h"
#include "tiss_lite/syntax/literal.h"

namespace quanta::lite {
namespace {

using Kind = StatementKind;
using Answer = ConditionWorld::Answer;

std::string EstimateText(const Estimate& estimate) {
  return Concat(std::to_string(estimate.api_calls), " prompts, ", std::to_string(estimate.runs),
                " runs, ", std::to_string(estimate.writes), " writes, ",
                std::to_string(estimate.tokens), " tokens");
}

class Planner {
 public:
  Planner(const Source& source, const PlanOptions& options, Plan* plan)
      : options_(options), plan_(*plan), needs_(source, options, plan) {
    for (const auto& [name, value] : options.variables) world_.Set(name, value);
  }

  void Run(const Program& program) {
    for (const Statement& statement : program.statements) {
      if (statement.kind == Kind::kBinding) world_.Set(statement.text, statement.value);
    }
    Block(program.statements);
    plan_.total = MakeEstimator({}).Block(program.statements);
  }

 private:
  Estimator MakeEstimator(DirectiveStack directives) const {
    return Estimator(options_.profile.limits, options_.rates, options_.agent,
                     std::move(directives));
  }

  void Add(const Statement& statement, std::string text, std::string note = {}) {
    plan_.items.push_back({depth_, statement.line, std::move(text), std::move(note)});
  }

  void Block(const std::vector<Statement>& statements) {
    const size_t outer = directives_.size();
    ++depth_;
    for (const Statement& statement : statements) One(statement);
    --depth_;
    directives_.resize(outer);
  }

  std::string Quoted(std::string_view text) const { return QuoteText(world_.Show(text)); }

  void One(const Statement& statement) {
    const std::string keyword(KeywordOf(statement.kind));
    switch (statement.kind) {
      case Kind::kTask:
      case Kind::kSetup:
      case Kind::kStep:
      case Kind::kOption:
        Add(statement,
            statement.text.empty() ? keyword : Concat(keyword, " ", Quoted(statement.text)));
        return Block(statement.body);
      case Kind::kParallel:
        return Parallel(statement);
      case Kind::kChoose:
        return Choose(statement);
      case Kind::kEstimateCost: {
        const Estimate estimate = MakeEstimator(directives_).Block(statement.body);
        world_.SetEstimate(estimate);
        return Add(statement, keyword, EstimateText(estimate));
      }
      case Kind::kIf:
        return If(statement);
      case Kind::kTry:
        return Try(statement);
      case Kind::kAssert:
        Add(statement, Concat(keyword, " ", statement.condition_text),
            Verdict(statement.condition));
        return needs_.Condition(statement, world_);
      case Kind::kDirective:
        directives_.push_back(&statement);
        Add(statement, Concat("@", statement.text, " ", LiteralText(statement.value)));
        return needs_.Directive(statement);
      case Kind::kVar:
      case Kind::kBinding:
      case Kind::kSetBudget:
        return Assignment(statement);
      default:
        return Simple(statement);
    }
  }

  void Simple(const Statement& statement) {
    std::string text = Concat(KeywordOf(statement.kind), " ", Quoted(statement.text));
    if (statement.kind == Kind::kWrite) {
      text.append(", ").append(std::to_string(statement.content.size())).append(" bytes");
    }
    if (!statement.variable.empty()) {
      text.append(statement.kind == Kind::kRead ? " AS " : " INTO ").append(statement.variable);
      world_.SetUnknown(statement.variable);
    }
    if (statement.kind == Kind::kPromptAgent) world_.SetUnknown("LAST_RESPONSE");
    Add(statement, std::move(text));
    needs_.Of(statement, world_);
  }

  void Assignment(const Statement& statement) {
    Value value = statement.value;
    const bool raw = statement.heredoc && statement.heredoc->raw;
    bool known = !statement.last_run_field;
    const bool sets = statement.kind == Kind::kVar;
    if (sets && value.is_text() && known && !raw) {
      known = world_.Interpolate(statement.value.text, &value.text);
    }
    const std::string shown = statement.last_run_field ? "LAST_RUN." + statement.value.text
                                                       : PlanWorld::Shorten(LiteralText(value));
    const char* keyword = sets ? "VAR " : statement.kind == Kind::kSetBudget ? "SET_BUDGET " : "";
    Add(statement, Concat(keyword, statement.text, " = ", shown));
    if (!sets) return;
    if (known) {
      world_.Set(statement.text, std::move(value));
    } else {
      world_.SetUnknown(statement.text);
    }
  }

  Answer Decide(const Expression& condition) {
    return ConditionEvaluator(&world_, false).Evaluate(condition);
  }

  std::string Verdict(const Expression& condition) {
    switch (Decide(condition)) {
      case Answer::kTrue:
        return "holds";
      case Answer::kFalse:
        return "would fail";
      default:
        return {};
    }
  }

  void If(const Statement& statement) {
    const Answer answer = Decide(statement.condition);
    const std::string text = Concat("IF ", statement.condition_text);
    needs_.Condition(statement, world_);
    if (answer == Answer::kTrue || answer == Answer::kFalse) {
      const bool taken = answer == Answer::kTrue;
      Add(statement, text, taken ? "taken" : statement.has_other ? "not taken: ELSE" : "not taken");
      return Block(taken ? statement.body : statement.other);
    }
    Add(statement, text, "if/else unknown");
    const size_t mark = world_.Mark();
    Block(statement.body);
    world_.Rollback(mark);
    if (statement.has_other) {
      Add(statement, "ELSE");
      Block(statement.other);
      world_.Rollback(mark);
    }
    world_.Forget(mark);
  }

  void Try(const Statement& statement) {
    Add(statement, "TRY");
    const size_t mark = world_.Mark();
    Block(statement.body);
    world_.Rollback(mark);
    if (!statement.variable.empty()) world_.SetUnknown(statement.variable);
    if (statement.has_other) {
      Add(statement, "CATCH", "only if something fails");
      Block(statement.other);
      world_.Rollback(mark);
    }
    world_.Forget(mark);
  }

  void Parallel(const Statement& statement) {
    Add(statement, "PARALLEL");
    const size_t outer = directives_.size(), mark = world_.Mark();
    std::vector<std::pair<std::string, std::optional<Value>>> changes;
    ++depth_;
    for (const Statement& branch : statement.body) {
      One(branch);
      for (auto& change : world_.Rollback(mark)) changes.push_back(std::move(change));
    }
    --depth_;
    directives_.resize(outer);
    world_.Clear(mark);
    for (auto& [name, value] : changes) {
      if (value) {
        world_.Set(name, *std::move(value));
      } else {
        world_.SetUnknown(name);
      }
    }
  }

  /// Whether the leading ASSERTs of an alternative let it be chosen.
  Answer Guards(const Statement& alternative) {
    Answer all = Answer::kTrue;
    for (const Statement& statement : alternative.body) {
      if (statement.kind == Kind::kDirective) continue;
      if (statement.kind != Kind::kAssert) break;
      const Answer answer = Decide(statement.condition);
      if (answer == Answer::kFalse) return answer;
      if (answer != Answer::kTrue) all = Answer::kUnknown;
    }
    return all;
  }

  void Choose(const Statement& statement) {
    const size_t outer = directives_.size();
    bool sure = true, estimated = false;
    std::vector<const Statement*> open;
    std::vector<Estimate> estimates;
    for (const Statement& child : statement.body) {
      if (child.kind == Kind::kDirective) {
        directives_.push_back(&child);
        continue;
      }
      const Answer guards = Guards(child);
      sure = sure && guards != Answer::kUnknown;
      if (guards == Answer::kFalse) continue;
      open.push_back(&child);
      estimates.push_back(MakeEstimator(directives_).OfAlternative(child));
      estimated = estimated || HasDirectEstimate(child);
    }
    const Statement* winner =
        sure && !open.empty() ? open[estimated ? Cheapest(estimates) : 0] : nullptr;
    Add(statement, "CHOOSE", sure && open.empty() ? "no alternative is left" : "");
    const size_t mark = world_.Mark();
    ++depth_;
    for (size_t i = 0; i < open.size(); ++i) {
      const Statement& alternative = *open[i];
      std::string note = EstimateText(estimates[i]);
      if (&alternative == winner) note = "would win; " + note;
      Add(alternative, Concat(KeywordOf(alternative.kind), " ", Quoted(alternative.text)), note);
      if (winner != nullptr && &alternative != winner) continue;
      Block(alternative.body);
      if (winner == nullptr) world_.Rollback(mark);
    }
    --depth_;
    if (winner == nullptr) world_.Forget(mark);
    directives_.resize(outer);
  }

  const PlanOptions& options_;
  Plan& plan_;
  Needs needs_;
  PlanWorld world_;
  DirectiveStack directives_;
  size_t depth_ = static_cast<size_t>(-1);  // the script's own block is 0
};

}  // namespace

Plan MakePlan(const Source& source, const Program& program, const PlanOptions& options) {
  Plan plan;
  Planner(source, options, &plan).Run(program);
  SortDiagnostics(&plan.problems);
  return plan;
}

}  // namespace quanta::lite
