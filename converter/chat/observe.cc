// SPDX-License-Identifier: MIT
#include "converter/chat/observe.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "converter/chat/observe_internal.h"

namespace quanta::converter {
namespace {

// Of conversations and what becomes of them: ten times what templates in use need.
constexpr size_t kMaxCachedBytes = 256u << 20;

std::string Key(const Probe& probe) {
  std::string key(1, probe.generation_prompt ? '+' : '-');
  for (size_t i = 0; i < probe.roles.size(); ++i) {
    key += static_cast<char>('0' + static_cast<int>(probe.roles[i]));
    key += std::to_string(probe.contents[i].size()) + ":" + probe.contents[i];
  }
  return key;
}

}  // namespace

const Rendering& Observer::Render(const Probe& probe) {
  auto [entry, added] = cache_.try_emplace(Key(probe));
  if (added) {
    entry->second = jinja_.Render(probe.Messages(), probe.generation_prompt);
    if (entry->second.kind == Rendering::Kind::kFailed) {
      entry->second = {Rendering::Kind::kRefused,
                       "the chat template cannot render this conversation"};
    }
    cached_bytes_ += entry->first.size() + entry->second.text.size();
    if (cached_bytes_ > kMaxCachedBytes) {
      throw ChatError(Code::kLimit, "the chat template makes texts that are too long");
    }
  }
  return entry->second;
}

std::vector<Observer::Part> Observer::Split(const Probe& probe, const std::string& text) {
  const std::string head = Marker(0).substr(0, 2);
  const size_t length = Marker(0).size();
  std::vector<Part> parts;
  size_t from = 0;
  for (size_t at = text.find(head); at != std::string::npos; at = text.find(head, at)) {
    const auto message = static_cast<size_t>(text[at + head.size()] - 'A');
    if (message >= probe.roles.size() || text.compare(at, length, Marker(message)) != 0) {
      Unsupported(probe, "changes what a message says");
    }
    parts.push_back({text.substr(from, at - from), message});
    at += length;
    from = at;
  }
  parts.push_back({text.substr(from), kNoMessage});
  return parts;
}

std::vector<Wording> Observer::Trims(const Probe& probe, const std::vector<Part>& parts) {
  Probe padded = probe;
  for (std::string& content : padded.contents) content = Padded(content);
  const Rendering& rendering = Render(padded);
  std::vector<Wording> trims(parts.size());
  if (rendering.kind != Rendering::Kind::kText) {
    Unsupported(padded, "refuses messages for their white space");
  }
  Cursor cursor(rendering.text);
  for (size_t i = 0; i < parts.size(); ++i) {
    bool same = cursor.Take(parts[i].words);
    if (parts[i].message != kNoMessage) {
      trims[i].start = cursor.TakeStart();
      same = same && cursor.Take(Marker(parts[i].message));
      trims[i].end = cursor.TakeEnd();
    }
    if (!same) Unsupported(padded, "treats white space around messages in an unusual way");
  }
  if (!cursor.at_end()) Unsupported(padded, "treats white space in an unusual way");
  return trims;
}

Observation Observer::Assign(const Probe& probe, const std::vector<Part>& parts,
                             const std::vector<Wording>& trims) {
  const bool elsewhere = system_elsewhere_ && probe.roles[0] == ChatRole::kSystem;
  Observation seen;
  seen.messages.resize(probe.roles.size());
  seen.insertions.resize(probe.roles.size());
  std::optional<Wording> waiting;
  size_t expected = elsewhere ? 1 : 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    Wording wording = trims[i];
    wording.prefix = parts[i].words;
    if (parts[i].message == kNoMessage) {
      if (waiting) Unsupported(probe, "puts the system message at the end");
      seen.end = parts[i].words;
    } else if (elsewhere && parts[i].message == 0) {
      if (waiting) Unsupported(probe, "repeats the system message");
      waiting = wording;
    } else if (parts[i].message < expected) {
      if (parts[i].message == 0 && probe.roles[0] == ChatRole::kSystem) {
        met_system_elsewhere_ = true;
        return seen;
      }
      Unsupported(probe, "repeats or reorders messages");
    } else {
      // A system message that comes after later ones shows as a gap only.
      if (expected == 0 && parts[i].message > 0 && probe.roles[0] == ChatRole::kSystem) {
        for (size_t later = i + 1; later < parts.size(); ++later) {
          if (parts[later].message == 0) {
            met_system_elsewhere_ = true;
            return seen;
          }
        }
      }
      expected = parts[i].message + 1;
      seen.insertions[parts[i].message] = std::exchange(waiting, std::nullopt);
      seen.messages[parts[i].message] = wording;
    }
  }
  return seen;
}

Observation Observer::Observe(const Probe& probe) {
  const Rendering& rendering = Render(probe);
  if (rendering.kind == Rendering::Kind::kRefused) {
    Observation seen;
    seen.refusal = rendering.text;
    return seen;
  }
  const std::vector<Part> parts = Split(probe, rendering.text);
  return Assign(probe, parts, Trims(probe, parts));
}

Observation Observer::ObserveSilent(const Probe& probe, const Observation& full, size_t silent,
                                    const std::string& nothing) {
  Probe changed = probe;
  changed.contents[silent] = nothing;
  const Rendering& rendering = Render(changed);
  if (rendering.kind == Rendering::Kind::kRefused) {
    Observation seen;
    seen.refusal = rendering.text;
    return seen;
  }
  // Most templates do not care: the same words, nothing between them.
  if (!full.refusal) {
    std::string expected;
    for (const Part& part : Split(probe, Render(probe).text)) {
      expected += part.words;
      if (part.message == kNoMessage) continue;
      const Wording how = WordingIn(full, part.message);
      // Of white space, either is enough.
      const bool gone = how.start == Trim::kAll || how.end == Trim::kAll;
      expected += part.message != silent ? Marker(part.message) : gone ? "" : nothing;
    }
    if (expected == rendering.text) return full;
  }
  // The others skip it.
  const std::vector<Part> parts = Split(changed, rendering.text);
  std::vector<Wording> trims(parts.size());
  for (size_t i = 0; i + 1 < parts.size(); ++i) trims[i] = WordingIn(full, parts[i].message);
  return Assign(changed, parts, trims);
}

}  // namespace quanta::converter
