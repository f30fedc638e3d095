// SPDX-License-Identifier: MIT
#include "converter/chat/compile.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "converter/chat/jinja.h"
#include "converter/chat/observe.h"
#include "converter/chat/probes.h"
#include "converter/chat/rules.h"
#include "runtime/text/chat_conditions.h"
#include "runtime/text/chat_template.h"

namespace quanta::converter {
namespace {

using format::ChatRuleKind;
using Rule = ChatTables::Rule;

constexpr int kRounds = 24;
// The engine recurses over the template's structure, which is hostile.
constexpr size_t kStackBytes = size_t{256} << 20;
constexpr ChatRole kRoles[] = {ChatRole::kSystem, ChatRole::kUser, ChatRole::kAssistant};

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

/// Everything seen so far, and the rules that follow from it.
class Lessons {
 public:
  explicit Lessons(Observer& observer) : observer_(observer) {}

  /// False if that order of roles has been seen.
  bool Add(const Probe& probe) {
    std::string key(1, probe.generation_prompt ? '+' : '-');
    for (const ChatRole role : probe.roles) key += static_cast<char>('0' + static_cast<int>(role));
    if (!seen_.insert(key).second) return false;
    const Observation full = observer_.Observe(probe);
    Note(probe, full);
    // What an empty message does hardly depends on how long the conversation is.
    for (size_t i = 0; i < probe.roles.size() && probe.roles.size() <= 4; ++i) {
      for (const char* nothing : kNothings) {
        Probe silent = probe;
        silent.contents[i] = nothing;
        Note(silent, observer_.ObserveSilent(probe, full, i, nothing));
      }
    }
    return true;
  }

  std::vector<Rule> Rules(const std::string& bos_token) const {
    const std::string start = CommonStart(bos_token);
    std::vector<Rule> rules;
    if (!start.empty()) {
      Rule& rule = rules.emplace_back();
      rule.kind = ChatRuleKind::kStart;
      rule.prefix = start;
    }
    AddRefusals(&rules);
    for (const ChatRole role : kRoles) AddMessages(role, start.size(), &rules);
    for (const ChatRole role : kRoles) AddInsertions(role, start.size(), &rules);
    AddEnds(true, start.size(), &rules);
    AddEnds(false, start.size(), &rules);
    return rules;
  }

  /// Whether any conversation is rendered with what its user says.
  bool renders_users() const {
    return std::any_of(places_.begin(), places_.end(), [](const Place& place) {
      return place.role == ChatRole::kUser && place.wording;
    });
  }

 private:
  struct Place {
    ChatRole role;
    uint32_t conditions;
    std::optional<Wording> wording, insertion;
    size_t origin;
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

  void Note(const Probe& probe, const Observation& seen) {
    const size_t origin = probes_.size();
    probes_.push_back(probe);
    const std::vector<ChatMessage> messages = probe.Messages();
    const size_t culprit = seen.refusal ? Culprit(probe, *seen.refusal) : messages.size();
    Verdict& verdict = verdicts_.emplace_back();
    verdict.refusal = seen.refusal;
    verdict.origin = origin;
    text::ChatWalk walk(messages, probe.generation_prompt);
    for (; !walk.at_end() && walk.index() <= culprit; walk.Advance(true)) {
      verdict.messages.emplace_back(walk.message().role, walk.conditions());
    }
    if (!seen.refusal) NotePlaces(probe, messages, seen, origin);
  }

  void NotePlaces(const Probe& probe, const std::vector<ChatMessage>& messages,
                  const Observation& seen, size_t origin) {
    text::ChatWalk walk(messages, probe.generation_prompt);
    std::string* first = nullptr;
    size_t words = 0;
    for (; !walk.at_end(); walk.Advance(seen.messages[walk.index()].has_value())) {
      const size_t i = walk.index();
      places_.push_back(
          {walk.message().role, walk.conditions(), seen.messages[i], seen.insertions[i], origin});
      Place& place = places_.back();
      if (first == nullptr && place.wording) {
        first = &(place.insertion ? place.insertion : place.wording)->prefix;
        openings_.push_back(*first);
        ++words;
      }
    }
    ends_.push_back({probe.generation_prompt, walk.conditions(), seen.end, origin});
    if (words == 0) openings_.push_back(seen.end);
  }

  /// The message at which the template gave up: the last of the shortest beginning of
  /// the conversation that it refuses in the same words.
  size_t Culprit(const Probe& probe, const std::string& words) {
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

  std::string CommonStart(const std::string& bos_token) const {
    const bool common =
        !openings_.empty() && std::all_of(openings_.begin(), openings_.end(),
                                          [&](const std::string& opening) {
                                            return opening.starts_with(bos_token);
                                          });
    return common ? bos_token : "";
  }

  std::vector<Leaf> SeparateOrThrow(std::vector<Sample> samples, uint32_t allowed,
                                    const char* what) const {
    std::pair<size_t, size_t> conflict;
    auto leaves = Separate(std::move(samples), allowed, &conflict);
    if (!leaves) {
      throw ChatError(Code::kUnsupported,
                      std::string("the chat template ") + what + " differently in " +
                          probes_[conflict.first].Describe() + " and " +
                          probes_[conflict.second].Describe() +
                          ", for a reason that rules cannot express");
    }
    return *std::move(leaves);
  }

  /// Most templates look at one message after the other and refuse in whatever words
  /// come first. Some check the whole conversation beforehand: then one of their
  /// refusals comes before (or behind) all others.
  void AddRefusals(std::vector<Rule>* rules) const {
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
  void AddRefusals(ChatRuleKind kind, const std::set<std::string>& words,
                   const std::set<std::string>& before, std::vector<Rule>* rules) const {
    if (words.empty()) return;
    for (const ChatRole role : kRoles) {
      Labels<std::optional<std::string>> labels;
      std::vector<Sample> samples;
      for (const Verdict& verdict : verdicts_) {
        if (verdict.refusal && before.contains(*verdict.refusal)) continue;
        for (size_t i = 0; i < verdict.messages.size(); ++i) {
          const bool refused = verdict.refusal && words.contains(*verdict.refusal) &&
                               i + 1 == verdict.messages.size();
          if (verdict.messages[i].first != role) continue;
          samples.push_back({verdict.messages[i].second,
                             labels.Of(refused ? verdict.refusal : std::nullopt),
                             verdict.origin});
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
  }

  void AddMessages(ChatRole role, size_t start, std::vector<Rule>* rules) const {
    AddWordings(ChatRuleKind::kMessage, role, start, &Place::wording, "renders", rules);
  }
  void AddInsertions(ChatRole role, size_t start, std::vector<Rule>* rules) const {
    AddWordings(ChatRuleKind::kInsertSystem, role, start, &Place::insertion, "moves", rules);
  }

  void AddWordings(ChatRuleKind kind, ChatRole role, size_t start,
                   std::optional<Wording> Place::* which, const char* what,
                   std::vector<Rule>* rules) const {
    Labels<std::optional<Wording>> labels;
    std::vector<Sample> samples;
    for (const Place& place : places_) {
      if (place.role != role) continue;
      std::optional<Wording> wording = place.*which;
      const bool opens = (place.conditions & text::kOpening) != 0;
      const bool behind_insertion = kind == ChatRuleKind::kMessage && place.insertion;
      if (wording && opens && !behind_insertion) wording->prefix.erase(0, start);
      samples.push_back({place.conditions, labels.Of(wording), place.origin});
    }
    for (const Leaf& leaf :
         SeparateOrThrow(std::move(samples), text::kAllChatConditions, what)) {
      const std::optional<Wording>& wording = labels[leaf.label];
      if (!wording && kind == ChatRuleKind::kInsertSystem) continue;
      Rule rule = FromLeaf(kind, role, leaf);
      rule.drop = !wording;
      if (wording) {
        rule.prefix = wording->prefix;
        rule.trim_start = wording->trim_start;
        rule.trim_end = wording->trim_end;
      }
      rules->push_back(std::move(rule));
    }
  }

  void AddEnds(bool generation_prompt, size_t start, std::vector<Rule>* rules) const {
    Labels<std::string> labels;
    std::vector<Sample> samples;
    for (const End& end : ends_) {
      if (end.generation_prompt != generation_prompt) continue;
      const bool opens = (end.conditions & text::kOpening) != 0;
      samples.push_back(
          {end.conditions, labels.Of(opens ? end.words.substr(start) : end.words), end.origin});
    }
    for (const Leaf& leaf :
         SeparateOrThrow(std::move(samples), text::kAllChatConditions, "ends")) {
      if (labels[leaf.label].empty()) continue;
      Rule rule = FromLeaf(generation_prompt ? ChatRuleKind::kGenerationPrompt
                                             : ChatRuleKind::kEnd,
                           ChatRole::kSystem, leaf);
      rule.prefix = labels[leaf.label];
      rules->push_back(std::move(rule));
    }
  }

  static Rule FromLeaf(ChatRuleKind kind, ChatRole role, const Leaf& leaf) {
    Rule rule;
    rule.kind = kind;
    rule.role = static_cast<format::ChatRole>(role);
    rule.when = leaf.when;
    rule.unless = leaf.unless;
    return rule;
  }

  Observer& observer_;
  std::set<std::string> seen_;
  std::vector<Probe> probes_;
  std::vector<Place> places_;
  std::vector<End> ends_;
  std::vector<Verdict> verdicts_;
  std::vector<std::string> openings_;  ///< the first words of each rendering
};

/// What the runtime makes of a conversation.
Rendering RenderWithRules(const format::ChatTemplate& view, const Probe& probe) {
  Rendering out;
  ErrorDetail detail;
  const std::vector<ChatMessage> messages = probe.Messages();
  const RenderSink append = [](void* text, std::string_view piece, bool) -> Status {
    static_cast<std::string*>(text)->append(piece);
    return {};
  };
  const RenderOptions options = {.generation_prompt = probe.generation_prompt};
  const Status status = text::RenderTemplate(view, messages, options, append, &out.text, &detail);
  if (!status.ok()) {
    const bool refused = status.code() == Code::kInvalidArgument;
    out = {refused ? Rendering::Kind::kRefused : Rendering::Kind::kFailed, detail.text()};
  }
  return out;
}

/// The detail of an error is printable and of limited length: so must be what it is
/// compared with.
Rendering Printable(Rendering rendering) {
  if (rendering.kind != Rendering::Kind::kText) {
    ErrorDetail detail;
    detail.Format("%s", rendering.text.c_str());
    rendering.text = detail.text();
  }
  return rendering;
}

std::string Quoted(const Rendering& rendering, size_t from) {
  std::string out = rendering.kind == Rendering::Kind::kText ? "\"" : "a refusal \"";
  for (const char c : rendering.text.substr(std::min(from, rendering.text.size()), 40)) {
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out + "\"";
}

[[noreturn]] void ThrowDifference(const Probe& probe, const Rendering& expected,
                                  const Rendering& actual) {
  const std::string& a = expected.text;
  const std::string& b = actual.text;
  const auto place = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  const auto at = static_cast<size_t>(place - a.begin());
  const size_t from = expected.kind == actual.kind && at > 10 ? at - 10 : 0;
  throw ChatError(Code::kUnsupported,
                  "the chat template depends on more than the order of the messages: of " +
                      probe.Describe() + " it makes " + Quoted(expected, from) +
                      " where its rules would make " + Quoted(actual, from));
}

/// Which conversations are to be reproduced.
enum class Scope {
  kAll,
  kSystemFirst,  ///< those that have a system message in front, if anywhere
};

bool IsIn(Scope scope, const Probe& probe) {
  return scope == Scope::kAll ||
         std::find(probe.roles.begin() + 1, probe.roles.end(), ChatRole::kSystem) ==
             probe.roles.end();
}

std::vector<Probe> Only(Scope scope, std::vector<Probe> probes) {
  std::erase_if(probes, [scope](const Probe& probe) { return !IsIn(scope, probe); });
  return probes;
}

/// Refuses what `scope` leaves out.
void AddScope(Scope scope, ChatTables* tables) {
  if (scope == Scope::kAll) return;
  Rule rule;
  rule.kind = ChatRuleKind::kRefuseEarly;
  rule.role = format::ChatRole::kSystem;
  rule.unless = text::kFirst;
  rule.prefix = "a system message can only be the first message for this model";
  tables->rules.insert(tables->rules.begin(), rule);
  tables->notes.push_back(
      "the chat template treats system messages behind other messages in a way that is not "
      "supported: they are refused");
}

void RequireRenderable(Jinja& jinja) {
  Probe simplest;
  simplest.roles = {ChatRole::kUser};
  simplest.contents = {Marker(0)};
  const Rendering rendering = jinja.Render(simplest.Messages(), true);
  if (rendering.kind == Rendering::Kind::kFailed) {
    throw ChatError(Code::kUnsupported, "the chat template cannot be rendered: " + rendering.text);
  }
}

/// Compares rules and template on `checks`. Where they differ for an order of roles
/// that is new, learns it and returns false; else throws.
bool Check(const ChatTables& tables, const std::vector<Probe>& checks, bool may_learn,
           Observer& observer, Lessons& lessons) {
  Result<format::ChatTemplate> view = tables.View();
  if (!view.ok()) throw ChatError(view.status().code(), view.status().what());
  bool same = true;
  for (const Probe& probe : checks) {
    const Rendering expected = Printable(observer.Render(probe));
    const Rendering actual = RenderWithRules(view.value(), probe);
    if (expected == actual) continue;
    Probe lesson = probe;
    for (size_t i = 0; i < lesson.contents.size(); ++i) lesson.contents[i] = Marker(i);
    if (!may_learn || !lessons.Add(lesson)) ThrowDifference(probe, expected, actual);
    same = false;
  }
  return same;
}

ChatTables Compile(const ChatSources& sources, Jinja& jinja, Scope scope) {
  Observer observer(jinja);
  const std::vector<Probe> teachers = Only(scope, TeachingProbes());
  for (const Probe& probe : teachers) {
    observer.Observe(probe);
    if (observer.met_system_elsewhere()) break;
  }
  if (observer.met_system_elsewhere()) observer.ExpectSystemElsewhere();

  Lessons lessons(observer);
  for (const Probe& probe : teachers) lessons.Add(probe);
  if (!lessons.renders_users()) {
    throw ChatError(Code::kCorrupt, "the chat template never shows what a user says");
  }
  const std::vector<Probe> checks = Only(scope, CheckingProbes(jinja.literals()));
  ChatTables tables;
  tables.source = sources.jinja;
  for (int round = 0;; ++round) {
    tables.rules = lessons.Rules(std::string(sources.bos_token));
    if (Check(tables, checks, round < kRounds, observer, lessons)) break;
  }
  AddScope(scope, &tables);
  tables.compared = checks.size() + teachers.size();
  return tables;
}

ChatTables Compile(const ChatSources& sources) {
  Jinja jinja(sources.jinja, sources.bos_token, sources.eos_token);
  RequireRenderable(jinja);
  try {
    return Compile(sources, jinja, Scope::kAll);
  } catch (const ChatError& error) {
    if (error.code() != Code::kUnsupported) throw;
  }
  return Compile(sources, jinja, Scope::kSystemFirst);
}

/// Runs `body` on a thread with much stack; here if there is none to be had.
void RunWithStack(const std::function<void()>& body) {
  const auto entry = [](void* context) -> void* {
    (*static_cast<const std::function<void()>*>(context))();
    return nullptr;
  };
  pthread_attr_t attributes;
  pthread_t thread;
  const bool ready = pthread_attr_init(&attributes) == 0;
  if (ready && pthread_attr_setstacksize(&attributes, kStackBytes) == 0 &&
      pthread_create(&thread, &attributes, entry, const_cast<std::function<void()>*>(&body)) ==
          0) {
    pthread_join(thread, nullptr);
  } else {
    body();
  }
  if (ready) pthread_attr_destroy(&attributes);
}

}  // namespace

Result<format::ChatTemplate> ChatTables::View() const {
  format::ChatTemplate view;
  view.source = source;
  QUANTA_ASSIGN(view.rules, Array<format::ChatRule>::Create(rules.size()));
  for (size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    format::ChatRule& out = view.rules[i];
    out.kind = rule.kind;
    out.when = rule.when;
    out.unless = rule.unless;
    out.role = rule.role;
    out.prefix = rule.prefix;
    out.suffix = rule.suffix;
    out.trim = rule.trim_start && rule.trim_end;
    out.trim_start = rule.trim_start && !out.trim;
    out.trim_end = rule.trim_end && !out.trim;
    out.drop = rule.drop;
  }
  return view;
}

Result<ChatTables> CompileChatTemplate(const ChatSources& sources, ErrorDetail* detail) {
  ChatTables tables;
  Code code = Code::kOk;
  std::string problem;
  const auto fail = [&](Code reason, const char* text) {
    code = reason;
    problem = text;
  };
  RunWithStack([&] {
    try {
      tables = Compile(sources);
    } catch (const ChatError& error) {
      fail(error.code(), error.what());
    } catch (const std::bad_alloc&) {
      fail(Code::kOutOfMemory, "compiling the chat template needs too much memory");
    } catch (const std::exception& error) {
      fail(Code::kUnsupported, error.what());
    }
  });
  if (code != Code::kOk) {
    return Fail(detail, code, "the chat template cannot be compiled", "%s", problem.c_str());
  }
  return tables;
}

}  // namespace quanta::converter
