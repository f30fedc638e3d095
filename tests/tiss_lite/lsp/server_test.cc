// SPDX-License-Identifier: MIT
#include "tiss_lite/lsp/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lsp/framing.h"
#include "tiss_lite/lsp/surrogates.h"

namespace quanta::lite::lsp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A server, and an editor that speaks to it.
class Session : public ::testing::Test {
 protected:
  Session() { server_.emplace(Options()); }

  static ServerOptions Options() {
    ServerOptions options;
    EXPECT_TRUE(PresetProfile("default", &options.profile));
    return options;
  }
  /// The messages that the server has sent.
  std::vector<Value> Sent() {
    MessageReader reader;
    reader.Feed(server_->TakeOutput());
    std::vector<Value> messages;
    while (const auto event = reader.Next()) {
      EXPECT_TRUE(ParseJson(event->text, &messages.emplace_back())) << event->text;
    }
    return messages;
  }
  Value Ask(const std::string& method, const std::string& params) {
    server_->Take(
        Concat(R"({"jsonrpc":"2.0","id":7,"method":")", method, R"(","params":)", params, "}"));
    const std::vector<Value> sent = Sent();
    EXPECT_EQ(sent.size(), 1u);
    return sent.empty() ? Value() : sent[0];
  }
  void Tell(const std::string& method, const std::string& params) {
    server_->Take(Concat(R"({"jsonrpc":"2.0","method":")", method, R"(","params":)", params, "}"));
  }
  void Initialize(const std::string& capabilities = "{}") {
    Ask("initialize", R"({"capabilities":)" + capabilities + "}");
  }
  void Open(const std::string& text) {
    JsonWriter json;
    json.BeginObject().Key("textDocument").BeginObject();
    json.Key("uri").String("file:///a.tiss").Key("version").Number(1).Key("text").String(text);
    json.EndObject().EndObject();
    Tell("textDocument/didOpen", json.text());
  }
  /// The codes and start positions of what is published: "E107@1:2".
  std::vector<std::string> Published() {
    server_->PublishChanges();
    std::vector<std::string> list;
    for (const Value& message : Sent()) {
      for (const Value& one : Member(message, {"params", "diagnostics"})->items) {
        const Value* start = Member(one, {"range", "start"});
        list.push_back(Concat(one.Find("code")->text, "@", TextForm(*start->Find("line")), ":",
                              TextForm(*start->Find("character"))));
      }
    }
    return list;
  }
  static std::string At(int line, int character, const std::string& more = "") {
    return Concat(R"({"textDocument":{"uri":"file:///a.tiss"},"position":{"line":)",
                  std::to_string(line), R"(,"character":)", std::to_string(character), "}", more,
                  "}");
  }
  static double CodeOf(const Value& reply) {
    const Value* code = Member(reply, {"error", "code"});
    return code == nullptr ? 0 : code->number;
  }

  std::optional<LanguageServer> server_;
};

TEST_F(Session, BeginsWithInitializeAndEndsWithShutdown) {
  EXPECT_EQ(CodeOf(Ask("textDocument/hover", At(0, 0))), -32002);
  EXPECT_EQ(CodeOf(Ask("shutdown", "null")), -32002);
  const Value reply = Ask("initialize", R"({"capabilities":{}})");
  EXPECT_EQ(Member(reply, {"result", "capabilities", "positionEncoding"})->text, "utf-16");
  EXPECT_EQ(CodeOf(Ask("initialize", "{}")), -32600);
  EXPECT_EQ(CodeOf(Ask("shutdown", "null")), 0);
  EXPECT_EQ(CodeOf(Ask("textDocument/hover", At(0, 0))), -32600);
  EXPECT_FALSE(server_->exited());
  Tell("exit", "null");
  EXPECT_TRUE(server_->exited());
  EXPECT_EQ(server_->exit_code(), 0);
}

TEST_F(Session, LeavingWithoutShutdownIsAFailure) {
  Tell("exit", "null");
  EXPECT_TRUE(server_->exited());
  EXPECT_EQ(server_->exit_code(), 1);
}

TEST_F(Session, AnswersWhatIsNoRequestAsJsonRpcSays) {
  const auto code = [this](const char* body) {
    server_->Take(body);
    const std::vector<Value> sent = Sent();
    return sent.empty() ? 0 : CodeOf(sent[0]);
  };
  EXPECT_EQ(code("{"), -32700);
  EXPECT_EQ(code("\xFF"), -32700);
  EXPECT_EQ(code(""), -32700);
  EXPECT_EQ(code("[]"), -32600);
  EXPECT_EQ(code("3"), -32600);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","id":1})"), -32600);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","id":1,"method":3})"), -32600);
  EXPECT_EQ(code(R"({"jsonrpc":"1.0","id":1,"method":"initialize"})"), -32600);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","id":[],"method":"initialize"})"), -32600);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","id":1,"result":{}})"), 0);
  Initialize();
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","id":"a","method":"textDocument/moniker"})"), -32601);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","id":1,"method":"$/unknown"})"), -32601);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","method":"$/unknown"})"), 0);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","method":"textDocument/didOpen"})"), 0);
  EXPECT_EQ(code(R"({"jsonrpc":"2.0","method":"textDocument/didChange","params":[1]})"), 0);
  EXPECT_EQ(CodeOf(Ask("textDocument/hover", At(0, 0))), -32602);
  Open("LOG \"a\"");
  for (const char* position :
       {"null", "{}", R"({"line":-1,"character":0})", R"({"line":0.5,"character":0})",
        R"({"line":0,"character":1e300})", R"({"line":"0","character":0})"}) {
    EXPECT_EQ(CodeOf(Ask("textDocument/hover",
                         Concat(R"({"textDocument":{"uri":"file:///a.tiss"},"position":)", position,
                                "}"))),
              -32602)
        << position;
  }
}

TEST_F(Session, RepliesCarryTheIdAsItCame) {
  server_->Take(R"({"jsonrpc":"2.0","id":"x\"y","method":"initialize","params":{}})");
  EXPECT_THAT(server_->TakeOutput(), HasSubstr(R"("id":"x\"y")"));
  server_->Take(R"({"jsonrpc":"2.0","id":9007199254740991,"method":"shutdown"})");
  EXPECT_THAT(server_->TakeOutput(), HasSubstr(R"("id":9007199254740991,)"));
}

TEST_F(Session, PublishesErrorsAndHintsWhileAScriptIsWritten) {
  Initialize();
  Open("TASK \"t\"\nRUN \"ls\"\nVAR x = 1\n");
  EXPECT_THAT(Published(), ElementsAre("E107@1:0", "L205@2:0"));
  const auto change = [this](const char* range, const char* text) {
    Tell("textDocument/didChange",
         Concat(R"({"textDocument":{"uri":"file:///a.tiss","version":2},"contentChanges":[{)",
                range, R"("text":)", text, "}]}"));
  };
  change(R"("range":{"start":{"line":1,"character":0},"end":{"line":1,"character":8}},)",
         R"("LOG \"{{x}} {{y}}\"")");
  EXPECT_THAT(Published(), ElementsAre("L204@1:0", "L204@1:0"));
  change("", R"("TASK \"t\"\nLOG \"ok\"")");
  EXPECT_THAT(Published(), IsEmpty());
  EXPECT_THAT(Published(), IsEmpty());  // nothing has changed since
}

TEST_F(Session, ClosingTakesTheDiagnosticsBack) {
  Initialize();
  Open("RUN");
  EXPECT_EQ(Published().size(), 2u);
  Tell("textDocument/didClose", R"({"textDocument":{"uri":"file:///a.tiss"}})");
  const std::vector<Value> sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_THAT(Member(sent[0], {"params", "diagnostics"})->items, IsEmpty());
  EXPECT_EQ(CodeOf(Ask("textDocument/hover", At(0, 0))), -32602);
}

TEST_F(Session, CountsInTheEncodingThatWasAgreed) {
  const std::string script = "TASK \"t\"\nLOG \"\xF0\x9F\x98\x80\" what";
  Initialize();
  Open(script);
  EXPECT_THAT(Published(), ElementsAre("E115@1:9"));
  server_.emplace(Options());
  Initialize(R"({"general":{"positionEncodings":["utf-32","utf-8","utf-16"]}})");
  Open(script);
  EXPECT_THAT(Published(), ElementsAre("E115@1:11"));
}

TEST(Surrogates, HalvesOfPairsAreReplacedAndNothingElse) {
  EXPECT_EQ(WithWholePairs(R"("\ud83d\uDE00 \\ud83d \n")"), R"("\ud83d\uDE00 \\ud83d \n")");
  EXPECT_EQ(WithWholePairs(R"("\ud83d x\uDE00\uD83D\ud83d\ude00\")"),
            R"("\uFFFD x\uFFFD\uFFFD\ud83d\ude00\")");
  EXPECT_EQ(WithWholePairs(R"(\ud83)"), R"(\ud83)");
  EXPECT_EQ(WithWholePairs("\\"), "\\");
}

TEST_F(Session, TakesTextsWithHalfACharacter) {
  Initialize();
  Tell("textDocument/didOpen",
       R"({"textDocument":{"uri":"file:///a.tiss","version":1,"text":"TASK \"\ud83d\"\nRUN"}})");
  EXPECT_THAT(Published(), ElementsAre("E107@1:0"));
}

TEST_F(Session, HoversTellAboutTheWordAndTheDiagnostic) {
  Initialize();
  Open("TASK \"t\"\nLOG \"{{who}}\"");
  const Value reply = Ask("textDocument/hover", At(1, 8));
  const std::string text = Member(reply, {"result", "contents", "value"})->text;
  EXPECT_THAT(text, HasSubstr("nothing in the script sets it"));
  EXPECT_THAT(text, HasSubstr("**L204**"));
  EXPECT_TRUE(Ask("textDocument/hover", At(0, 6)).Find("result")->is(Value::Kind::kNull));
}

TEST_F(Session, FindsAndRenamesVariables) {
  Initialize();
  Open("TASK \"t\"\nVAR who = \"a\"\nVAR other = 1\nLOG \"{{who}} {{ who }} {{other}}\"");
  const Value definition = Ask("textDocument/definition", At(3, 8));
  EXPECT_EQ(Member(definition, {"result", "range", "start", "line"})->number, 1);
  EXPECT_EQ(Member(definition, {"result", "range", "start", "character"})->number, 4);
  EXPECT_EQ(Ask("textDocument/references", At(1, 4)).Find("result")->items.size(), 3u);
  EXPECT_EQ(Ask("textDocument/references", At(1, 4, R"(,"context":{"includeDeclaration":false})"))
                .Find("result")
                ->items.size(),
            2u);
  EXPECT_EQ(Ask("textDocument/documentHighlight", At(1, 4)).Find("result")->items.size(), 3u);
  const Value edits = Ask("textDocument/rename", At(3, 8, R"(,"newName":"someone")"));
  EXPECT_EQ(Member(edits, {"result", "changes", "file:///a.tiss"})->items.size(), 3u);
  EXPECT_EQ(CodeOf(Ask("textDocument/rename", At(3, 8, R"(,"newName":"3x")"))), -32602);
  EXPECT_EQ(CodeOf(Ask("textDocument/rename", At(3, 8, R"(,"newName":"other")"))), -32803);
  EXPECT_EQ(CodeOf(Ask("textDocument/rename", At(0, 1, R"(,"newName":"x")"))), -32803);
  EXPECT_EQ(Member(Ask("textDocument/prepareRename", At(1, 5)), {"result", "placeholder"})->text,
            "who");
}

TEST_F(Session, FormatsWhatParsesAndKeepsItsLineEnds) {
  const std::string whole = R"({"textDocument":{"uri":"file:///a.tiss"},"options":{}})";
  Initialize();
  Open("STEP \"s\" {\r\nLOG \"a\"\r\n}\r\n");
  const Value reply = Ask("textDocument/formatting", whole);
  const Value& edit = reply.Find("result")->items.at(0);
  EXPECT_EQ(edit.Find("newText")->text, "STEP \"s\" {\r\n    LOG \"a\"\r\n}\r\n");
  EXPECT_EQ(Member(edit, {"range", "end", "line"})->number, 3);
  Open("STEP \"s\" {\n    LOG \"a\"\n}\n");
  EXPECT_THAT(Ask("textDocument/formatting", whole).Find("result")->items, IsEmpty());
  Open("STEP \"s\" {");
  EXPECT_TRUE(Ask("textDocument/formatting", whole).Find("result")->is(Value::Kind::kNull));
}

TEST_F(Session, ListsSymbolsAsTheEditorKnowsThem) {
  const std::string script = "TASK \"t\" {\nSTEP \"s\" {\nVAR x = 1\n}\n}\nSTEP \"u\" {\n";
  const std::string whole = R"({"textDocument":{"uri":"file:///a.tiss"}})";
  Initialize();
  Open(script);
  const Value flat = Ask("textDocument/documentSymbol", whole);
  EXPECT_EQ(flat.Find("result")->items.size(), 4u);
  server_.emplace(Options());
  Initialize(R"({"textDocument":{"documentSymbol":{"hierarchicalDocumentSymbolSupport":true}}})");
  Open(script);
  const Value nested = Ask("textDocument/documentSymbol", whole);
  const std::vector<Value>& top = nested.Find("result")->items;
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].Find("name")->text, "t");
  const Value& step = top[0].Find("children")->items.at(0);
  EXPECT_EQ(step.Find("name")->text, "s");
  EXPECT_EQ(step.Find("children")->items.at(0).Find("name")->text, "x");
}

TEST_F(Session, CompletesWithSnippetsOnlyForThoseWhoKnowThem) {
  const auto text = [this] {
    const Value reply = Ask("textDocument/completion", At(0, 2));
    for (const Value& item : reply.Find("result")->items) {
      if (item.Find("label")->text == "STEP") return Member(item, {"textEdit", "newText"})->text;
    }
    return std::string("none");
  };
  Initialize();
  Open("ST");
  EXPECT_EQ(text(), "STEP");
  server_.emplace(Options());
  Initialize(R"({"textDocument":{"completion":{"completionItem":{"snippetSupport":true}}}})");
  Open("ST");
  EXPECT_THAT(text(), HasSubstr("${1:what}"));
}

/// Bytes that the server sends for a script of `lines` hints, and for its symbols.
TEST_F(Session, TakesScriptsOfAnySize) {
  Initialize();
  const std::string whole = R"({"textDocument":{"uri":"file:///a.tiss"}})";
  std::string deep, wide = "TASK \"t\"\n", line;
  for (int i = 0; i < 20000; ++i) deep += "TRY{";
  while (wide.size() < 60000) wide += "VAR a" + std::to_string(wide.size()) + " = 1\n";
  while (line.size() < 300000) line += "VAR b = \"{{a}}\";";
  for (const std::string& script : {deep, wide, line, std::string(300000, '"'),
                                    std::string(300000, '{'), std::string(250000, '\n')}) {
    Open(script);
    EXPECT_LE(Published().size(), 1000u);
    for (const char* method : {"textDocument/documentSymbol", "textDocument/formatting"}) {
      EXPECT_EQ(CodeOf(Ask(method, whole)), 0) << method;
    }
    for (const char* method : {"textDocument/completion", "textDocument/hover",
                               "textDocument/definition", "textDocument/references"}) {
      EXPECT_EQ(CodeOf(Ask(method, At(1, 5))), 0) << method;
    }
  }
}

}  // namespace
}  // namespace quanta::lite::lsp
