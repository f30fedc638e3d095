// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tiss_lite/script_runner.h"
#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

struct Case {
  const char* command;
  const char* out;
  int code = 0;
};

/// The command is a value put into the script as plain text, without the language's quotes.
LastRun RunCommand(ScriptRunner* runner, const std::string& command) {
  std::string escaped;
  for (const char c : command) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return runner->RunStep("RUN \"" + escaped + "\"").state().last_run;
}

TEST(Tools, PrintWhatTheirUnixNamesakesDo) {
  ScriptRunner runner;
  runner.files = {{"f", "b 2\na 10\nb 2\n"},
                  {"d/x.txt", "x"},
                  {"d/y.txt", "yy\n"},
                  {"d/.h", ""},
                  {"u", "no end"}};
  for (const Case& test : std::vector<Case>{
           {"echo a  'b  c' \"d\\\"e\" f\\ g", "a b  c d\"e f g\n"},
           {"echo -n x", "x"},
           {"printf '%s=%d\\n' a 1 b 2", "a=1\nb=2\n"},
           {"cat f u", "b 2\na 10\nb 2\nno end"},
           {"ls", "d\nf\nu\n"},
           {"ls -a d", ".h\nx.txt\ny.txt\n"},
           {"ls d/*.txt", "d/x.txt\nd/y.txt\n"},
           {"ls nope", "", 2},
           {"pwd", "/\n"},
           {"mkdir d", "", 1},
           {"mkdir -p n/m && ls n", "m\n"},
           {"rm d", "", 1},
           {"rm -r d && ls", "f\nu\n"},
           {"rm -f nope", ""},
           {"rmdir d", "", 1},
           {"cp f g; cmp f g", ""},
           {"cp d e", "", 1},
           {"cp -r d e; cat e/x.txt", "x"},
           {"cp -r d d/in", "", 1},
           {"mv f d; ls d", "f\nx.txt\ny.txt\n"},
           {"mv u v; cat v", "no end"},
           {"touch t f; cat t f | wc -c", "13\n"},
           {"test -f f && test -d d && [ 3 -lt 10 ]", ""},
           {"[ a = b ]", "", 1},
           {"test -z ''", ""},
           {"[ 1 -eq x ]", "", 2},
           {"head -n 1 f; tail -1 f", "b 2\nb 2\n"},
           {"tail -n 2 u", "no end"},
           {"tail -n +2 f; tail -n +1 u; tail -n +9 f; head -n +1 f", "a 10\nb 2\nno endb 2\n"},
           {"wc f", "3 6 13 f\n"},
           {"grep -n b f", "1:b 2\n3:b 2\n"},
           {"grep -c -v B f; grep -i -c B f", "3\n2\n"},
           {"grep -E '^(a|b) [0-9]+$' f | grep -E -v '^b'", "a 10\n"},
           {"grep -q zzz f", "", 1},
           {"grep -E '(' f", "", 2},
           {"grep -i -E '^[[:upper:]] [[:digit:]]{2}$' f", "a 10\n"},
           {"sort f | uniq -c", "      1 a 10\n      2 b 2\n"},
           {"sort -u -r f", "b 2\na 10\n"},
           {"printf '10\\n9\\n-1\\n' | sort -n", "-1\n9\n10\n"},
           {"cut -d ' ' -f 2 f", "2\n10\n2\n"},
           {"echo Hello | tr a-z A-Z | tr -d L", "HEO\n"},
           {"echo x | tee d/t; cat d/t", "x\nx\n"},
           {"seq 2 2 6", "2\n4\n6\n"},
           {"basename a/b.txt .txt; dirname a/b.txt; dirname x", "b\na\n.\n"},
           {"cmp f u", "f u differ: byte 1, line 1\n", 1},
           {"false || echo no", "no\n"},
           {"false && echo no; echo yes", "yes\n"},
           {"cat nope 2>&1", "cat: nope: No such file or directory\n", 1},
           {"cat nope 2> err; cat err", "cat: nope: No such file or directory\n"},
           {"echo a > o; echo b >> o; cat < o", "a\nb\n"},
           {"nope", "", 127},
           {"echo '*' \\* \"?\" *.zip", "* * ? *.zip\n"},
       }) {
    const LastRun last = RunCommand(&runner, test.command);
    EXPECT_EQ(last.out, test.out) << test.command << last.err;
    EXPECT_EQ(last.exit_code, test.code) << test.command << last.err;
  }
}

TEST(Shell, RefusesWhatItIsNotBeforeAnythingRuns) {
  ScriptRunner runner;
  for (const char* command : {"echo $HOME",  "echo \"$x\"",
                              "echo `id`",   "echo $(id)",
                              "(ls)",        "{ ls; }",
                              "ls &",        "! ls",
                              "cat << E",    "x=1 ls",
                              "cd d",        "f() { ls; }",
                              "echo a >& b", "ls 1> x",
                              "ls 2>> x",    "ls |",
                              "| ls",        "ls && ",
                              "ls ;; ls",    "> x",
                              "ls >",        "echo 'a",
                              "echo \"a",    "echo a{b,c}",
                              "ls # x",      "if true; then ls; fi",
                              "ls |& cat",   "echo a\\"}) {
    const LastRun last = RunCommand(&runner, std::string("echo ran; ") + command);
    EXPECT_EQ(last.exit_code, 2) << command;
    EXPECT_EQ(last.out, "") << command;
    EXPECT_NE(last.err.find("unsupported syntax"), std::string::npos) << command;
  }
}

TEST(Shell, TakesValuesAsInertPiecesOfAWord) {
  ScriptRunner runner;
  for (const char* value : {"a b", "; rm keep", "$(id)", "`id`", "> out", "| cat", "*", "?", "'",
                            "\\", "&& false", "{x}", "#", "\n ls", "!", ""}) {
    ExecutionEngine& engine =
        runner.Load("STEP \"s\" {\nRUN \"echo a{{v}}b '{{v}}' {{v}}\"\nRUN \"test -z {{v}}\"\n}");
    runner.files = {{"keep", ""}, {"a.b", ""}};
    engine.SetVariable("v", Value::Text(value));
    while (engine.Step() && engine.state().usage.runs < 1) {
    }
    const std::string v = value;
    EXPECT_EQ(engine.state().last_run.out, "a" + v + "b " + v + " " + v + "\n");
    engine.Run();
    EXPECT_EQ(engine.state().last_run.exit_code, v.empty() ? 0 : 1) << v;
  }
}

TEST(Shell, CutsOutputAndSaysSo) {
  ScriptRunner runner;
  const LastRun last = RunCommand(&runner, "seq 1000000");
  EXPECT_TRUE(last.truncated);
  EXPECT_EQ(last.out.size(), runner.profile.limits.output_bytes);
}

TEST(Shell, EndsTheRunWhereALimitIsPassed) {
  ScriptRunner runner;
  for (const char* command : {"seq 10000000 > big", "seq 10000000 | cat",
                              "true|true|true|true|true|true|true|true|true"}) {
    RunCommand(&runner, command);
    EXPECT_EQ(runner.Code(), "R308") << command;
  }
}

}  // namespace
}  // namespace quanta::lite
