// SPDX-License-Identifier: MIT
#include "tiss_lite/policy/capabilities.h"

#include <algorithm>
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

using Kind = Capabilities::Kind;

// In the order of Kind.
constexpr std::string_view kNames[] = {"fs.read", "fs.write", "run",   "prompt",  "review",
                                       "choose",  "log",      "clock", "run:host"};
constexpr std::string_view kHostPrefix = "host:";

bool IsPath(Kind kind) { return kind == Kind::kFsRead || kind == Kind::kFsWrite; }

void AddOnce(std::vector<std::string>* list, std::string entry) {
  if (std::find(list->begin(), list->end(), entry) == list->end()) {
    list->push_back(std::move(entry));
  }
}

bool CoversOne(Kind kind, const std::string& grant, const std::string& wanted) {
  return IsPath(kind) ? IsWithin(wanted, grant) : grant.empty() || grant == wanted;
}

/// Nothing that leads to another folder, or that a word of a command could not be.
bool IsProgramName(std::string_view name) {
  const auto fits = [](char c) { return IsIdent(c) || c == '-' || c == '.' || c == '+'; };
  return !name.empty() && name[0] != '-' && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

const char* Capabilities::Grant(std::string_view text) {
  if (text == "fs.*") {
    Grant("fs.read");
    return Grant("fs.write");
  }
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view name = text.substr(0, colon);
  const auto* const known = std::find(std::begin(kNames), std::end(kNames), name);
  if (known == std::end(kNames)) return "there is no capability of this name";
  const Kind kind = static_cast<Kind>(known - std::begin(kNames));
  auto& grants = grants_[Index(kind)];
  if (colon == text.size()) {
    grants = Grants{""};
    return nullptr;
  }
  std::string_view rest = text.substr(colon + 1);
  if (!IsPath(kind) && kind != Kind::kRun) return "this capability takes no list";
  if (rest.empty()) return "the list after ':' is empty";
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    std::string entry(TrimBlanks(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (entry.empty()) return "the list after ':' has an empty entry";
    if (IsPath(kind)) {
      std::string path;
      if (const char* why = ResolvePath(entry, &path)) return why;
      entry = std::move(path);
    }
    if (!grants) grants.emplace();
    if (kind == Kind::kRun && entry.starts_with(kHostPrefix)) {
      entry.erase(0, kHostPrefix.size());
      if (!IsProgramName(entry)) return "this is not the name of a program";
      auto& programs = grants_[Index(Kind::kRunProgram)];
      if (!programs) programs.emplace();
      AddOnce(&*programs, std::move(entry));
    } else {
      AddOnce(&*grants, std::move(entry));
    }
  }
  return nullptr;
}

void Capabilities::SetTools(std::vector<std::string> tools) {
  grants_[Index(Kind::kRun)] = std::move(tools);
}

bool Capabilities::MayTouch(Kind kind, std::string_view path) const {
  const auto& grants = grants_[Index(kind)];
  return grants && std::any_of(grants->begin(), grants->end(),
                               [&](const std::string& folder) { return IsWithin(path, folder); });
}

bool Capabilities::MayRun(std::string_view tool) const {
  const auto& grants = grants_[Index(Kind::kRun)];
  return grants && std::any_of(grants->begin(), grants->end(), [&](const std::string& grant) {
           return grant.empty() || grant == tool;
         });
}

bool Capabilities::MayRunProgram(std::string_view name) const {
  const auto& grants = grants_[Index(Kind::kRunProgram)];
  return grants && std::find(grants->begin(), grants->end(), name) != grants->end();
}

std::vector<std::string> Capabilities::ReadFolders() const {
  return grants_[Index(Kind::kFsRead)].value_or(Grants{});
}

bool Capabilities::Covers(const Capabilities& wanted) const {
  for (size_t i = 0; i < kKinds; ++i) {
    if (!wanted.grants_[i]) continue;
    if (!grants_[i]) return false;
    const Kind kind = static_cast<Kind>(i);
    for (const std::string& wish : *wanted.grants_[i]) {
      if (kind == Kind::kRun && wish.empty()) continue;
      const bool covered =
          std::any_of(grants_[i]->begin(), grants_[i]->end(),
                      [&](const std::string& grant) { return CoversOne(kind, grant, wish); });
      if (!covered) return false;
    }
  }
  return true;
}

Capabilities Capabilities::Intersect(const Capabilities& other) const {
  Capabilities both;
  for (size_t i = 0; i < kKinds; ++i) {
    if (!grants_[i] || !other.grants_[i]) continue;
    const Kind kind = static_cast<Kind>(i);
    Grants common;
    for (const std::string& a : *grants_[i]) {
      for (const std::string& b : *other.grants_[i]) {
        if (CoversOne(kind, a, b)) {
          AddOnce(&common, b);
        } else if (CoversOne(kind, b, a)) {
          AddOnce(&common, a);
        }
      }
    }
    // With no path in common nothing may be touched, but RUN itself may still stand.
    if (!common.empty() || kind == Kind::kRun) both.grants_[i] = std::move(common);
  }
  return both;
}

std::vector<std::string> Capabilities::Names() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < kKinds; ++i) {
    if (!grants_[i]) continue;
    const Kind kind = static_cast<Kind>(i);
    const bool programs = grants_[Index(Kind::kRunProgram)].has_value();
    if (kind == Kind::kRun && grants_[i]->empty() && !programs) names.emplace_back("run:");
    for (const std::string& grant : *grants_[i]) {
      names.push_back(grant.empty() ? std::string(kNames[i])
                                    : Concat(kNames[i], ":", grant, IsPath(kind) ? "/" : ""));
    }
  }
  return names;
}

}  // namespace quanta::lite
