// SPDX-License-Identifier: MIT
//
// Thompson's construction: K. Thompson, "Regular expression search algorithm", CACM 11(6), 1968.
#include "tiss_lite/shell/regex.h"

#include <algorithm>
#include <iterator>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

constexpr size_t kMaxPattern = 512;
constexpr int kMaxGroups = 32;       // within each other
constexpr size_t kMaxStates = 4096;  // repetitions of repetitions multiply
constexpr size_t kMaxCount = 255;    // in { }: POSIX's RE_DUP_MAX

struct NamedClass {
  std::string_view name;
  bool (*has)(char c);
};

bool IsAlnum(char c) { return IsDigit(c) || IsUpper(c) || IsLower(c); }
bool IsGraph(char c) { return c > ' ' && c < 0x7F; }

/// Of ASCII, as the POSIX locale has them.
constexpr NamedClass kClasses[] = {
    {"alnum", IsAlnum},
    {"alpha", [](char c) { return IsUpper(c) || IsLower(c); }},
    {"blank", IsBlank},
    {"cntrl", [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }},
    {"digit", IsDigit},
    {"graph", IsGraph},
    {"lower", IsLower},
    {"print", [](char c) { return c == ' ' || IsGraph(c); }},
    {"punct", [](char c) { return IsGraph(c) && !IsAlnum(c); }},
    {"space", [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }},
    {"upper", IsUpper},
    {"xdigit", [](char c) { return IsDigit(c) || (ToLower(c) >= 'a' && ToLower(c) <= 'f'); }},
};

}  // namespace

/// Recursive descent over the pattern; each method returns a fragment whose exits the caller
/// connects.
class RegexCompiler {
 public:
  RegexCompiler(std::string_view pattern, bool any_case, Regex* regex)
      : pattern_(pattern), any_case_(any_case), regex_(*regex) {}

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

  /// The empty text: a split whose both ways lead on.
  Fragment Nothing() {
    const uint32_t entry = Add({State::Kind::kSplit, 0, 0, 0});
    return {entry, {2 * entry, 2 * entry + 1}};
  }

  Fragment Sequence() {
    Fragment all = Nothing();
    while (More() && pattern_[at_] != '|' && pattern_[at_] != ')') {
      Fragment part = Repeated();
      Patch(all.exits, part.entry);
      all.exits = std::move(part.exits);
    }
    return all;
  }

  Fragment Repeated() {
    const size_t begin = regex_.states_.size();
    Fragment part = Atom();
    Counts counts;
    while (More() && ReadCounts(&counts)) part = Repeat(std::move(part), begin, counts);
    return part;
  }

  /// How often something is repeated; most == 0 where `endless`.
  struct Counts {
    size_t least = 0, most = 0;
    bool endless = false;
  };

  /// Steps over * + ? or {m,n}. A { that begins no such thing is a character, as grep has it.
  bool ReadCounts(Counts* counts) {
    const char c = pattern_[at_];
    if (c == '*' || c == '+' || c == '?') {
      ++at_;
      *counts = {c == '+' ? size_t{1} : size_t{0}, c == '?' ? size_t{1} : size_t{0}, c != '?'};
      return true;
    }
    size_t at = at_ + 1;
    if (c != '{') return false;
    const bool least = ReadCount(&at, &counts->least);
    const bool comma = at < pattern_.size() && pattern_[at] == ',';
    if (comma) ++at;
    const bool most = comma && ReadCount(&at, &counts->most);
    if ((!least && !most) || at >= pattern_.size() || pattern_[at] != '}') return false;
    at_ = at + 1;
    if (!comma) counts->most = counts->least;
    counts->endless = comma && !most;
    const bool reversed = !counts->endless && counts->most < counts->least;
    if (reversed || std::max(counts->least, counts->most) > kMaxCount) error_ = "invalid { }";
    return true;
  }
  bool ReadCount(size_t* at, size_t* count) {
    const size_t begin = *at;
    *count = 0;
    for (; *at < pattern_.size() && IsDigit(pattern_[*at]); ++*at) {
      *count = std::min(*count * 10 + static_cast<size_t>(pattern_[*at] - '0'), kMaxCount + 1);
    }
    return *at > begin;
  }

  /// `part` is all states from `begin` on. Its copies stand one after the other: those that must
  /// be there, then those that may; the last one is the part itself.
  Fragment Repeat(Fragment part, size_t begin, const Counts& counts) {
    const size_t end = regex_.states_.size();
    Fragment all = Nothing();
    const size_t copies = counts.endless ? std::max(counts.least, size_t{1}) : counts.most;
    std::vector<uint32_t> leave;  // from the copies that may be left out
    for (size_t i = 0; i < copies && error_ == nullptr; ++i) {
      const bool last = i + 1 == copies;
      Fragment next = last ? std::move(part) : Copy(part, begin, end);
      if (last && counts.endless) {
        next = Loop(next, /*at_least_once=*/counts.least > 0);
      } else if (i >= counts.least) {
        const uint32_t split = Add({State::Kind::kSplit, 0, next.entry, 0});
        leave.push_back(2 * split + 1);
        next.entry = split;
      }
      Patch(all.exits, next.entry);
      all.exits = std::move(next.exits);
    }
    all.exits.insert(all.exits.end(), leave.begin(), leave.end());
    return all;
  }

  Fragment Loop(const Fragment& part, bool at_least_once) {
    const uint32_t split = Add({State::Kind::kSplit, 0, part.entry, 0});
    Patch(part.exits, split);
    return {at_least_once ? part.entry : split, {2 * split + 1}};
  }

  Fragment Copy(const Fragment& part, size_t begin, size_t end) {
    const size_t offset = regex_.states_.size() - begin;
    if (regex_.states_.size() + (end - begin) > kMaxStates) {
      error_ = "the pattern repeats too much";
      return {};
    }
    const auto moved = [&](uint32_t to) {
      return to >= begin && to < end ? to + static_cast<uint32_t>(offset) : to;
    };
    for (size_t i = begin; i < end; ++i) {
      State state = regex_.states_[i];
      state.next = moved(state.next);
      state.other = moved(state.other);
      regex_.states_.push_back(state);
    }
    Fragment copy{moved(part.entry), part.exits};
    for (uint32_t& exit : copy.exits) exit += 2 * static_cast<uint32_t>(offset);
    return copy;
  }

  Fragment Simple(State state) {
    const uint32_t entry = Add(state);
    return {entry, {2 * entry}};
  }
  Fragment Bytes(std::bitset<256> set, bool negated = false) {
    for (size_t c = 'A'; any_case_ && c <= 'Z'; ++c) {
      const size_t lower = c + ('a' - 'A');
      if (set.test(c) || set.test(lower)) set.set(c).set(lower);
    }
    if (negated) set.flip();
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
        if (error_ == nullptr) error_ = "unmatched [";
        return {};
      }
      const auto low = static_cast<unsigned char>(pattern_[at_++]);
      if (low == ']' && !first) break;
      if (low == '[' && More() && std::string_view(":=.").find(pattern_[at_]) != pattern_.npos) {
        AddNamedClass(&set);
        continue;
      }
      unsigned char high = low;
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        high = static_cast<unsigned char>(pattern_[at_ + 1]);
        at_ += 2;
      }
      if (high < low) error_ = "invalid range";
      for (int c = low; c <= high; ++c) set.set(static_cast<size_t>(c));
    }
    return Bytes(set, negated);
  }

  /// Inside [ ], behind the "[" of "[:alpha:]".
  void AddNamedClass(std::bitset<256>* set) {
    const size_t end = pattern_.find(":]", at_ + 1);
    if (pattern_[at_] != ':' || end == pattern_.npos) {
      error_ = "only classes like [:alpha:] are supported inside [ ]";
      return;
    }
    const std::string_view name = pattern_.substr(at_ + 1, end - at_ - 1);
    const auto known = std::find_if(std::begin(kClasses), std::end(kClasses),
                                    [&](const NamedClass& each) { return each.name == name; });
    at_ = end + 2;
    if (known == std::end(kClasses)) {
      error_ = "there is no class of this name";
      return;
    }
    for (size_t c = 0; c < set->size(); ++c) {
      if (known->has(static_cast<char>(c))) set->set(c);
    }
  }

  std::string_view pattern_;
  bool any_case_;
  Regex& regex_;
  size_t at_ = 0;
  int groups_ = 0;
  const char* error_ = nullptr;
};

const char* Regex::Compile(std::string_view pattern, bool any_case) {
  states_.clear();
  sets_.clear();
  return RegexCompiler(pattern, any_case, this).Run();
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
