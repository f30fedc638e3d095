// SPDX-License-Identifier: MIT
//
// Takes any bytes for a script that is being written, and any bytes for what an editor sends.
// The reading of unfinished scripts must agree with the parser where that succeeds; whatever the
// server answers must be well-formed messages with places that there are.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tiss_lite/language/places.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/language/hover.h"
#include "tiss_lite/language/variables.h"
#include "tiss_lite/lsp/framing.h"
#include "tiss_lite/lsp/server.h"

namespace quanta::lite {
namespace {

void CheckSpan(const Source& source, Span span) {
  QUANTA_CHECK(span.begin <= span.end && span.end <= source.size());
}

void CheckDraft(const Source& source, const Draft& draft) {
  uint32_t last = 0;
  for (const DraftName& name : draft.names) {
    CheckSpan(source, name.span);
    QUANTA_CHECK(name.span.begin >= last);
    QUANTA_CHECK(IsVariableName(source.TextOf(name.span)));
    last = name.span.end;
  }
  last = 0;
  for (const DraftStatement& one : draft.statements) {
    CheckSpan(source, one.span);
    CheckSpan(source, one.block);
    QUANTA_CHECK(one.word.begin >= last && one.word.end <= one.span.end);
    last = one.word.begin;
  }
  for (const DraftText& one : draft.texts) CheckSpan(source, one.span);
}

bool UseScript(std::string_view bytes) {
  const Source source("fuzz", bytes);
  const Draft draft = ReadDraft(source);
  CheckDraft(source, draft);
  const ParseResult parsed = Parse(source);
  if (parsed.ok()) {
    QUANTA_CHECK(PlacesInDraft(source) == PlacesInTree(parsed.program));
    QUANTA_CHECK(BlocksInDraft(source) == BlocksInTree(source, parsed.program));
    QUANTA_CHECK(draft.comments.size() == parsed.program.comments.size());
  }
  ToolRegistry tools;
  AddBuiltInTools(&tools);
  const ToolsInReach reach{&tools, nullptr};
  const uint32_t step = std::max(source.size() / 32, 1u);
  for (uint32_t offset = 0; offset <= source.size(); offset += step) {
    for (const Completion& one : Complete(source, draft, offset, reach)) {
      CheckSpan(source, one.replaces);
      QUANTA_CHECK(one.replaces.end == offset);
      QUANTA_CHECK(source.TextOf(one.replaces).find('\n') == std::string_view::npos);
    }
    if (const auto hover = HoverAt(source, draft, offset, reach)) CheckSpan(source, hover->span);
  }
  return parsed.ok();
}

bool UseStream(std::string_view bytes) {
  lsp::ServerOptions options;
  PresetProfile("default", &options.profile);
  lsp::LanguageServer server(std::move(options));
  lsp::MessageReader in, out;
  const size_t piece = bytes.size() / 3 + 1;
  bool understood = false;
  for (size_t at = 0; at < bytes.size() && !server.exited(); at += piece) {
    in.Feed(bytes.substr(at, piece));
    while (const auto event = in.Next()) {
      if (server.exited()) break;
      event->error ? server.Refuse(event->text) : server.Take(event->text);
      understood = understood || !event->error;
    }
    server.PublishChanges();
    out.Feed(server.TakeOutput());
  }
  while (const auto event = out.Next()) {
    Value message;
    QUANTA_CHECK(!event->error && ParseJson(event->text, &message));
    QUANTA_CHECK(message.Find("jsonrpc") != nullptr);
  }
  QUANTA_CHECK(out.AtBoundary());
  return understood;
}

}  // namespace
}  // namespace quanta::lite

namespace quanta::fuzz {

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  for (const std::string_view script :
       {"#TISS! A=b # c\n@limits {a: [1, \"b\"]} # d\nTASK \"t {{x}}\" {\nSETUP { MKDIR \"x\" }\n"
        "STEP 's' { VAR a = [1, {k: v}]; RUN \"echo \"x\" {{a}}\" } # e\n}\n",
        "STEP \"s\"\nIF \"a == 'b'\"\nLOG \"x\"\nELSE\nPROMPT_AGENT \"p\" -> a\nENDIF\n}\n",
        "STEP \"a\" { WRITE \"f\" <<E # c\n  x {{b}}\n y\nE\n}\nIF a == [b, 1] AND NOT FILE \"c\" "
        "EXISTS OR {{ d }} IS_EMPTY THEN {\n} ELSE IF not not contains e {\n}\nx = "
        "<<\"R\"\n{{z}}\nR",
        "TRY {\nREAD \"f\" AS a\n} CATCH AS why { PROMPT_AGENT <<E INTO b\n\\{{c}}\nE\n}\n"}) {
    seeds.emplace_back(script.begin(), script.end());
  }
  std::string session;
  for (
      const std::string_view body :
      {R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}})",
       R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"a",)"
       R"("version":1,"text":"VAR a = 1\nLOG \"{{a}}\""}}})",
       R"({"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"a"},)"
       R"("contentChanges":[{"range":{"start":{"line":0,"character":1},"end":{"line":1,)"
       R"("character":2}},"text":"x"}]}})",
       R"({"jsonrpc":"2.0","id":2,"method":"textDocument/completion","params":{"textDocument":)"
       R"({"uri":"a"},"position":{"line":1,"character":8}}})",
       R"({"jsonrpc":"2.0","id":3,"method":"textDocument/documentSymbol","params":)"
       R"({"textDocument":{"uri":"a"}}})"}) {
    session += lite::lsp::Framed(body);
  }
  seeds.emplace_back(session.begin(), session.end());
  return seeds;
}

}  // namespace quanta::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const bool stream = bytes.find("Content-Length") != bytes.npos;
  const bool taken = stream ? quanta::lite::UseStream(bytes) : quanta::lite::UseScript(bytes);
  if (taken) ++quanta::fuzz::accepted;
  return 0;
}
