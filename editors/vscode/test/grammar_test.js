// SPDX-License-Identifier: MIT
//
// Tokenises scripts with the engine that the editor uses.
//
// usage: grammar_test.js [--modules FOLDER] [--scripts FOLDER] [--program TISS-LITE]
//   --scripts  conformance scripts with their INDEX.json; with --program the parser's tree tells
//              which keyword stands in which line
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { execFileSync } = require("node:child_process");
const { need, option, root } = require("./modules");

const oniguruma = need("vscode-oniguruma");
const textmate = need("vscode-textmate");
const scripts = option("scripts") ?? path.join(root, "../../tests/data/tisslang");
const program = option("program");

// Stands for the grammar of another language, one whose texts are never closed.
const greedy = (scopeName) => ({
  scopeName,
  patterns: [{ begin: "\"", end: "THE END", name: "string.other.language" }],
  repository: {},
});

async function loadGrammar() {
  const wasm = need.resolve("vscode-oniguruma").replace(/main\.js$/, "onig.wasm");
  await oniguruma.loadWASM(fs.readFileSync(wasm).buffer);
  const { grammar } = await import("../grammar/grammar.mjs");
  const raw = JSON.parse(JSON.stringify(grammar));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) => (scope === "source.tiss" ? raw : greedy(scope)),
  });
  return registry.loadGrammar("source.tiss");
}

/** Per line the tokens: {text, scopes}. */
function tokenize(grammar, script) {
  let stack = textmate.INITIAL;
  return script.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).map((line) => {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    assert.ok(!result.stoppedEarly);
    return result.tokens.map((token) => ({
      text: line.slice(token.startIndex, token.endIndex),
      scopes: token.scopes.join(" "),
    }));
  });
}

let grammar;
const scopesOf = (script, text) => {
  for (const line of tokenize(grammar, script)) {
    for (const token of line) if (token.text.trim() === text) return token.scopes;
  }
  return `no token '${text}'`;
};

test.before(async () => {
  grammar = await loadGrammar();
});

const keywords = {
  TRY_CATCH: "TRY", TASK: "TASK", SETUP: "SETUP", STEP: "STEP", OPTION: "OPTION",
  PARALLEL: "PARALLEL", CHOOSE: "CHOOSE", ESTIMATE_COST: "ESTIMATE_COST", IF: "IF", RUN: "RUN",
  LOG: "LOG", WRITE: "WRITE", READ: "READ", PROMPT_AGENT: "PROMPT_AGENT", ASSERT: "ASSERT",
  VAR: "VAR", SET_BUDGET: "SET_BUDGET", REQUEST_REVIEW: "REQUEST_REVIEW", PAUSE: "PAUSE",
  MKDIR: "MKDIR", DELETE: "DELETE",
};

function nodesOf(value) {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  if (value === null || typeof value !== "object") return [];
  const own = typeof value.type === "string" && typeof value.line === "number" ? [value] : [];
  return [...own, ...Object.values(value).flatMap(nodesOf)];
}

test("every conformance script tokenises; valid ones have no invalid token", () => {
  const { tests } = JSON.parse(fs.readFileSync(path.join(scripts, "INDEX.json"), "utf8"));
  let checked = 0, seen = 0;
  for (const one of tests) {
    const file = path.join(scripts, one.file);
    const lines = tokenize(grammar, fs.readFileSync(file, "utf8"));
    if (one.kind === "error") continue;
    for (const token of lines.flat()) {
      assert.ok(!token.scopes.includes("invalid"), `${one.file}: ${token.text}`);
    }
    ++checked;
    if (!program) continue;
    const tree = JSON.parse(execFileSync(program, ["parse", file, "--json"], { encoding: "utf8" }));
    for (const node of nodesOf(tree.ast)) {
      const word = keywords[node.type];
      if (word === undefined) continue;
      const token = lines[node.line - 1].find((each) => each.text.trim() === word);
      assert.match(token?.scopes ?? "", /keyword\.control/, `${one.file}:${node.line}: ${word}`);
      ++seen;
    }
  }
  assert.ok(checked > 100);
  if (program) assert.ok(seen > 300, `${seen} keywords`);
});

test("statements, values and conditions have their scopes", () => {
  const script = [
    "#TISS! Language=en",
    "# a note",
    "@limits {tokens: 200, names: [a, \"b\"]}",
    "VAR count = 12",
    "VAR where = LAST_RUN.STDOUT",
    "STEP \"look {{count}} \\{{no}}\" { RUN \"ls\"; LOG 'x' }",
    "IF count >= 3 AND NOT FILE \"a\" EXISTS OR {{ where }} IS_EMPTY {",
    "} ELSE IF LAST_RUN.EXIT_CODE == 0 {",
    "}",
    "TRY {",
    "} CATCH AS why {",
    "}",
    "result = true",
    "WHILE x",
  ].join("\n");
  for (const [text, scope] of [
    ["#TISS!", /pragma/], ["# a note", /comment\.line/], ["limits", /directive/],
    ["tokens", /property-name/], ["200", /constant\.numeric/], ["12", /constant\.numeric/],
    ["LAST_RUN", /variable\.language/], ["STEP", /keyword\.control\.block/],
    ["RUN", /keyword\.control\.statement/], ["LOG", /keyword\.control\.statement/],
    ["IF", /keyword\.control\.conditional/], ["AND", /operator\.logical/],
    ["NOT", /operator\.logical/], ["FILE", /operator\.logical/], ["EXISTS", /operator\.logical/],
    [">=", /operator\.comparison/], ["IS_EMPTY", /operator\.logical/],
    ["ELSE", /keyword\.control\.conditional/], ["EXIT_CODE", /variable\.language\.field/],
    ["CATCH", /keyword\.control/], ["why", /variable\.other\.assignment/],
    ["result", /variable\.other\.assignment/], ["true", /constant\.language/],
    ["WHILE", /invalid\.illegal/], ["where", /variable\.other/], ["\\{{", /escape/],
  ]) assert.match(scopesOf(script, text), scope, text);
  assert.match(scopesOf("LOG \"{{count}}\"", "count"), /string.*interpolation.*variable/);
  assert.match(scopesOf("RUN \"echo \"hi\" there\"", "echo \"hi\" there"), /string\.quoted/);
});

test("a heredoc has the language that its tag or its path tells", async () => {
  const { embeddedScope, languages } = await import("../grammar/languages.mjs");
  const body = (opening, tag) => `STEP "s" {\n${opening}\n  body text\n  ${tag}\nLOG "after"\n}`;
  for (const language of languages) {
    const scope = new RegExp(embeddedScope(language).replaceAll(".", "\\.") + "( |$)");
    for (const tag of [...language.tags, language.tags[0].toLowerCase()]) {
      assert.match(scopesOf(body(`WRITE "x" <<${tag}`, tag), "body text"), scope, tag);
      assert.match(scopesOf(body(`VAR x = << "${tag}" # c`, tag), "body text"), scope, tag);
      assert.match(scopesOf(body(`PROMPT_AGENT <<${tag} INTO x`, tag), "body text"), scope, tag);
    }
    for (const ending of language.endings) {
      assert.match(scopesOf(body(`WRITE "a/b.${ending}" <<END`, "END"), "body text"), scope, ending);
      assert.match(scopesOf(body(`WRITE 'b.${ending}' <<'END'`, "END"), "body text"), scope, ending);
    }
  }
  assert.match(scopesOf(body("WRITE \"x\" <<END", "END"), "body text"), /string\.unquoted\.heredoc/);
  assert.doesNotMatch(scopesOf(body("WRITE \"x\" <<JSONS", "JSONS"), "body text"), /embedded/);
});

test("a heredoc ends at its tag, whatever the language inside has open", () => {
  const script = "STEP \"s\" {\nWRITE \"x.json\" <<END\n{\"open\n ENDED\n END\nRUN \"ls\"\n}";
  assert.match(scopesOf(script, "open"), /string\.other\.language/);
  assert.match(scopesOf(script, "ENDED"), /string\.other\.language/);
  assert.match(scopesOf(script, "END"), /entity\.name\.tag/);
  assert.match(scopesOf(script, "RUN"), /^source\.tiss keyword\.control\.statement\.tiss$/);
  assert.match(scopesOf("STEP \"s\" {\nWRITE \"x\" <<A\nA\nRUN \"ls\"\n}", "RUN"), /keyword/);
  assert.match(scopesOf("WRITE \"x\" <<A\nx\nA>>\nLOG \"y\"", "LOG"), /keyword/);
});

test("values are put into heredocs of any language, but not into raw ones", () => {
  const inside = (tag) => `STEP "s" {\nWRITE "x" <<${tag}\n"is {{topic}}"\nJSON\n}`;
  assert.match(scopesOf(inside("JSON"), "topic"), /embedded.*interpolation.*variable\.other/);
  assert.doesNotMatch(scopesOf(inside("\"JSON\""), "topic"), /interpolation/);
});

test("a value that looks like a statement begins none", () => {
  assert.doesNotMatch(scopesOf("@plan {RUN: 1,\n STEP: 2}\nLOG \"a\"", "STEP"), /keyword/);
  assert.match(scopesOf("@plan {RUN: 1,\n STEP: 2}\nLOG \"a\"", "LOG"), /keyword/);
  assert.doesNotMatch(scopesOf("VAR x = RUN away", "RUN away"), /keyword/);
  assert.match(scopesOf("VAR x = it's RUN # c\nLOG \"a\"", "LOG"), /keyword/);
});
