// SPDX-License-Identifier: MIT
//
// Thompson's construction: K. Thompson, "Regular expression search algorithm", CACM 11(6), 1968.
#include "tiss_lite/shell/regex.h"

#include <algorithm>

namespace quanta::lite {
namespace {

constexpr size_t kMaxPattern = 512;
constexpr int kMaxGroups = 32;  // within each other

}  // namespace

/// Recursive descent over the pattern; each method returns a fragment whose exits the caller
/// connects.
class RegexCompiler {
 public:
  RegexCompiler(std::string_view pattern, Regex* regex) : pattern_(pattern), regex_(*regex) {}

  const char* Run() {
    if (pattern_.size() > kMaxPattern) return "the pattern is too long";
    Fragment all = Alternatives();
    if (error_ == nullptr && at_ < pattern_.size()) error_ = "unmatched )";
    if (error_ != nullptr) return error_;
    Patch(all.exits, Add({Regex::State::Kind::kMatch, 0, 0, 0}));
    regex_.start_ = all.entry;
    return nullptr;
  }

 private:
  using State = Regex::State;
  /// An exit: a state's `next` (even) or `other` (odd) that leads nowhere yet.
  struct Fragment {
    uint32_t entry = 0;
    std::vector<uint32_t> exits;
  };

  uint32_t Add(State state) {
    regex_.states_.push_back(state);
    return static_cast<uint32_t>(regex_.states_.size() - 1);
  }
  void Patch(const std::vector<uint32_t>& exits, uint32_t to) {
    for (const uint32_t exit : exits) {
      State& state = regex_.states_[exit / 2];
      (exit % 2 == 0 ? state.next : state.other) = to;
    }
  }
  bool More() const { return at_ < pattern_.size() && error_ == nullptr; }

  Fragment Alternatives() {
    Fragment left = Sequence();
    while (More() && pattern_[at_] == '|') {
      ++at_;
      Fragment right = Sequence();
      const uint32_t split = Add({State::Kind::kSplit, 0, left.entry, right.entry});
      left.entry = split;
      left.exits.insert(left.exits.end(), right.exits.begin(), right.exits.end());
    }
    return left;
  }

  Fragment Sequence() {
    // A split whose both ways lead on stands for the empty text.
    Fragment all;
    all.entry = Add({State::Kind::kSplit, 0, 0, 0});
    all.exits = {2 * all.entry, 2 * all.entry + 1};
    while (More() && pattern_[at_] != '|' && pattern_[at_] != ')') {
      Fragment part = Repeated();
      Patch(all.exits, part.entry);
      all.exits = std::move(part.exits);
    }
    return all;
  }

  Fragment Repeated() {
    Fragment part = Atom();
    while (More() && (pattern_[at_] == '*' || pattern_[at_] == '+' || pattern_[at_] == '?')) {
      const char op = pattern_[at_++];
      const uint32_t split = Add({State::Kind::kSplit, 0, part.entry, 0});
      if (op == '?') {
        part.exits.push_back(2 * split + 1);
      } else {
        Patch(part.exits, split);
        part.exits = {2 * split + 1};
      }
      if (op != '+') part.entry = split;
    }
    if (More() && pattern_[at_] == '{') error_ = "{ } is not supported";
    return part;
  }

  Fragment Simple(State state) {
    const uint32_t entry = Add(state);
    return {entry, {2 * entry}};
  }
  Fragment Bytes(const std::bitset<256>& set) {
    regex_.sets_.push_back(set);
    return Simple({State::Kind::kBytes, static_cast<uint32_t>(regex_.sets_.size() - 1), 0, 0});
  }

  Fragment Atom() {
    const char c = pattern_[at_++];
    std::bitset<256> set;
    switch (c) {
      case '^':
        return Simple({State::Kind::kBegin, 0, 0, 0});
      case '$':
        return Simple({State::Kind::kEnd, 0, 0, 0});
      case '(':
        return Group();
      case '[':
        return Class();
      case '*':
      case '+':
      case '?':
        error_ = "nothing to repeat";
        return {};
      case '.':
        return Bytes(set.set());
      case '\\':
        return Escape();
      default:
        set.set(static_cast<unsigned char>(c));
        return Bytes(set);
    }
  }

  Fragment Escape() {
    std::bitset<256> set;
    if (!More()) {
      error_ = "trailing backslash";
      return {};
    }
    const char c = pattern_[at_++];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) error_ = "this escape is not supported";
    set.set(static_cast<unsigned char>(c));
    return Bytes(set);
  }

  Fragment Group() {
    if (++groups_ > kMaxGroups) error_ = "too many groups within each other";
    Fragment inner;
    if (error_ == nullptr) inner = Alternatives();
    --groups_;
    if (error_ == nullptr && (at_ >= pattern_.size() || pattern_[at_] != ')'))
      error_ = "unmatched (";
    ++at_;
    return inner;
  }

  Fragment Class() {
    std::bitset<256> set;
    const bool negated = More() && pattern_[at_] == '^';
    if (negated) ++at_;
    for (bool first = true;; first = false) {
      if (!More()) {
        error_ = "unmatched [";
        return {};
      }
      const auto low = static_cast<unsigned char>(pattern_[at_++]);
      if (low == ']' && !first) break;
      if (low == '[' && More() && pattern_[at_] == ':') {
        error_ = "[: :] is not supported";
        return {};
      }
      unsigned char high = low;
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        high = static_cast<unsigned char>(pattern_[at_ + 1]);
        at_ += 2;
      }
      if (high < low) error_ = "invalid range";
      for (int c = low; c <= high; ++c) set.set(static_cast<size_t>(c));
    }
    return Bytes(negated ? ~set : set);
  }

  std::string_view pattern_;
  Regex& regex_;
  size_t at_ = 0;
  int groups_ = 0;
  const char* error_ = nullptr;
};

const char* Regex::Compile(std::string_view pattern) {
  states_.clear();
  sets_.clear();
  return RegexCompiler(pattern, this).Run();
}

void Regex::Add(uint32_t state, bool at_begin, bool at_end, std::vector<uint32_t>* list,
                std::vector<bool>* seen) const {
  std::vector<uint32_t> open = {state};
  while (!open.empty()) {
    const uint32_t at = open.back();
    open.pop_back();
    if ((*seen)[at]) continue;
    (*seen)[at] = true;
    const State& s = states_[at];
    switch (s.kind) {
      case State::Kind::kSplit:
        open.push_back(s.next);
        open.push_back(s.other);
        break;
      case State::Kind::kBegin:
        if (at_begin) open.push_back(s.next);
        break;
      case State::Kind::kEnd:
        if (at_end) open.push_back(s.next);
        break;
      case State::Kind::kBytes:
      case State::Kind::kMatch:
        list->push_back(at);
        break;
    }
  }
}

bool Regex::FoundIn(std::string_view text) const {
  std::vector<uint32_t> now, next;
  for (size_t i = 0; i <= text.size(); ++i) {
    std::vector<bool> seen(states_.size(), false);
    std::vector<uint32_t> current;
    for (const uint32_t state : now) Add(state, i == 0, i == text.size(), &current, &seen);
    Add(start_, i == 0, i == text.size(), &current, &seen);
    next.clear();
    for (const uint32_t at : current) {
      const State& state = states_[at];
      if (state.kind == State::Kind::kMatch) return true;
      const bool takes =
          i < text.size() && sets_[state.bytes].test(static_cast<unsigned char>(text[i]));
      if (takes) next.push_back(state.next);
    }
    now.swap(next);
  }
  return false;
}

}  // namespace quanta::lite
