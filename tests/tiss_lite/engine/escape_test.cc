// SPDX-License-Identifier: MIT
//
// Every way in which a script can name a path, with every path that leads out.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tiss_lite/script_runner.h"

namespace quanta::lite {
namespace {

// As the text between double quotes in a script.
const std::vector<std::string> kEscapes = {"/",
                                           "/etc/passwd",
                                           "//x",
                                           "..",
                                           "../x",
                                           "a/../..",
                                           "a/../../x",
                                           "./../x",
                                           "a/b/../../../x",
                                           "../.",
                                           "~",
                                           "~/x",
                                           "~root",
                                           "C:/x",
                                           "c:",
                                           "x\\\\y",
                                           "/proc/self/mem",
                                           "/dev/null",
                                           "..//",
                                           "a/./../../b",
                                           "d/../../d",
                                           "../../../../../../../../etc/shadow"};

const std::vector<std::string> kUses = {
    "READ \"@\" AS x",
    "WRITE \"@\" \"x\"",
    "WRITE \"@\" <<E\nx\nE",
    "MKDIR \"@\"",
    "DELETE \"@\"",
    "ASSERT FILE \"@\" EXISTS",
    "IF FILE \"@\" NOT EXISTS { LOG \"x\" }",
    "VAR p = \"@\"\nREAD \"{{p}}\" AS x",
    "VAR p = \"@\"\nWRITE \"{{p}}\" \"x\"",
    "VAR p = \"@\"\nRUN \"cat {{p}}\"",
    "VAR p = \"@\"\nRUN \"echo x > {{p}}\"",
    "PROMPT_AGENT \"which file?\" INTO p\nREAD \"{{p}}\" AS x",
    "PROMPT_AGENT \"which file?\" INTO p\nRUN \"rm -rf {{p}}\"",
    "TRY {\nREAD \"@\" AS x\n} CATCH {\n}",
    "RUN 'cat \"@\"'",
    "RUN 'ls \"@\"'",
    "RUN 'cp f \"@\"'",
    "RUN 'cp \"@\" f'",
    "RUN 'mv f \"@\"'",
    "RUN 'touch \"@\"'",
    "RUN 'mkdir -p \"@\"'",
    "RUN 'rm -rf \"@\"'",
    "RUN 'rmdir \"@\"'",
    "RUN 'echo x | tee \"@\"'",
    "RUN 'cat < \"@\"'",
    "RUN 'echo x >> \"@\"'",
    "RUN 'cat nope 2> \"@\"'",
    "RUN 'test -e \"@\"'",
    "RUN 'grep x \"@\"'",
    "RUN 'wc -l \"@\"; true'",
};

std::string Put(std::string use, const std::string& path) {
  for (size_t at = use.find('@'); at != use.npos; at = use.find('@')) use.replace(at, 1, path);
  return use;
}

TEST(Escapes, AreDeniedInEveryStatementAndTool) {
  int cases = 0;
  for (const std::string& path : kEscapes) {
    std::string plain = path == "x\\\\y" ? "x\\y" : path;
    for (const std::string& use : kUses) {
      ScriptRunner runner;
      runner.files = {{"f", "f"}, {"a/b/c", "c"}, {"d/e", "e"}};
      ListAgent agent({plain});
      runner.host.agent = &agent;
      ExecutionEngine& engine = runner.RunStep(Put(use, path));
      EXPECT_EQ(runner.Code(), "R303") << Put(use, path);
      EXPECT_EQ(engine.status(), RunStatus::kDenied);
      EXPECT_TRUE(engine.state().files.Changes().empty()) << Put(use, path);
      ++cases;
    }
  }
  EXPECT_GE(cases, 600);
}

// What no script could write down, but a model may say or a file may hold.
TEST(Escapes, FromModelOutputAndFilesAreDenied) {
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "a/";
  const std::vector<std::string> paths = {std::string("f\0x", 3),
                                          std::string("\0", 1),
                                          "f\n",
                                          "f\x7F",
                                          "f\x1B[0m",
                                          "f\xC2\x85",
                                          "\xC2\x9F",
                                          "f\r",
                                          "\t",
                                          std::string(256, 'x'),
                                          "d/" + std::string(256, 'x'),
                                          std::string(1025, '.'),
                                          std::string(1024, '/') + "x",
                                          deep,
                                          "",
                                          "/",
                                          "..",
                                          "d/../../f",
                                          "~",
                                          "Z:",
                                          "\\\\server\\share"};
  for (const std::string& path : paths) {
    for (const char* source : {"PROMPT_AGENT \"where?\" INTO p\n", "READ \"path\" AS p\n"}) {
      for (const char* use :
           {"READ \"{{p}}\" AS x", "WRITE \"{{p}}\" \"w\"", "MKDIR \"{{p}}\"", "DELETE \"{{p}}\"",
            "ASSERT FILE \"{{p}}\" EXISTS", "RUN \"cat {{p}}\"", "RUN \"echo w > {{p}}\"",
            "RUN \"cat < {{p}}\"", "RUN \"rm -rf '{{p}}'\"", "RUN \"cp f {{p}}\"",
            "RUN \"echo w | tee -a {{p}}\"", "RUN \"ls -l {{p}}\""}) {
        ScriptRunner runner;
        runner.files = {{"f", "f"}, {"path", path}};
        ListAgent agent({path});
        runner.host.agent = &agent;
        ExecutionEngine& engine = runner.RunStep(std::string(source) + use);
        EXPECT_EQ(runner.Code(), "R303") << use << " with " << path;
        EXPECT_TRUE(engine.state().files.Changes().empty()) << use << " with " << path;
      }
    }
  }
}

// Signs that look like a slash, dots or another letter are plain characters of a name.
TEST(Escapes, ByLookalikesStayInside) {
  for (const char* name :
       {"\xEF\xBC\x8E\xEF\xBC\x8E", "\xE2\x80\xA4\xE2\x80\xA4", "..\xE2\x88\x95..", "\xEF\xBC\x8F",
        "%2e%2e", "\xE2\x80\xAE", "F", "\xEF\xBD\x86"}) {
    ScriptRunner runner;
    runner.files = {{"f", "f"}};
    ExecutionEngine& engine = runner.RunStep(std::string("WRITE \"") + name + "/x\" \"w\"");
    EXPECT_EQ(runner.Code(), "") << name;
    EXPECT_EQ(runner.ReadFile("f"), "f") << name;
    EXPECT_EQ(engine.state().files.Changes().size(), 2u) << name;
    EXPECT_EQ(runner.ReadFile(std::string(name) + "/x"), "w") << name;
  }
}

TEST(Escapes, ByPatternsFindNothingOutside) {
  ScriptRunner runner;
  runner.files = {{"f", "f"}};
  for (const char* command : {"ls /*", "ls ../*", "cat /etc/p*", "rm -r ../?", "ls ~/*"}) {
    runner.RunStep(std::string("RUN \"") + command + "\"");
    EXPECT_EQ(runner.Code(), "R303") << command;
  }
}

TEST(Escapes, FromAReadOnlyOrNarrowGrantAreDenied) {
  for (const char* use : {"WRITE \"data/f\" \"\"",
                          "RUN \"echo -n > data/f\"",
                          "RUN \"cat data/f > data/f\"",
                          "RUN \"cat data/f 2> data/f\"",
                          "RUN \"true >> data/f\"",
                          "RUN \"touch data/f\"",
                          "RUN \"mv data/f out/f\"",
                          "RUN \"cp out/g data/f\"",
                          "RUN \"rm data/f\"",
                          "DELETE \"data/f\"",
                          "MKDIR \"data/n\"",
                          "RUN \"tee data/f\"",
                          "RUN \"rm -rf data\"",
                          "WRITE \"out/../data/f\" \"\"",
                          "WRITE \"outer/x\" \"\"",
                          "WRITE \"Out/x\" \"\"",
                          "READ \"secret\" AS x",
                          "READ \"data/../secret\" AS x",
                          "RUN \"cat secret\"",
                          "RUN \"ls\"",
                          "RUN \"ls .\"",
                          "RUN \"cat < secret\"",
                          "RUN \"echo *\"",
                          "RUN \"cp -r . out/all\"",
                          "ASSERT FILE \"secret\" EXISTS",
                          "READ \"datax\" AS x"}) {
    ScriptRunner runner;
    runner.profile.capabilities = {};
    for (const char* grant : {"fs.read:data/,out/", "fs.write:out/", "run", "log"}) {
      ASSERT_EQ(runner.profile.capabilities.Grant(grant), nullptr);
    }
    runner.files = {
        {"data/f", "kept"}, {"secret", "s"}, {"datax", "s"}, {"out/g", "g"}, {"outer/y", ""}};
    ExecutionEngine& engine = runner.RunStep(use);
    EXPECT_EQ(runner.Code(), "R304") << use;
    EXPECT_EQ(engine.state().files.Look("secret"), NodeKind::kFile);
    EXPECT_EQ(runner.ReadFile("data/f"), "kept") << use;
  }
}

TEST(Escapes, OfTheRootItselfAreDenied) {
  ScriptRunner runner;
  runner.files = {{"f", "f"}, {"d/e", "e"}};
  for (const char* use : {"DELETE \".\"", "RUN \"rm -rf .\"", "RUN \"rm -r d/..\"",
                          "RUN \"mv . d\"", "RUN \"mv . new\"", "RUN \"rm -rf ./\""}) {
    ExecutionEngine& engine = runner.RunStep(use);
    EXPECT_EQ(runner.ReadFile("f") + runner.ReadFile("d/e"), "fe") << use;
    EXPECT_TRUE(engine.state().files.Changes().empty()) << use;
  }
}

}  // namespace
}  // namespace quanta::lite
