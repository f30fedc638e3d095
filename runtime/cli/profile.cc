// SPDX-License-Identifier: MIT
#include "runtime/cli/profile.h"

#include <algorithm>
#include <cstdio>

#include "quanta/probe.h"
#include "runtime/cli/error.h"

namespace quanta::cli {
namespace {

constexpr const char* kNames[kPhases] = {"embed",     "norm",   "quantize", "qkv",  "kv_cache",
                                         "attention", "output", "gate_up",  "down", "head"};

uint64_t BytesOf(const Profile::Row& row) { return row.work.weight_bytes + row.work.cache_bytes; }

double Giga(uint64_t count, double seconds) { return Rate(count, seconds) * 1e-9; }

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// The sum of all phases.
Profile::Row Total(const Profile& profile) {
  Profile::Row total;
  for (int i = 0; i < kPhases; ++i) {
    const Profile::Row& row = profile.row(static_cast<Phase>(i));
    total.seconds += row.seconds;
    total.work.weight_bytes += row.work.weight_bytes;
    total.work.cache_bytes += row.work.cache_bytes;
    total.work.multiply_adds += row.work.multiply_adds;
  }
  return total;
}

Json RowJson(const Profile::Row& row, double whole, const Ceiling& ceiling) {
  Json json = {{"seconds", row.seconds}, {"share", Share(row.seconds, whole)}};
  if (BytesOf(row) != 0) {
    json["bytes"] = BytesOf(row);
    json["gb_s"] = Giga(BytesOf(row), row.seconds);
    json["of_read"] = Share(Giga(BytesOf(row), row.seconds), ceiling.read_gb_s);
  }
  if (row.work.multiply_adds != 0) {
    const double gops = Giga(2 * row.work.multiply_adds, row.seconds);
    json["gops"] = gops;
    json["of_int8"] = Share(gops, ceiling.int8_gops);
  }
  return json;
}

std::string RowText(const char* name, const Profile::Row& row, double whole,
                    const Ceiling& ceiling) {
  char line[160];
  std::snprintf(line, sizeof line, "%-10s %10.3f ms %5.1f %%", name, row.seconds * 1e3,
                100 * Share(row.seconds, whole));
  std::string text = line;
  if (row.work.multiply_adds != 0) {
    const double gb_s = Giga(BytesOf(row), row.seconds);
    const double gops = Giga(2 * row.work.multiply_adds, row.seconds);
    std::snprintf(line, sizeof line, " %9.2f GB/s %4.0f %% %9.1f GOPS %4.0f %%", gb_s,
                  100 * Share(gb_s, ceiling.read_gb_s), gops, 100 * Share(gops, ceiling.int8_gops));
    text += line;
  }
  return text + "\n";
}

/// Calls `once`, which returns how much it did, for about `seconds`; the best rate.
template <class Function>
double BestRate(double seconds, const Function& once) {
  once();
  double best = 0;
  const Stopwatch all;
  do {
    const Stopwatch watch;
    const uint64_t done = once();
    best = std::max(best, Rate(done, watch.Seconds()));
  } while (all.Seconds() < seconds);
  return best;
}

}  // namespace

void Profile::Install(Session::FeedHooks* hooks) {
  hooks->context = this;
  hooks->on_phase = OnPhase;
}

void Profile::OnPhase(void* context, Phase phase, const PhaseWork& work) {
  auto& profile = *static_cast<Profile*>(context);
  const double now = profile.clock_.Seconds();
  if (profile.current_ != Phase::kDone) {
    profile.rows_[static_cast<size_t>(profile.current_)].seconds += now - profile.since_;
  }
  profile.current_ = phase;
  profile.since_ = now;
  if (phase == Phase::kDone) return;
  PhaseWork& sum = profile.rows_[static_cast<size_t>(phase)].work;
  sum.weight_bytes += work.weight_bytes;
  sum.cache_bytes += work.cache_bytes;
  sum.multiply_adds += work.multiply_adds;
}

double Profile::seconds() const { return Total(*this).seconds; }

Ceiling MeasureCeiling(const Model& model, size_t read_bytes, int threads) {
  ErrorDetail detail;
  Probe probe = Value(Probe::Create(model, read_bytes, threads, &detail), detail, "probe");
  constexpr double kSeconds = 0.4;
  return {.read_gb_s = BestRate(kSeconds, [&] { return probe.Read(); }) * 1e-9,
          .int8_gops = BestRate(kSeconds, [&] { return 2 * probe.Multiply(); }) * 1e-9};
}

Json ProfileJson(const Profile& profile, const Ceiling& ceiling) {
  const double whole = profile.seconds();
  Json phases = Json::object();
  for (int i = 0; i < kPhases; ++i) {
    phases[kNames[i]] = RowJson(profile.row(static_cast<Phase>(i)), whole, ceiling);
  }
  phases["all"] = RowJson(Total(profile), whole, ceiling);
  return phases;
}

std::string ProfileText(const char* title, const Profile& profile, const Ceiling& ceiling) {
  const double whole = profile.seconds();
  char line[160];
  std::snprintf(line, sizeof line, "%s: of %.1f GB/s read and %.0f GOPS of int8 in cache\n", title,
                ceiling.read_gb_s, ceiling.int8_gops);
  std::string text = line;
  for (int i = 0; i < kPhases; ++i) {
    text += RowText(kNames[i], profile.row(static_cast<Phase>(i)), whole, ceiling);
  }
  return text + RowText("all", Total(profile), whole, ceiling);
}

}  // namespace quanta::cli
