// SPDX-License-Identifier: MIT
//
// Messages that say more than a marker: what becomes of thoughts and replies.
#include <utility>

#include "converter/chat/observe.h"
#include "converter/chat/observe_internal.h"

namespace quanta::converter {

std::string Observer::FlavoredContent(Flavor flavor, size_t message) const {
  const auto text = [](std::string_view part) { return std::string(part); };
  switch (flavor) {
    case Flavor::kThoughtful:
      return text(marks_.thought_open) + kThoughtMarker + text(marks_.thought_close) +
             Marker(message);
    case Flavor::kThoughtless:
      return text(marks_.thought_close) + Marker(message);
    case Flavor::kReply:
      return text(marks_.reply_open) + Marker(message) + text(marks_.reply_close);
    case Flavor::kPlain:
      break;
  }
  return Marker(message);
}

/// Puts a marker in `text` in the place of what is shown of `content`, and says in
/// `wording` what that was.
void Observer::FindFlavor(const Probe& probe, const std::string& content, size_t message,
                          std::string* text, Wording* wording) const {
  const std::string marker = Marker(message);
  if (const size_t whole = text->find(content); whole != std::string::npos) {
    text->replace(whole, content.size(), marker);
    wording->part = format::ChatPart::kAll;
    return;
  }
  wording->part = format::ChatPart::kAnswer;
  const std::string thought = kThoughtMarker;
  const size_t start =
      content.find(thought) == std::string::npos ? std::string::npos : text->find(thought);
  if (start == std::string::npos) return;
  const size_t behind = start + thought.size();
  const size_t answer = text->find(marker, behind);
  if (answer == std::string::npos) Unsupported(probe, "shows what a message thinks alone");
  wording->part = format::ChatPart::kThoughtAndAnswer;
  wording->middle = text->substr(behind, answer - behind);
  text->erase(start, answer - start);
}

/// Finds out how contents are trimmed that think.
void Observer::TrimFlavored(const Probe& probe, const std::vector<Flavor>& flavors,
                            const std::vector<Part>& parts, std::vector<Wording>* wordings) {
  const auto thinks = [&](size_t message) {
    return flavors[message] == Flavor::kThoughtful || flavors[message] == Flavor::kThoughtless;
  };
  // Everything before the answer. A thought of white space would be one.
  const auto before = [&](size_t message) {
    const std::string close(marks_.thought_close);
    if (flavors[message] == Flavor::kThoughtless) return close;
    return std::string(marks_.thought_open) + Padded(kThoughtMarker) + close;
  };
  const auto front = [&](size_t message) {
    return flavors[message] == Flavor::kThoughtful ? kPadBefore : std::string_view();
  };
  Probe padded = probe;
  for (size_t i = 0; i < flavors.size(); ++i) {
    if (!thinks(i)) continue;
    padded.contents[i] = std::string(front(i)) + before(i) + Padded(Marker(i));
  }
  const Rendering& rendering = Render(padded);
  if (rendering.kind != Rendering::Kind::kText) {
    Unsupported(padded, "refuses messages for their white space");
  }
  Cursor cursor(rendering.text);
  for (size_t i = 0; i < parts.size(); ++i) {
    bool same = cursor.Take(parts[i].words);
    const size_t message = parts[i].message;
    if (message != kNoMessage && !thinks(message)) {
      same = same && cursor.Take(probe.contents[message]);
    } else if (message != kNoMessage) {
      Wording& wording = (*wordings)[i];
      if (wording.part == format::ChatPart::kThoughtAndAnswer) {
        const std::string thought = Padded(kThoughtMarker);
        same = same && cursor.Take(std::string_view(thought).substr(1, thought.size() - 2)) &&
               cursor.Take(wording.middle);
      }
      const bool all = wording.part == format::ChatPart::kAll;
      // Without white space in front, it is trimmed as it would be without a thought.
      if (!all || !front(message).empty()) wording.start = cursor.TakeStart();
      if (all) same = same && cursor.Take(before(message) + std::string(kPadBefore));
      same = same && cursor.Take(Marker(message));
      wording.end = cursor.TakeEnd();
    }
    if (!same) Unsupported(padded, "treats white space around thoughts in an unusual way");
  }
  if (!cursor.at_end()) Unsupported(padded, "treats white space in an unusual way");
}

Observation Observer::ObserveFlavored(const Probe& probe, const Observation& full,
                                      const std::vector<Flavor>& flavors) {
  Probe changed = probe;
  for (size_t i = 0; i < flavors.size(); ++i) {
    changed.contents[i] = FlavoredContent(flavors[i], i);
  }
  const Rendering& rendering = Render(changed);
  if (rendering.kind == Rendering::Kind::kRefused) {
    Observation seen;
    seen.refusal = rendering.text;
    return seen;
  }
  std::string text = rendering.text;
  std::vector<Wording> found(flavors.size());
  for (size_t i = 0; i < flavors.size(); ++i) {
    found[i] = WordingIn(full, i);
    if (flavors[i] != Flavor::kPlain) {
      FindFlavor(changed, changed.contents[i], i, &text, &found[i]);
    }
  }
  const std::vector<Part> parts = Split(changed, text);
  std::vector<Wording> wordings(parts.size());
  for (size_t i = 0; i + 1 < parts.size(); ++i) wordings[i] = found[parts[i].message];
  TrimFlavored(changed, flavors, parts, &wordings);
  return Assign(changed, parts, wordings);
}

}  // namespace quanta::converter
