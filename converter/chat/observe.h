// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "converter/chat/jinja.h"
#include "converter/chat/probes.h"

namespace quanta::converter {

/// The words before a message's content, and how the content is trimmed.
struct Wording {
  std::string prefix;
  bool trim_start = false, trim_end = false;
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

/// Renders probes and takes the results apart.
/// All functions throw ChatError (kUnsupported) where a rendering is not made of the
/// contents in order, each as it is or trimmed, and words between them.
class Observer {
 public:
  explicit Observer(Jinja& jinja) : jinja_(jinja) {}

  /// Renders; a failure of the template counts as a refusal in our own words. Cached.
  const Rendering& Render(const Probe& probe);

  /// `probe`: contents are all markers.
  Observation Observe(const Probe& probe);

  /// The same conversation with message `silent` saying `nothing` instead. `full`: what
  /// Observe says of it.
  Observation ObserveSilent(const Probe& probe, const Observation& full, size_t silent,
                            const std::string& nothing);

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

  Jinja& jinja_;
  std::map<std::string, Rendering> cache_;
  bool system_elsewhere_ = false;
  bool met_system_elsewhere_ = false;
};

}  // namespace quanta::converter
