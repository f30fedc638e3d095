// SPDX-License-Identifier: MIT
#include "converter/chat/compile.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "converter/chat/jinja.h"
#include "converter/chat/lessons.h"
#include "converter/chat/marks.h"
#include "converter/chat/observe.h"
#include "converter/chat/probes.h"
#include "runtime/format/limits.h"
#include "runtime/text/chat_conditions.h"
#include "runtime/text/chat_template.h"

namespace quanta::converter {
namespace {

using format::ChatRuleKind;
using Rule = ChatTables::Rule;

constexpr int kRounds = 24;
// The engine recurses over the template's structure, which is hostile.
constexpr size_t kStackBytes = size_t{64} << 20;

/// What the runtime makes of a conversation.
Rendering RenderWithRules(const format::ChatTemplate& view, const Probe& probe,
                          const LocalTime* now = nullptr) {
  Rendering out;
  ErrorDetail detail;
  const std::vector<ChatMessage> messages = probe.Messages();
  const RenderSink append = [](void* text, std::string_view piece, bool) -> Status {
    static_cast<std::string*>(text)->append(piece);
    return {};
  };
  const RenderOptions options = {.generation_prompt = probe.generation_prompt, .now = now};
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
  return scope == Scope::kAll || std::find(probe.roles.begin() + 1, probe.roles.end(),
                                           ChatRole::kSystem) == probe.roles.end();
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

/// Compares rules and template at several moments.
void CheckDates(const ChatTables& tables, const std::vector<Probe>& checks, Jinja& jinja) {
  constexpr LocalTime kMoments[] = {
      {2024, 2, 29, 0, 0, 0},   {2031, 12, 31, 23, 59, 59}, {1999, 7, 4, 12, 30, 5},
      {2025, 5, 1, 9, 5, 0},    {2026, 11, 23, 13, 0, 1},   {2000, 1, 1, 1, 1, 1},
      {2100, 3, 10, 17, 45, 0}, {2027, 9, 18, 11, 11, 11},
  };
  Result<format::ChatTemplate> view = tables.View();
  if (!view.ok()) throw ChatError(view.status().code(), view.status().what());
  size_t count = 0;
  for (const Probe& probe : checks) {
    const LocalTime& now = kMoments[count++ % std::size(kMoments)];
    Rendering expected = jinja.Render(probe.Messages(), probe.generation_prompt, &now);
    if (expected.kind == Rendering::Kind::kFailed) continue;  // as in Check
    expected = Printable(std::move(expected));
    const Rendering actual = RenderWithRules(view.value(), probe, &now);
    if (expected != actual) {
      throw ChatError(Code::kUnsupported, "the chat template computes with the date");
    }
  }
}

ChatTables Compile(const ChatSources& sources, Jinja& jinja, Scope scope,
                   const text::ChatMarks& marks) {
  Observer observer(jinja, marks);
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
  const std::vector<Probe> checks = Only(scope, CheckingProbes(jinja.literals(), marks));
  ChatTables tables;
  tables.source = sources.jinja;
  tables.thought_open = marks.thought_open;
  tables.thought_close = marks.thought_close;
  tables.reply_open = marks.reply_open;
  tables.reply_close = marks.reply_close;
  for (int round = 0;; ++round) {
    tables.rules = lessons.Rules(std::string(sources.bos_token));
    if (Check(tables, checks, round < kRounds, observer, lessons)) break;
  }
  if (jinja.asked_date()) {
    tables.date_mark = kDateMark;
    CheckDates(tables, checks, jinja);
    tables.notes.push_back("the chat template prints the date: the device's clock tells it");
  }
  AddScope(scope, &tables);
  if (tables.rules.size() > format::kMaxChatRules) {
    throw ChatError(Code::kLimit, "the chat template needs too many rules: " +
                                      std::to_string(tables.rules.size()));
  }
  tables.compared = checks.size() + teachers.size();
  return tables;
}

ChatTables Compile(const ChatSources& sources) {
  Jinja jinja(sources.jinja, sources.bos_token, sources.eos_token);
  RequireRenderable(jinja);
  std::optional<ChatError> first;
  for (const Scope scope : {Scope::kAll, Scope::kSystemFirst}) {
    for (const text::ChatMarks& marks : PossibleMarks(jinja.literals())) {
      try {
        return Compile(sources, jinja, scope, marks);
      } catch (const ChatError& error) {
        if (error.code() != Code::kUnsupported) throw;
        if (!first) first = error;
      }
    }
  }
  throw *first;
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
      pthread_create(&thread, &attributes, entry, const_cast<std::function<void()>*>(&body)) == 0) {
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
  view.bos_token = bos_token;
  view.eos_token = eos_token;
  view.date_mark = date_mark;
  view.thought_open = thought_open;
  view.thought_close = thought_close;
  view.reply_open = reply_open;
  view.reply_close = reply_close;
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
    out.newlines = rule.newlines;
    out.part = rule.part;
    out.middle = rule.middle;
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
  tables.bos_token = sources.bos_token;
  tables.eos_token = sources.eos_token;
  return tables;
}

ChatTables CopyChatTables(const format::ChatTemplate& view) {
  ChatTables tables;
  tables.source = view.source;
  tables.bos_token = view.bos_token;
  tables.eos_token = view.eos_token;
  tables.date_mark = view.date_mark;
  tables.thought_open = view.thought_open;
  tables.thought_close = view.thought_close;
  tables.reply_open = view.reply_open;
  tables.reply_close = view.reply_close;
  for (const format::ChatRule& rule : view.rules) {
    ChatTables::Rule& out = tables.rules.emplace_back();
    out.kind = rule.kind;
    out.when = rule.when;
    out.unless = rule.unless;
    out.role = rule.role;
    out.prefix = rule.prefix;
    out.suffix = rule.suffix;
    out.trim_start = rule.trim || rule.trim_start;
    out.trim_end = rule.trim || rule.trim_end;
    out.newlines = rule.newlines;
    out.part = rule.part;
    out.middle = rule.middle;
    out.drop = rule.drop;
  }
  return tables;
}

}  // namespace quanta::converter
