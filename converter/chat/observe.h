// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "converter/chat/jinja.h"
#include "converter/chat/probes.h"
#include "runtime/format/model_view.h"
#include "runtime/text/chat_conditions.h"

namespace quanta::converter {

enum class Trim { kNone, kNewlines, kAll };

/// The words before a message's content, what of the content is shown, and how that is
/// trimmed.
struct Wording {
  std::string prefix;
  Trim start = Trim::kNone, end = Trim::kNone;
  format::ChatPart part = format::ChatPart::kAll;
  std::string middle;  ///< between thought and answer
  friend auto operator<=>(const Wording&, const Wording&) = default;
};

/// What a template did with a conversation. All words between two contents count as
/// the prefix of the second: that says nothing about which message the template's
/// author had in mind, but no text depends on it.
struct Observation {
  std::optional<std::string> refusal;
  std::vector<std::optional<Wording>> messages;  ///< nothing: it was dropped
  /// Message 0, rendered in front of this message instead of in its own place.
  std::vector<std::optional<Wording>> insertions;
  std::string end;  ///< the words after the last content
};

/// What a message says, other than a marker.
enum class Flavor {
  kPlain,        ///< a marker after all
  kThoughtful,   ///< a thought and an answer
  kThoughtless,  ///< an answer behind a thought that is empty
  kReply,        ///< something that does not count as a question
};

/// Renders probes and takes the results apart.
/// All functions throw ChatError (kUnsupported) where a rendering is not made of the
/// contents in order, each as it is or trimmed, and words between them.
class Observer {
 public:
  Observer(Jinja& jinja, const text::ChatMarks& marks) : jinja_(jinja), marks_(marks) {}
  const text::ChatMarks& marks() const { return marks_; }

  /// Renders; a failure of the template counts as a refusal in our own words. Cached.
  const Rendering& Render(const Probe& probe);

  /// `probe`: contents are all markers.
  Observation Observe(const Probe& probe);

  /// The same conversation with message `silent` saying `nothing` instead. `full`: what
  /// Observe says of it.
  Observation ObserveSilent(const Probe& probe, const Observation& full, size_t silent,
                            const std::string& nothing);

  /// The same conversation with messages of these flavors, which FlavoredContent gives.
  Observation ObserveFlavored(const Probe& probe, const Observation& full,
                              const std::vector<Flavor>& flavors);
  std::string FlavoredContent(Flavor flavor, size_t message) const;

  /// From now on, a leading system message is looked for in front of other messages.
  void ExpectSystemElsewhere() { system_elsewhere_ = true; }
  /// Whether Observe met one there without having been told.
  bool met_system_elsewhere() const { return met_system_elsewhere_; }

 private:
  struct Part {
    std::string words;
    size_t message;
  };
  /// Words and contents in turn; the last part has no message.
  std::vector<Part> Split(const Probe& probe, const std::string& text);
  Observation Assign(const Probe& probe, const std::vector<Part>& parts,
                     const std::vector<Wording>& trims);
  std::vector<Wording> Trims(const Probe& probe, const std::vector<Part>& parts);
  void FindFlavor(const Probe& probe, const std::string& content, size_t message, std::string* text,
                  Wording* wording) const;
  void TrimFlavored(const Probe& probe, const std::vector<Flavor>& flavors,
                    const std::vector<Part>& parts, std::vector<Wording>* wordings);

  Jinja& jinja_;
  text::ChatMarks marks_;
  std::map<std::string, Rendering> cache_;
  size_t cached_bytes_ = 0;
  bool system_elsewhere_ = false;
  bool met_system_elsewhere_ = false;
};

}  // namespace quanta::converter
