// SPDX-License-Identifier: MIT
//
// Writes scripts by the grammar of TissLang and of its command lines, led by the input's bytes,
// and breaks some of them. What a script must do is in tiss_checks.h.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/grammar.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/tiss_checks.h"

namespace quanta::fuzz {
namespace {

constexpr size_t kScriptBytes = 400;  // where a script begins to end
constexpr size_t kMaxInput = 160;

const Grammar& TissLang() {
  static const Grammar* const grammar = new Grammar({
      {"script", {"<header><items>"}},
      {"header",
       {"", "", "", "#TISS! Language=TissLang Version=\"1.0\"\n", "#TISS_VERSION >=1.0\n",
        "\xef\xbb\xbf# \xc3\xa9\n", "#TISS! a=b # c\n@requires [\"fs.read\", \"run:ls,cat\"]\n"}},
      {"items", {"<item>", "<item><items>", "<item><items>"}},
      {"item",
       {"STEP <text> <block><end>", "STEP <text> <block><end>", "STEP <text> <block><end>",
        "TASK <text><end>", "TASK <text> <block><end>", "SETUP <block><end>",
        "SETUP <text> <block><end>", "STEP <text>\n<statements>}\n", "<nested>", "<nested>",
        "<plain>", "<plain>", "<ident> = <heredoc>", "<ident> = <value><end>",
        "IF <quoted>\n<steps>ELSE\n<steps>ENDIF\n", "#TISS! late=1\n", "TASK <text> {\n<items>}\n",
        "PARALLEL {\n<steps>}\n"}},
      {"steps", {"", "STEP <text> <block><end>", "STEP <text> <block><end><steps>"}},
      {"block", {"{ }", "{\n<statements>}", "{\n<statements>}", "\n # c\n{ <statement>\n}"}},
      {"statements",
       {"", "<statement><end>", "<statement><end><statements>", "<statement><end><statements>",
        "<statement><end><statements>"}},
      {"end",
       {"\n", "\n", "\n\n", "; ", " # c\n", "\r\n", "\n\t ", " ;\n", "\n# \xe2\x86\x92 c\n"}},
      {"statement",
       {"<plain>", "RUN <run>", "RUN <run>", "RUN <run>", "RUN <run>", "WRITE <path> <text>",
        "WRITE <path> <heredoc>", "READ <path> AS <ident>", "MKDIR <path>", "DELETE <path>",
        "ASSERT <expr>", "PROMPT_AGENT <text>", "PROMPT_AGENT <text> INTO <ident>",
        "PROMPT_AGENT <heredoc>", "PROMPT_AGENT \"p \"q\" r\" -> <ident>", "<nested>", "<nested>",
        "IF <quoted>\n<statements>ELSE\n<statements>ENDIF"}},
      {"plain",
       {"LOG <text>", "VAR <ident> = <value>", "VAR <ident> = LAST_RUN.<field>",
        "VAR <ident> = <heredoc>", "SET_BUDGET <budget>", "REQUEST_REVIEW <text>",
        "REQUEST_REVIEW <text> INTO <ident>", "PAUSE <text> INTO <ident>", "<directive>",
        "<directive>", "VAR <ident> = <text>", "VAR <ident> = \"{{<name>}}{{<name>}}\""}},
      {"nested",
       {"PARALLEL {\n<statements>}", "PARALLEL {\n<steps>}", "CHOOSE {\n<options>}",
        "ESTIMATE_COST <block>", "IF <expr> <block>", "IF <expr> THEN <block> ELSE <block>",
        "IF <expr> <block> ELSE IF <expr> <block> ELSE <block>", "TRY <block> CATCH <block>",
        "TRY <block>", "TRY <block> CATCH AS <ident> <block>",
        "TRY <block> CATCH AS <ident> <block>"}},
      {"options",
       {"", "OPTION <text> <block>\n<options>",
        "STEP <text> {\nASSERT <expr>\n<statements>}\n<options>",
        "OPTION <text> {\nESTIMATE_COST <block>\n<statements>}\n<options>",
        "<directive>\n<options>"}},
      {"heredoc",
       {"<<E\n<body>\nE\n", "<< \"RAW\"\n  <body>\n  RAW\n", "<<'x'\n<body>\n x # c\n",
        "<<T\n\t<body>\n    <body>\n\n<body>\nT >>\n"}},
      {"body",
       {"", "a {{<name>}}", "  # no } comment", "\\{{b}} {{ <name> }}", "@x \"y\"",
        "caf\xc3\xa9 \xf0\x9f\x98\x80\n<body>", "E E", "{{b}}{{b}}{{b}}{{b}}{{b}}\n<body>"}},
      {"text",
       {"\"t\"", "'s'", "\"{{<name>}}\"", "\"a \\\" b \\\\ \\n\"", "'{{ <name> }} \\{{x}}'",
        "\"x {{LAST_RUN.<field>}} {{LAST_RESPONSE}}\"", "\"refuse\"", "\"{\\\"k\\\": [1, {{n}}]}\"",
        "\"q \"r\" s\"", "\"caf\xc3\xa9 # ; }\""}},
      {"ident", {"a", "b", "n", "file", "not", "LAST_RUN_RESULT", "LAST_RESPONSE", "_x1"}},
      {"field",
       {"STDOUT", "STDERR", "EXIT_CODE", "EXECUTION_TIME", "FILE_CONTENT", "COMMAND", "TRUNCATED"}},
      {"name",
       {"a", "b", "n", "file", "LAST_RUN.<field>", "last_run.stdout", "no_such", "COST.TOKENS"}},
      {"budget",
       {"API_CALLS = 2", "EXECUTION_TIME = \"<number>s\"", "EXECUTION_TIME = \"500ms\"",
        "TOKEN_COUNT = <number>", "OTHER = <value>", "EXECUTION_TIME = <value>",
        "API_CALLS = <value>"}},
      {"directive",
       {"@persona <text>", "@output \"json\"", "@output \"text\"", "@lens <text>", "@seed <number>",
        "@limits {tokens: <number>, context: <number>}", "@compute.mode <mode>",
        "@time.budget_ms <number>", "@stop [\"x\", \"\"]", "@requires [\"fs.read:d/\", run, log]",
        "@requires [\"<capability>\"]", "@local.only true", "@unknown.name <value>",
        "@source_task <text>", "@quality <value>", "@language fr"}},
      {"mode", {"sip", "\"balanced\"", "burst", "<value>"}},
      {"capability",
       {"fs.read", "fs.write:out/", "run:echo,cat", "prompt", "clock", "net", "fs.read:../x",
        "run:"}},
      {"number", {"1", "0", "-3", "2.5", "1e3", "007", "1e-9", "12345678901234567890", "1e308"}},
      {"value",
       {"<text>", "<number>", "true", "False", "[<elements>]", "{<pairs>}", "bare words here",
        "[1,\n # c\n 2]", "\"{{<name>}}\"", "[[[[<element>]]]]"}},
      {"element", {"1", "<number>", "<text>", "null", "true", "[<elements>]", "{<pairs>}", "a.b"}},
      {"elements", {"", "<element>", "<element>, <elements>"}},
      {"pairs", {"", "k: <element>", "\"k\": <element>, a.b: <element>", "x: <element>, <pairs>"}},
      {"expr",
       {"true", "<test>", "<test>", "<test> AND <expr>", "<test> OR <expr>", "NOT <expr>",
        "(<expr>)", "<test> and NOT (<expr> or <test>)"}},
      {"test",
       {"<operand> == <operand>", "<operand> <compare> <operand>", "<operand> <compare> <operand>",
        "<operand> CONTAINS <operand>", "<operand> NOT CONTAINS <operand>", "<operand> IS_EMPTY",
        "<operand> NOT IS_EMPTY", "<operand> is_defined", "FILE <path> EXISTS",
        "FILE <path> NOT EXISTS", "<operand>", "false"}},
      {"compare", {"==", "!=", "<", "> ", "<=", ">="}},
      {"operand",
       {"1", "<ident>", "{{<ident>}}", "<text>", "<number>", "LAST_RUN.<field>", "COST",
        "COST.TIME", "ESTIMATE.TOKENS", "ESTIMATE.API_CALLS", "[<elements>]", "STDOUT", "EXIT_CODE",
        "true", "COST.RUNS"}},
      {"quoted", {"\"a == 1\"", "'LAST_RUN.EXIT_CODE == 0'", "<expr>", "\"n > 1 AND NOT b\""}},
      {"path", {"\"<file>\"", "\"<file>\"", "\"<file>\"", "'<file>'", "\"<oddpath>\""}},
      {"file",
       {"d/a.txt", "d/b.txt", "n", "d", "e", "e/f/g", "out/x", "o", "{{<name>}}", "out/{{n}}",
        "out", "./d/../o", "e/f", "out/x/y"}},
      {"oddpath",
       {".", "/etc/passwd", "../x", "d/../../x", "~", "C:x", "a\\\\b", "", "d/", "d//a.txt",
        "d/{{LAST_RUN.STDOUT}}", "\xe2\x80\xae",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3/4/5/6/7"}},
      {"run",
       {"\"<line>\"", "\"<line>\"", "'<line>'", "\"<line>\"", "\"echo \"<word>\" > \"<file>\"\""}},
      {"line",
       {"<pipe>", "<pipe>", "<pipe> && <line>", "<pipe> || <line>", "<pipe>; <line>",
        "<shellish>"}},
      {"pipe", {"<command><redirect>", "<command><redirect>", "<command><redirect> | <pipe>"}},
      {"redirect",
       {"", "", "", " > <file>", " >> <file>", " < <file>", " 2> <file>", " 2>&1", " > <file> 2>&1",
        " < <oddpath>", " > <oddpath>", " > {{<name>}}"}},
      {"shellish",
       {"true", "cat $HOME", "echo `x`", "(ls)", "a=b", "cd d", "ls &", "cat <<E", "! true", "# c",
        "echo \\", "echo 'x", "| cat", "ls >", "3> x ls", "if true"}},
      {"command",
       {"echo <word> <word>",
        "echo -n <word>",
        "printf '%s %d\\n' <word> <number>",
        "printf <word> <word>",
        "cat <file> <file>",
        "cat",
        "ls <lsflag> <file>",
        "ls",
        "pwd",
        "mkdir <file>",
        "mkdir -p <file>",
        "rm <file>",
        "rm -rf <file>",
        "rmdir <file>",
        "cp <file> <file>",
        "cp -r <file> <file>",
        "mv <file> <file>",
        "touch <file>",
        "test <condition>",
        "[ <condition> ]",
        "true",
        "false",
        "head -n <count>",
        "head <file>",
        "tail -n <count> <file>",
        "tail -<count>",
        "wc <file>",
        "wc -l",
        "grep <grepflag> <word> <file>",
        "grep -E <regex> <file>",
        "grep -E <regex>",
        "sort <sortflag> <file>",
        "sort -n",
        "uniq -c",
        "uniq <file>",
        "cut -d , -f <count> <file>",
        "cut -f 1,2-",
        "tr <set> <set>",
        "tr -d <set>",
        "tee <file>",
        "tee -a <file>",
        "seq <count> <count>",
        "seq <count>",
        "basename <file> .txt",
        "dirname <file>",
        "cmp <file> <file>",
        "help",
        "help <tool>",
        "slow",
        "nope <word>",
        "<tool> <word> <word>",
        "<word>",
        "<tool> --<word>"}},
      {"tool", {"cat",    "ls",  "rm",   "cp", "sort", "grep", "tr",  "cut", "head",  "tail",
                "printf", "seq", "uniq", "wc", "test", "cmp",  "tee", "mv",  "touch", "mkdir"}},
      {"word",
       {"x", "{{<name>}}", "'a b'", "*", "d/*", "?", "a{{<name>}}b", "\\*", "d/?.txt", "{{b}}{{b}}",
        "caf\xc3\xa9", "-", "--", "-z", "<number>", "%s%d%%", "''", "/etc/*"}},
      {"lsflag", {"", "-l", "-la", "-1", "-a", "-z"}},
      {"grepflag", {"", "-i", "-v", "-c", "-q", "-n", "-F", "-ivn", "-E", "-o"}},
      {"sortflag", {"", "-r", "-u", "-n", "-rnu", "-k"}},
      {"regex",
       {"o", "'o(n|w)+'", "'^[a-z]*$'", "'(a*)*b'", "'.?.?.?'", "'[^,]+,'", "'(('", "'[z-a]'",
        "'\\\\.'", "'(((x+)+)+)+$'", "'a{2}'", "{{<name>}}", "'|'", "'*'"}},
      {"set", {"a-z", "A-Z", "'[:upper:]'", "'\\n'", "z-a", "x", "''", "{{<name>}}", "a-"}},
      {"count", {"1", "2", "0", "3", "-1", "+2", "x", "99999999999", "100", "{{n}}"}},
      {"condition",
       {"-e <file>", "-f <file>", "-d <file>", "-z <word>", "-n <word>", "<word> = <word>",
        "<word> != <word>", "<number> -eq <number>", "<number> -lt <count>", "<count> -ge <number>",
        "<word>", "! -e <file>", "", "<word> <word> <word> <word>"}},
  });
  return *grammar;
}

std::string ScriptOf(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  const bool broken = choices.Below(4) == 1;
  // The places to break come before what is written: its bytes may all be used up.
  const uint8_t* const breaks = data + std::min<size_t>(size, 1);
  const size_t breaking = broken ? std::min<size_t>(size - 1, 8) : 0;
  Choices writing(breaks + breaking, size - std::min(size, 1 + breaking));
  const std::vector<std::string_view> pieces = TissLang().Write(&writing, kScriptBytes);
  if (!broken) return Join(pieces);
  Choices where(breaks, breaking);
  return Corrupt(pieces, &where);
}

}  // namespace

std::vector<Input> Seeds() {
  Random random(5);
  std::vector<Input> seeds(64);
  for (Input& seed : seeds) {
    seed.resize(32 + random.Below(kMaxInput - 32));
    for (uint8_t& byte : seed) byte = static_cast<uint8_t>(random.Next());
  }
  return seeds;
}

}  // namespace quanta::fuzz

/// Half of all inputs are new ones: choices have no structure that would be worth keeping.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  quanta::fuzz::Random random(seed);
  if (!random.OneIn(2)) return LLVMFuzzerMutate(data, size, max_size);
  size = std::min(max_size, 8 + random.Below(quanta::fuzz::kMaxInput - 8));
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<uint8_t>(random.Next());
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // To see the script that an input stands for: set this, and give the input's file.
  static const bool show = std::getenv("QUANTA_FUZZ_SHOW") != nullptr;
  const std::string script = quanta::fuzz::ScriptOf(data, size);
  if (show) std::fprintf(stderr, "%s\n", script.c_str());
  quanta::fuzz::accepted += quanta::lite::CheckScript(script);
  return 0;
}
