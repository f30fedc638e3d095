// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "converter/chat/compile.h"
#include "converter/chat/observe.h"
#include "converter/chat/probes.h"
#include "converter/chat/rules.h"

namespace quanta::converter {

/// What has been seen of a template, and the rules that follow from it.
/// All functions throw ChatError.
class Lessons {
 public:
  explicit Lessons(Observer& observer) : observer_(observer) {}

  /// Observes a conversation, and again with each message saying nothing, thinking or
  /// replying.
  /// False if that order of roles has been seen.
  bool Add(const Probe& probe);

  std::vector<ChatTables::Rule> Rules(const std::string& bos_token) const;

  /// Whether any conversation is rendered with what its user says.
  bool renders_users() const;

 private:
  using Rule = ChatTables::Rule;

  struct Place {
    ChatRole role;
    uint32_t conditions;
    std::optional<Wording> wording, insertion;
    size_t origin;  ///< index into probes_, as below
  };
  struct End {
    bool generation_prompt;
    uint32_t conditions;
    std::string words;
    size_t origin;
  };
  /// The messages up to the one at which a template gave up, or all of them.
  struct Verdict {
    std::vector<std::pair<ChatRole, uint32_t>> messages;
    std::optional<std::string> refusal;  ///< of the last of them
    size_t origin;
  };

  void AddSilent(const Probe& probe, const Observation& full);
  void AddFlavored(const Probe& probe, const Observation& full);
  void NoteFlavored(const Probe& probe, const Observation& full,
                    const std::vector<Flavor>& flavors);
  void Note(const Probe& probe, const Observation& seen);
  void NotePlaces(const Probe& probe, const Observation& seen, size_t origin);
  size_t Culprit(const Probe& probe, const std::string& words);

  std::string CommonStart(const std::string& bos_token) const;
  std::vector<Leaf> SeparateOrThrow(std::vector<Sample> samples, uint32_t allowed,
                                    const char* what) const;
  void AddRefusals(std::vector<Rule>* rules) const;
  void AddRefusals(format::ChatRuleKind kind, const std::set<std::string>& words,
                   const std::set<std::string>& before, std::vector<Rule>* rules) const;
  void AddRefusals(format::ChatRuleKind kind, ChatRole role, const std::set<std::string>& words,
                   const std::set<std::string>& before, std::vector<Rule>* rules) const;
  void AddWordings(format::ChatRuleKind kind, ChatRole role, size_t start,
                   std::vector<Rule>* rules) const;
  void AddEnds(bool generation_prompt, size_t start, std::vector<Rule>* rules) const;

  Observer& observer_;
  std::set<std::string> seen_;
  std::vector<Probe> probes_;
  std::vector<Place> places_;
  std::vector<End> ends_;
  std::vector<Verdict> verdicts_;
  std::vector<std::string> openings_;  ///< the first words of each rendering
};

}  // namespace quanta::converter
