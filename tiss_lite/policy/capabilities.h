// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::lite {

/// What a run may do. Starts with nothing; can be granted by a host, and narrowed.
class Capabilities {
 public:
  enum class Kind : uint8_t {
    kFsRead,
    kFsWrite,
    kRun,
    kPrompt,
    kReview,
    kChoose,
    kLog,
    kClock,
    kRunProgram,  ///< programs of the host, "run:host:NAME": each by name
  };

  /// Adds what `text` names: "fs.read", "fs.write:out/", "run:ls,cat", "run:host:python3",
  /// "prompt",
  /// ...
  /// Returns null, or what is wrong with it.
  const char* Grant(std::string_view text);
  /// "run" for these tools only, whatever was granted before.
  void SetTools(std::vector<std::string> tools);

  bool Has(Kind kind) const { return grants_[Index(kind)].has_value(); }
  bool MayRead(std::string_view path) const { return MayTouch(Kind::kFsRead, path); }
  bool MayWrite(std::string_view path) const { return MayTouch(Kind::kFsWrite, path); }
  bool MayRun(std::string_view tool) const;
  bool MayRunProgram(std::string_view name) const;
  /// The folders and files granted for reading, resolved; "" is the root.
  std::vector<std::string> ReadFolders() const;

  /// True if everything in `wanted` is granted here; paths must lie in granted ones. Any "run"
  /// covers a wish for "run" without a list of tools.
  bool Covers(const Capabilities& wanted) const;
  /// What both grant.
  Capabilities Intersect(const Capabilities& other) const;

  /// As Grant() takes them, for people and JSON.
  std::vector<std::string> Names() const;

 private:
  /// Paths or tools; one that is empty stands for all.
  using Grants = std::vector<std::string>;
  static constexpr size_t kKinds = 9;
  static size_t Index(Kind kind) { return static_cast<size_t>(kind); }
  bool MayTouch(Kind kind, std::string_view path) const;

  std::optional<Grants> grants_[kKinds];
};

}  // namespace quanta::lite
