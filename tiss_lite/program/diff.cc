// SPDX-License-Identifier: MIT
//
// E. Myers, "An O(ND) difference algorithm and its variations", Algorithmica 1, 1986.
#include "tiss_lite/program/diff.h"

#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/program/node_json.h"

namespace quanta::lite::program {
namespace {

using Lines = std::vector<std::string_view>;

/// Lines with their ends; the last may have none.
Lines SplitLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

struct Edit {
  char kind;  ///< ' ' both, '-' before, '+' after
  std::string_view line;
};

/// The edits between equal beginnings and ends.
class Differ {
 public:
  Differ(const Lines& a, const Lines& b) : a_(a), b_(b) {}

  std::vector<Edit> Run() {
    size_t begin = 0, end = 0;
    while (begin < std::min(a_.size(), b_.size()) && a_[begin] == b_[begin]) ++begin;
    while (end < std::min(a_.size(), b_.size()) - begin &&
           a_[a_.size() - 1 - end] == b_[b_.size() - 1 - end]) {
      ++end;
    }
    for (size_t i = 0; i < begin; ++i) edits_.push_back({' ', a_[i]});
    first_ = static_cast<int>(begin);
    n_ = static_cast<int>(a_.size() - begin - end);
    m_ = static_cast<int>(b_.size() - begin - end);
    if (!Shortest()) Replace();
    for (size_t i = a_.size() - end; i < a_.size(); ++i) edits_.push_back({' ', a_[i]});
    return std::move(edits_);
  }

 private:
  std::string_view A(int i) const { return a_[static_cast<size_t>(first_ + i)]; }
  std::string_view B(int i) const { return b_[static_cast<size_t>(first_ + i)]; }

  void Replace() {
    for (int i = 0; i < n_; ++i) edits_.push_back({'-', A(i)});
    for (int i = 0; i < m_; ++i) edits_.push_back({'+', B(i)});
  }

  /// False if too many lines differ to look for the shortest way.
  bool Shortest() {
    constexpr int kMostEdits = 2000;
    // furthest_[d][k + d]: how far in `before` d edits reach on diagonal k.
    std::vector<std::vector<int>> furthest;
    for (int d = 0; d <= std::min(n_ + m_, kMostEdits); ++d) {
      furthest.emplace_back(static_cast<size_t>(2 * d + 1), 0);
      for (int k = -d; k <= d; k += 2) {
        int x = d == 0 ? 0 : Step(furthest[static_cast<size_t>(d - 1)], d - 1, k);
        while (x < n_ && x - k < m_ && x - k >= 0 && A(x) == B(x - k)) ++x;
        furthest[static_cast<size_t>(d)][static_cast<size_t>(k + d)] = x;
        if (x >= n_ && x - k >= m_) {
          Trace(furthest, k);
          return true;
        }
      }
    }
    return false;
  }

  /// The start on diagonal k of the step after `before`, which has d edits.
  static int Step(const std::vector<int>& before, int d, int k) {
    const bool down = GoesDown(before, d, k);
    return down ? before[static_cast<size_t>(k + 1 + d)]
                : before[static_cast<size_t>(k - 1 + d)] + 1;
  }
  static bool GoesDown(const std::vector<int>& before, int d, int k) {
    if (k - 1 < -d) return true;
    if (k + 1 > d) return false;
    return before[static_cast<size_t>(k - 1 + d)] < before[static_cast<size_t>(k + 1 + d)];
  }

  void Trace(const std::vector<std::vector<int>>& furthest, int k) {
    std::vector<Edit> back;
    int x = n_, y = m_;
    for (int d = static_cast<int>(furthest.size()) - 1; d >= 0; --d) {
      const int start = d == 0 ? 0 : Step(furthest[static_cast<size_t>(d - 1)], d - 1, k);
      while (x > start && y > 0) {
        back.push_back({' ', A(--x)});
        --y;
      }
      if (d == 0) break;
      if (GoesDown(furthest[static_cast<size_t>(d - 1)], d - 1, k)) {
        back.push_back({'+', B(--y)});
        ++k;
      } else {
        back.push_back({'-', A(--x)});
        --k;
      }
    }
    edits_.insert(edits_.end(), back.rbegin(), back.rend());
  }

  const Lines &a_, &b_;
  int first_ = 0, n_ = 0, m_ = 0;
  std::vector<Edit> edits_;
};

std::string Range(size_t begin, size_t count) {
  // A range without lines stands after the line before it.
  const std::string first = std::to_string(count == 0 ? begin : begin + 1);
  return count == 1 ? first : Concat(first, ",", std::to_string(count));
}

void AddHunk(const std::vector<Edit>& edits, size_t begin, size_t end, size_t a, size_t b,
             std::string* out) {
  size_t old_lines = 0, new_lines = 0;
  for (size_t i = begin; i < end; ++i) {
    old_lines += edits[i].kind != '+';
    new_lines += edits[i].kind != '-';
  }
  out->append(Concat("@@ -", Range(a, old_lines), " +", Range(b, new_lines), " @@\n"));
  for (size_t i = begin; i < end; ++i) {
    *out += edits[i].kind;
    out->append(edits[i].line);
    if (!edits[i].line.ends_with('\n')) out->append("\n\\ No newline at end of file\n");
  }
}

bool IsText(const Bytes& bytes) {
  return !bytes || (IsUtf8(*bytes) && bytes->find('\0') == std::string::npos);
}

bool IsText(const Vfs::Change& change) {
  return IsText(change.old_bytes) && IsText(change.new_bytes);
}

std::string HunksOf(const Vfs::Change& change) {
  return UnifiedHunks(change.old_bytes ? *change.old_bytes : "",
                      change.new_bytes ? *change.new_bytes : "");
}

std::string Coloured(std::string_view diff) {
  std::string out;
  while (!diff.empty()) {
    const size_t end = std::min(diff.find('\n'), diff.size() - 1);
    std::string line(diff.substr(0, end));
    diff.remove_prefix(end + 1);
    for (char& c : line) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) c = '?';
    }
    const bool file = line.starts_with("--- ") || line.starts_with("+++ ");
    const char* colour = file                    ? "\x1b[1m"
                         : line.starts_with("@") ? "\x1b[36m"
                         : line.starts_with("-") ? "\x1b[31m"
                         : line.starts_with("+") ? "\x1b[32m"
                                                 : "";
    out.append(colour).append(line).append(*colour == '\0' ? "\n" : "\x1b[0m\n");
  }
  return out;
}

}  // namespace

std::string UnifiedHunks(std::string_view before, std::string_view after) {
  constexpr size_t kContext = 3;
  const Lines a = SplitLines(before), b = SplitLines(after);
  const std::vector<Edit> edits = Differ(a, b).Run();
  std::string out;
  size_t old_line = 0, new_line = 0;  // of edits[counted]
  size_t counted = 0;
  const auto count_to = [&](size_t end) {
    for (; counted < end; ++counted) {
      old_line += edits[counted].kind != '+';
      new_line += edits[counted].kind != '-';
    }
  };
  for (size_t i = 0; i < edits.size();) {
    if (edits[i].kind == ' ') {
      ++i;
      continue;
    }
    const size_t begin = std::max(counted, i > kContext ? i - kContext : 0);
    size_t last = i;  // the last change that belongs to the hunk
    for (size_t j = i; j < edits.size() && j <= last + 2 * kContext; ++j) {
      if (edits[j].kind != ' ') last = j;
    }
    const size_t end = std::min(last + 1 + kContext, edits.size());
    count_to(begin);
    AddHunk(edits, begin, end, old_line, new_line, &out);
    count_to(end);
    i = end;
  }
  return out;
}

std::string DiffText(const std::vector<Vfs::Change>& changes, bool colour) {
  std::string out;
  for (const Vfs::Change& change : changes) {
    const bool was_file = change.before == NodeKind::kFile,
               is_file = change.after == NodeKind::kFile;
    if (change.before == NodeKind::kFolder) out += Concat("removed folder ", change.path, "/\n");
    if (change.after == NodeKind::kFolder) out += Concat("new folder ", change.path, "/\n");
    if (!was_file && !is_file) continue;
    if (!IsText(change)) {
      out += Concat("binary file ", change.path,
                    was_file ? is_file ? " changed\n" : " removed\n" : " is new\n");
      continue;
    }
    out += Concat("--- ", was_file ? "a/" + change.path : "/dev/null", "\n");
    out += Concat("+++ ", is_file ? "b/" + change.path : "/dev/null", "\n");
    out += HunksOf(change);
  }
  return colour ? Coloured(out) : out;
}

void WriteChanges(const std::vector<Vfs::Change>& changes, JsonWriter* json) {
  json->BeginList();
  for (const Vfs::Change& change : changes) {
    json->BeginObject();
    json->Key("path").String(change.path);
    json->Key("before").String(KindText(change.before));
    json->Key("after").String(KindText(change.after));
    const bool file = change.before == NodeKind::kFile || change.after == NodeKind::kFile;
    if (file && IsText(change)) json->Key("hunks").String(HunksOf(change));
    if (file && !IsText(change)) json->Key("binary").Boolean(true);
    json->EndObject();
  }
  json->EndList();
}

}  // namespace quanta::lite::program
