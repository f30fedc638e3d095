// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tiss_lite/engine/condition.h"
#include "tiss_lite/engine/host.h"

namespace quanta::lite {

/// What a dry run knows: variables with known values, variables with unknown ones. Changes are
/// journalled, so that branches of which only one will run can be tried one after another.
class PlanWorld : public ConditionWorld {
 public:
  Known Evaluate(const Operand& operand, Value* value) override;
  Answer FileExists(const std::string& path) override;

  /// Large values count as unknown: a plan is for people.
  void Set(const std::string& name, Value value);
  void SetUnknown(const std::string& name);
  void SetEstimate(const Estimate& estimate) { estimate_ = estimate; }

  /// Puts known values in. False if something in it is unknown or it becomes too long.
  bool Interpolate(std::string_view text, std::string* out) const;
  /// For people: unknown names stay as they are, long texts are cut.
  std::string Show(std::string_view text) const;
  static std::string Shorten(std::string text);

  size_t Mark() const { return journal_.size(); }
  using Changes = std::vector<std::pair<std::string, std::optional<Value>>>;
  /// Undoes what was set since `mark`, and returns it; none: unknown. What was undone stays in
  /// mind until Forget or Clear.
  Changes Rollback(size_t mark);
  /// Everything undone since `mark` may have happened or not: unknown from now on.
  void Forget(size_t mark);
  void Clear(size_t mark);

 private:
  struct Variable {
    std::optional<Value> value;  ///< none: unknown
  };
  struct Change {
    std::string name;
    std::optional<Variable> before;
  };
  void Put(const std::string& name, Variable variable);

  std::map<std::string, Variable, std::less<>> variables_;
  std::vector<Change> journal_;
  std::vector<std::pair<size_t, std::string>> undone_;  ///< the mark, and a name set after it
  std::optional<Estimate> estimate_;
};

}  // namespace quanta::lite
