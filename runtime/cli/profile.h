// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "quanta/model.h"
#include "quanta/session.h"
#include "runtime/cli/json.h"
#include "runtime/cli/measure.h"

namespace quanta::cli {

/// Adds up what the phases of forward passes take, read and compute.
class Profile {
 public:
  /// Hooks that feed this profile; it must outlive their use.
  void Install(Session::FeedHooks* hooks);

  struct Row {
    double seconds = 0;
    PhaseWork work;
  };
  const Row& row(Phase phase) const { return rows_[static_cast<size_t>(phase)]; }
  double seconds() const;  ///< of all phases

 private:
  static void OnPhase(void* context, Phase phase, const PhaseWork& work);

  std::array<Row, kPhases> rows_;
  Stopwatch clock_;
  Phase current_ = Phase::kDone;
  double since_ = 0;
};

/// What the machine reached in loops that only read, and only multiply (quanta/probe.h).
struct Ceiling {
  double read_gb_s = 0;
  double int8_gops = 0;  ///< 2 per multiply-add
};

/// The best of several tries. Takes about a second and `read_bytes` of memory.
Ceiling MeasureCeiling(const Model& model, size_t read_bytes, int threads);

/// The profile's phases as JSON; a phase without work has only its time.
Json ProfileJson(const Profile& profile, const Ceiling& ceiling);

/// The same for people: a table, one line a phase, below `title`.
std::string ProfileText(const char* title, const Profile& profile, const Ceiling& ceiling);

}  // namespace quanta::cli
