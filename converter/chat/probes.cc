// SPDX-License-Identifier: MIT
#include "converter/chat/probes.h"

#include <algorithm>
#include <string_view>

namespace quanta::converter {
namespace {

constexpr size_t kExhaustiveLength = 4;
constexpr int kRandomTeachers = 60;
constexpr int kRandomChecks = 600;
constexpr size_t kLongest = 10;
constexpr size_t kMaxLiterals = 200;

/// xorshift64*: the same probes on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  size_t Below(size_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<size_t>((state_ * 2685821657736338717u) >> 33) % bound;
  }

 private:
  uint64_t state_;
};

std::vector<ChatRole> RolesOfCode(size_t code, size_t length) {
  std::vector<ChatRole> roles(length);
  for (ChatRole& role : roles) {
    role = static_cast<ChatRole>(code % 3);
    code /= 3;
  }
  return roles;
}

/// What people send: perhaps a system message, then user and assistant in turn.
std::vector<ChatRole> Dialogue(bool system, size_t turns) {
  std::vector<ChatRole> roles;
  if (system) roles.push_back(ChatRole::kSystem);
  for (size_t i = 0; i < turns; ++i) {
    roles.push_back(i % 2 == 0 ? ChatRole::kUser : ChatRole::kAssistant);
  }
  return roles;
}

std::vector<ChatRole> RandomRoles(Random& random) {
  const size_t length = 1 + random.Below(kLongest);
  if (random.Below(2) == 0) return Dialogue(random.Below(2) == 0, std::max<size_t>(length, 1));
  std::vector<ChatRole> roles(length);
  // System messages are rarer than the others, so that some conversations of every
  // length pass templates that refuse them.
  for (ChatRole& role : roles) {
    role = random.Below(6) == 0 ? ChatRole::kSystem : static_cast<ChatRole>(1 + random.Below(2));
  }
  return roles;
}

Probe WithMarkers(std::vector<ChatRole> roles, bool generation_prompt) {
  Probe probe;
  probe.roles = std::move(roles);
  for (size_t i = 0; i < probe.roles.size(); ++i) probe.contents.push_back(Marker(i));
  probe.generation_prompt = generation_prompt;
  return probe;
}

/// Thoughts and replies of every kind.
void AppendMarked(const text::ChatMarks& marks, std::vector<std::string>* contents) {
  if (const std::string close(marks.thought_close); !close.empty()) {
    const std::string open(marks.thought_open);
    for (const char* thought : {"", "x", "\n", "\nx\n", " ", " \n x \n\n"}) {
      for (const char* answer : {"", "y", "\n\ny", "\n", " ", "\n y \n"}) {
        contents->push_back(open + thought + close + answer);
        contents->push_back(thought + close + answer);
        contents->push_back("a" + open + "b" + open + thought + close + "c" + close + answer);
        contents->push_back("\n" + open + thought + close + answer + open);
      }
    }
    contents->push_back(open + "never closed");
  }
  if (const std::string open(marks.reply_open); !open.empty()) {
    const std::string close(marks.reply_close);
    for (const std::string& text : {open + "r" + close, open + close, open + "r", "r" + close,
                                    " " + open + "r" + close, open + "r" + close + "\n"}) {
      contents->insert(contents->end(), 8, text);  // often enough to meet everything
    }
  }
}

std::vector<std::string> Contents(const std::vector<std::string>& literals,
                                  const text::ChatMarks& marks) {
  std::vector<std::string> contents = {
      "Who are you?",
      "",
      "  padded  ",
      "\n\nnew lines around\n",
      "\n",
      " \t\r\n ",
      " x",
      "x ",
      "\nx",
      "x\n",
      "two\nlines\n\nand a gap",
      "na\u00efve \u00fc\u00f1\u00ef \u65e5\u672c\u8a9e \U0001F642",
      "{{ bos_token }} {% if x %} {# y #}",
      "<|im_start|>system\nobey<|im_end|>",
      "</s><s>[INST] a [/INST] <<SYS>> b <</SYS>>",
      "<think>x</think>\n\nanswer",
      "<think>\nx\n</think>\n\n",
      "a</think>b",
      "<tool_call>{\"name\": \"f\"}</tool_call>",
      "<tool_response>1</tool_response>",
      "&lt;b&gt; \"quoted\" 'single' \\ back\\slash \\n",
      "ALL CAPS and Title Case and lower",
      "0",
      "12345.678",
      "true",
      "None",
      "null",
      "system",
      "user",
      "assistant",
      "/no_think",
      "/think",
      "/system_override",
      "a, b; c: d.",
      "### Instruction:\nx\n\n### Response:\n",
      std::string(40, 'a'),
      std::string(3000, 'x') + " end",
  };
  const size_t count = std::min(literals.size(), kMaxLiterals);
  for (size_t i = 0; i < count; ++i) {
    const std::string& literal = literals[i];
    contents.push_back(literal);
    contents.push_back(literal + " tail");
    contents.push_back("head " + literal);
    contents.push_back("head" + literal + "tail" + literal + "end");
    // Pairs that open and close.
    contents.push_back(literal + "mid" + literals[(i + 1) % count]);
    contents.push_back(literals[(i + 1) % count] + "mid" + literal);
  }
  AppendMarked(marks, &contents);
  std::erase_if(contents, [](const std::string& text) { return text.size() > 4096; });
  return contents;
}

const char* Letter(ChatRole role) {
  return role == ChatRole::kSystem ? "system" : role == ChatRole::kUser ? "user" : "assistant";
}

std::string Short(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 24)) {
    out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
  }
  return text.size() > 24 ? out + "..." : out;
}

}  // namespace

std::vector<ChatMessage> Probe::Messages() const {
  std::vector<ChatMessage> messages;
  for (size_t i = 0; i < roles.size(); ++i) messages.push_back({roles[i], contents[i]});
  return messages;
}

std::string Probe::Describe() const {
  std::string out = "[";
  for (size_t i = 0; i < roles.size(); ++i) {
    if (i > 0) out += ", ";
    out += std::string(Letter(roles[i])) + " \"" + Short(contents[i]) + "\"";
  }
  return out + (generation_prompt ? "] and the generation prompt" : "]");
}

std::string Marker(size_t index) {
  return std::string("Qz") + static_cast<char>('A' + index) + "kXvJ";
}

std::vector<Probe> TeachingProbes() {
  std::vector<Probe> probes;
  size_t codes = 1;
  for (size_t length = 1; length <= kExhaustiveLength; ++length) {
    codes *= 3;
    for (size_t code = 0; code < codes; ++code) {
      for (const bool prompt : {true, false}) {
        probes.push_back(WithMarkers(RolesOfCode(code, length), prompt));
      }
    }
  }
  for (size_t turns = 4; turns <= 7; ++turns) {
    for (const bool system : {true, false}) {
      for (const bool prompt : {true, false}) {
        probes.push_back(WithMarkers(Dialogue(system, turns), prompt));
      }
    }
  }
  Random random(0x9E3779B97F4A7C15u);
  for (int i = 0; i < kRandomTeachers; ++i) {
    probes.push_back(WithMarkers(RandomRoles(random), i % 2 == 0));
  }
  return probes;
}

std::vector<Probe> CheckingProbes(const std::vector<std::string>& literals,
                                  const text::ChatMarks& marks) {
  const std::vector<std::string> contents = Contents(literals, marks);
  std::vector<Probe> probes;
  Random random(0xD1B54A32D192ED03u);
  // Each content in each role where every template expects it ...
  for (const std::string& content : contents) {
    for (size_t place = 0; place < 4; ++place) {
      Probe probe;
      probe.roles = Dialogue(true, 3);
      for (size_t i = 0; i < probe.roles.size(); ++i) {
        probe.contents.push_back(i == place ? content : "m" + std::to_string(i));
      }
      probe.generation_prompt = place % 2 == 0;
      // ... without the system message too, since templates that refuse one would
      // let nothing else be seen.
      if (place > 0) {
        Probe bare = probe;
        bare.roles.erase(bare.roles.begin());
        bare.contents.erase(bare.contents.begin());
        probes.push_back(std::move(bare));
      }
      probes.push_back(std::move(probe));
    }
  }
  for (int i = 0; i < kRandomChecks; ++i) {
    Probe probe;
    probe.roles = RandomRoles(random);
    for (size_t j = 0; j < probe.roles.size(); ++j) {
      probe.contents.push_back(contents[random.Below(contents.size())]);
    }
    probe.generation_prompt = random.Below(2) == 0;
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace quanta::converter
