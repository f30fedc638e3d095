// SPDX-License-Identifier: MIT
#include "converter/chat/lessons.h"

#include <algorithm>
#include <map>

#include "runtime/text/chat_conditions.h"

namespace quanta::converter {
namespace {

using format::ChatRuleKind;

constexpr ChatRole kRoles[] = {ChatRole::kSystem, ChatRole::kUser, ChatRole::kAssistant};

/// Up to this length, what an empty message does is observed at every place.
constexpr size_t kLongestWithSilence = 4;
/// The same of thoughts and replies.
constexpr size_t kLongestWithFlavors = 3;

/// Numbers for values, in order of appearance.
template <class T>
class Labels {
 public:
  int Of(const T& value) {
    const auto [entry, added] = numbers_.try_emplace(value, static_cast<int>(values_.size()));
    if (added) values_.push_back(value);
    return entry->second;
  }
  const T& operator[](int label) const { return values_[static_cast<size_t>(label)]; }

 private:
  std::map<T, int> numbers_;
  std::vector<T> values_;
};

ChatTables::Rule FromLeaf(ChatRuleKind kind, ChatRole role, const Leaf& leaf) {
  ChatTables::Rule rule;
  rule.kind = kind;
  rule.role = static_cast<format::ChatRole>(role);
  rule.when = leaf.when;
  rule.unless = leaf.unless;
  return rule;
}

void SetWording(const Wording& wording, ChatTables::Rule* rule) {
  const bool newlines = wording.start == Trim::kNewlines || wording.end == Trim::kNewlines;
  if (newlines && (wording.start == Trim::kAll || wording.end == Trim::kAll)) {
    throw ChatError(Code::kUnsupported,
                    "the chat template strips different white space before and behind a message, "
                    "which is not supported");
  }
  rule->prefix = wording.prefix;
  rule->trim_start = wording.start != Trim::kNone;
  rule->trim_end = wording.end != Trim::kNone;
  rule->newlines = newlines;
  rule->part = wording.part;
  rule->middle = wording.middle;
}

}  // namespace

bool Lessons::Add(const Probe& probe) {
  std::string key(1, probe.generation_prompt ? '+' : '-');
  for (const ChatRole role : probe.roles) key += static_cast<char>('0' + static_cast<int>(role));
  if (!seen_.insert(key).second) return false;
  const Observation full = observer_.Observe(probe);
  Note(probe, full);
  if (probe.roles.size() <= kLongestWithSilence) AddSilent(probe, full);
  if (probe.roles.size() <= kLongestWithFlavors) AddFlavored(probe, full);
  return true;
}

void Lessons::AddSilent(const Probe& probe, const Observation& full) {
  for (size_t i = 0; i < probe.roles.size(); ++i) {
    for (const char* nothing : kNothings) {
      Probe silent = probe;
      silent.contents[i] = nothing;
      Note(silent, observer_.ObserveSilent(probe, full, i, nothing));
    }
  }
}

void Lessons::AddFlavored(const Probe& probe, const Observation& full) {
  const size_t count = probe.roles.size();
  const auto note_thinking = [&](std::vector<Flavor> flavors, size_t i) {
    for (const Flavor flavor : {Flavor::kThoughtful, Flavor::kThoughtless}) {
      flavors[i] = flavor;
      NoteFlavored(probe, full, flavors);
    }
  };
  const bool thinks = !observer_.marks().thought_close.empty();
  const std::vector<Flavor> plain(count, Flavor::kPlain);
  for (size_t i = 0; i < count && thinks; ++i) note_thinking(plain, i);
  if (observer_.marks().reply_open.empty()) return;
  for (size_t i = 0; i < count; ++i) {
    if (probe.roles[i] != ChatRole::kUser) continue;
    std::vector<Flavor> flavors = plain;
    flavors[i] = Flavor::kReply;
    NoteFlavored(probe, full, flavors);
    for (size_t j = 0; j < count && thinks; ++j) {
      if (probe.roles[j] == ChatRole::kAssistant) note_thinking(flavors, j);
    }
  }
}

void Lessons::NoteFlavored(const Probe& probe, const Observation& full,
                           const std::vector<Flavor>& flavors) {
  Probe changed = probe;
  for (size_t i = 0; i < flavors.size(); ++i) {
    changed.contents[i] = observer_.FlavoredContent(flavors[i], i);
  }
  Note(changed, observer_.ObserveFlavored(probe, full, flavors));
}

bool Lessons::renders_users() const {
  return std::any_of(places_.begin(), places_.end(), [](const Place& place) {
    return place.role == ChatRole::kUser && place.wording;
  });
}

void Lessons::Note(const Probe& probe, const Observation& seen) {
  const size_t origin = probes_.size();
  probes_.push_back(probe);
  const std::vector<ChatMessage> messages = probe.Messages();
  const size_t culprit = seen.refusal ? Culprit(probe, *seen.refusal) : messages.size();
  Verdict& verdict = verdicts_.emplace_back();
  verdict.refusal = seen.refusal;
  verdict.origin = origin;
  text::ChatWalk walk(messages, probe.generation_prompt, observer_.marks());
  for (; !walk.at_end() && walk.index() <= culprit; walk.Advance(true)) {
    verdict.messages.emplace_back(walk.message().role, walk.conditions());
  }
  if (!seen.refusal) NotePlaces(probe, seen, origin);
}

void Lessons::NotePlaces(const Probe& probe, const Observation& seen, size_t origin) {
  const std::vector<ChatMessage> messages = probe.Messages();
  text::ChatWalk walk(messages, probe.generation_prompt, observer_.marks());
  std::optional<std::string> opening;
  for (; !walk.at_end(); walk.Advance(seen.messages[walk.index()].has_value())) {
    const size_t i = walk.index();
    const std::optional<Wording>& wording = seen.messages[i];
    const std::optional<Wording>& insertion = seen.insertions[i];
    places_.push_back({walk.message().role, walk.conditions(), wording, insertion, origin});
    if (!opening && wording) opening = insertion ? insertion->prefix : wording->prefix;
  }
  ends_.push_back({probe.generation_prompt, walk.conditions(), seen.end, origin});
  openings_.push_back(opening ? *opening : seen.end);
}

/// The message at which the template gave up: the last of the shortest beginning of
/// the conversation that it refuses in the same words.
size_t Lessons::Culprit(const Probe& probe, const std::string& words) {
  Probe beginning;
  beginning.generation_prompt = probe.generation_prompt;
  for (size_t i = 0; i + 1 < probe.roles.size(); ++i) {
    beginning.roles.push_back(probe.roles[i]);
    beginning.contents.push_back(probe.contents[i]);
    const Rendering& rendering = observer_.Render(beginning);
    if (rendering.kind == Rendering::Kind::kRefused && rendering.text == words) return i;
  }
  return probe.roles.size() - 1;
}

std::vector<ChatTables::Rule> Lessons::Rules(const std::string& bos_token) const {
  const std::string start = CommonStart(bos_token);
  std::vector<Rule> rules;
  if (!start.empty()) {
    Rule& rule = rules.emplace_back();
    rule.kind = ChatRuleKind::kStart;
    rule.prefix = start;
  }
  AddRefusals(&rules);
  for (const ChatRole role : kRoles) {
    AddWordings(ChatRuleKind::kMessage, role, start.size(), &rules);
  }
  for (const ChatRole role : kRoles) {
    AddWordings(ChatRuleKind::kInsertSystem, role, start.size(), &rules);
  }
  AddEnds(true, start.size(), &rules);
  AddEnds(false, start.size(), &rules);
  return rules;
}

/// `bos_token` if every rendering starts with it.
std::string Lessons::CommonStart(const std::string& bos_token) const {
  const bool common =
      std::all_of(openings_.begin(), openings_.end(),
                  [&](const std::string& opening) { return opening.starts_with(bos_token); });
  return common && !openings_.empty() ? bos_token : "";
}

std::vector<Leaf> Lessons::SeparateOrThrow(std::vector<Sample> samples, uint32_t allowed,
                                           const char* what) const {
  std::pair<size_t, size_t> conflict;
  auto leaves = Separate(std::move(samples), allowed, &conflict);
  if (!leaves) {
    throw ChatError(Code::kUnsupported, std::string("the chat template ") + what +
                                            " differently in " +
                                            probes_[conflict.first].Describe() + " and " +
                                            probes_[conflict.second].Describe() +
                                            ", for a reason that rules cannot express");
  }
  return *std::move(leaves);
}

/// Most templates look at one message after the other and refuse in whatever words
/// come first. Some check the whole conversation beforehand: then one of their
/// refusals comes before (or behind) all others.
void Lessons::AddRefusals(std::vector<Rule>* rules) const {
  std::set<std::string> words;
  for (const Verdict& verdict : verdicts_) {
    if (verdict.refusal) words.insert(*verdict.refusal);
  }
  std::vector<std::set<std::string>> candidates = {{}};
  for (const std::string& word : words) candidates.push_back({word});
  for (const std::string& word : words) {
    candidates.push_back(words);
    candidates.back().erase(word);
  }
  std::optional<ChatError> problem;
  for (const std::set<std::string>& early : candidates) {
    try {
      std::vector<Rule> found;
      AddRefusals(ChatRuleKind::kRefuseEarly, early, {}, &found);
      AddRefusals(ChatRuleKind::kRefuse, words, early, &found);
      rules->insert(rules->end(), found.begin(), found.end());
      return;
    } catch (const ChatError& error) {
      if (!problem) problem = error;
    }
  }
  throw *problem;
}

/// Rules for refusals in `words`, not counting conversations refused in `before`.
void Lessons::AddRefusals(ChatRuleKind kind, const std::set<std::string>& words,
                          const std::set<std::string>& before, std::vector<Rule>* rules) const {
  if (words.empty()) return;
  for (const ChatRole role : kRoles) AddRefusals(kind, role, words, before, rules);
}

void Lessons::AddRefusals(ChatRuleKind kind, ChatRole role, const std::set<std::string>& words,
                          const std::set<std::string>& before, std::vector<Rule>* rules) const {
  Labels<std::optional<std::string>> labels;
  std::vector<Sample> samples;
  for (const Verdict& verdict : verdicts_) {
    if (verdict.refusal && before.contains(*verdict.refusal)) continue;
    const bool refused = verdict.refusal && words.contains(*verdict.refusal);
    for (size_t i = 0; i < verdict.messages.size(); ++i) {
      if (verdict.messages[i].first != role) continue;
      const bool here = refused && i + 1 == verdict.messages.size();
      samples.push_back({verdict.messages[i].second,
                         labels.Of(here ? verdict.refusal : std::nullopt), verdict.origin});
    }
  }
  constexpr uint32_t kAllowed = text::kAllChatConditions & ~text::kRenderedConditions;
  for (const Leaf& leaf : SeparateOrThrow(std::move(samples), kAllowed, "refuses")) {
    if (!labels[leaf.label]) continue;
    Rule rule = FromLeaf(kind, role, leaf);
    rule.prefix = *labels[leaf.label];
    rules->push_back(std::move(rule));
  }
}

void Lessons::AddWordings(ChatRuleKind kind, ChatRole role, size_t start,
                          std::vector<Rule>* rules) const {
  const bool insertions = kind == ChatRuleKind::kInsertSystem;
  Labels<std::optional<Wording>> labels;
  std::vector<Sample> samples;
  for (const Place& place : places_) {
    if (place.role != role) continue;
    std::optional<Wording> wording = insertions ? place.insertion : place.wording;
    // The first words of a prompt begin with what the start rule writes.
    const bool opens = (place.conditions & text::kOpening) != 0 && (insertions || !place.insertion);
    if (wording && opens) wording->prefix.erase(0, start);
    samples.push_back({place.conditions, labels.Of(wording), place.origin});
  }
  for (const Leaf& leaf : SeparateOrThrow(std::move(samples), text::kAllChatConditions,
                                          insertions ? "moves messages" : "renders messages")) {
    const std::optional<Wording>& wording = labels[leaf.label];
    if (!wording && insertions) continue;
    Rule rule = FromLeaf(kind, role, leaf);
    rule.drop = !wording;
    if (wording) {
      SetWording(*wording, &rule);
    }
    rules->push_back(std::move(rule));
  }
}

void Lessons::AddEnds(bool generation_prompt, size_t start, std::vector<Rule>* rules) const {
  Labels<std::string> labels;
  std::vector<Sample> samples;
  for (const End& end : ends_) {
    if (end.generation_prompt != generation_prompt) continue;
    const bool opens = (end.conditions & text::kOpening) != 0;
    samples.push_back(
        {end.conditions, labels.Of(opens ? end.words.substr(start) : end.words), end.origin});
  }
  for (const Leaf& leaf : SeparateOrThrow(std::move(samples), text::kAllChatConditions, "ends")) {
    if (labels[leaf.label].empty()) continue;
    Rule rule = FromLeaf(generation_prompt ? ChatRuleKind::kGenerationPrompt : ChatRuleKind::kEnd,
                         ChatRole::kSystem, leaf);
    rule.prefix = labels[leaf.label];
    rules->push_back(std::move(rule));
  }
}

}  // namespace quanta::converter
