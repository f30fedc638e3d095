// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tiss_lite/vfs/lower_folder.h"

namespace quanta::lite {

/// A lower folder that is no folder of the host.
class MemoryFolder : public LowerFolder {
 public:
  /// The contents of files by path; none: a folder. Each path's folders are in it too.
  using Tree = std::map<std::string, std::optional<std::string>>;
  explicit MemoryFolder(Tree tree) : tree_(std::move(tree)) {}

  NodeKind Look(const std::string& path) override {
    if (path.empty()) return NodeKind::kFolder;
    const auto node = tree_.find(path);
    if (node == tree_.end()) return NodeKind::kNone;
    return node->second ? NodeKind::kFile : NodeKind::kFolder;
  }

  ReadResult Read(const std::string& path, size_t max, std::string* bytes) override {
    const auto node = tree_.find(path);
    if (node == tree_.end() || !node->second) return ReadResult::kFailed;
    if (node->second->size() > max) return ReadResult::kTooLarge;
    *bytes = *node->second;
    return ReadResult::kOk;
  }

  bool List(const std::string& path, std::vector<std::string>* names) override {
    const std::string prefix = path.empty() ? path : path + "/";
    names->clear();
    for (const auto& [name, contents] : tree_) {
      if (!name.starts_with(prefix)) continue;
      const std::string rest = name.substr(prefix.size());
      if (rest.find('/') == rest.npos) names->push_back(rest);
    }
    return true;
  }

  const Tree& tree() const { return tree_; }

 private:
  Tree tree_;
};

}  // namespace quanta::lite
