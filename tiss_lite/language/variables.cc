// SPDX-License-Identifier: MIT
#include "tiss_lite/language/variables.h"

#include <algorithm>
#include <unordered_set>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {

const DraftName* NameAt(const Draft& draft, uint32_t offset) {
  const auto after =
      std::upper_bound(draft.names.begin(), draft.names.end(), offset,
                       [](uint32_t at, const DraftName& name) { return at < name.span.begin; });
  if (after == draft.names.begin() || offset > (after - 1)->span.end) return nullptr;
  return &*(after - 1);
}

std::vector<const DraftName*> PlacesOf(const Draft& draft, const Source& source,
                                       std::string_view name) {
  std::vector<const DraftName*> places;
  for (const DraftName& place : draft.names) {
    if (source.TextOf(place.span) == name) places.push_back(&place);
  }
  return places;
}

const DraftName* DefinitionOf(const Draft& draft, const Source& source, const DraftName& use) {
  if (use.sets) return &use;
  const DraftName* found = nullptr;
  for (const DraftName* place : PlacesOf(draft, source, source.TextOf(use.span))) {
    if (!place->sets) continue;
    const bool before = place->span.begin < use.span.begin;
    if (before || found == nullptr) found = place;
    if (!before) break;
  }
  return found;
}

std::vector<std::string_view> VariablesOf(const Draft& draft, const Source& source) {
  std::vector<std::string_view> names;
  std::unordered_set<std::string_view> seen;
  for (const DraftName& place : draft.names) {
    const std::string_view name = source.TextOf(place.span);
    if (place.sets && seen.insert(name).second) names.push_back(name);
  }
  return names;
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && IsIdentStart(name[0]) && std::all_of(name.begin(), name.end(), IsIdent);
}

}  // namespace quanta::lite
