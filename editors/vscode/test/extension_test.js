// SPDX-License-Identifier: MIT
//
// Packs the extension and looks at what an editor would find in it.
//
// usage: extension_test.js [--modules FOLDER] [--out FOLDER] [--program TISS-LITE]
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");
const Module = require("node:module");
const { test } = require("node:test");
const { execFileSync, spawn } = require("node:child_process");
const { modules, option, root } = require("./modules");

const folder = option("out") ?? fs.mkdtempSync(path.join(os.tmpdir(), "tisslang-"));
const unpacked = path.join(folder, "unpacked");

/** What a ZIP file holds, read from its directory at the end: name -> bytes. */
function unzip(bytes) {
  const files = new Map();
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; --left) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50);
    const size = bytes.readUInt32LE(at + 20), length = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + 46, at + 46 + length);
    const data = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    files.set(name, zlib.inflateRawSync(bytes.subarray(data, data + size)));
    at += 46 + length + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

function pack(name) {
  const out = path.join(folder, name);
  execFileSync(process.execPath,
    [path.join(root, "scripts/package.mjs"), "--out", out, "--modules", modules]);
  return fs.readFileSync(out);
}

let files, manifest;
test.before(() => {
  fs.rmSync(unpacked, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  files = unzip(pack("tisslang.vsix"));
  for (const [name, data] of files) {
    const file = path.join(unpacked, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, data);
  }
  manifest = JSON.parse(files.get("extension/package.json"));
});

test("the package holds every file that its manifests name", () => {
  const named = [manifest.main, ...manifest.contributes.languages.map((one) => one.configuration),
    ...manifest.contributes.grammars.map((one) => one.path),
    ...manifest.contributes.snippets.map((one) => one.path)];
  for (const name of named) assert.ok(files.has(path.posix.join("extension", name)), name);
  const xml = files.get("extension.vsixmanifest").toString();
  for (const [, asset] of xml.matchAll(/<Asset [^>]*Path="([^"]+)"/g)) {
    assert.ok(files.has(asset), asset);
  }
  assert.match(xml, new RegExp(`Id="tisslang" Version="${manifest.version}"`));
  const types = files.get("[Content_Types].xml").toString();
  for (const name of files.keys()) {
    const ending = /\.([^./]+)$/.exec(name)?.[1];
    if (ending && name !== "[Content_Types].xml") assert.ok(types.includes(`".${ending}"`), name);
  }
});

test("packing twice gives the same bytes", () => {
  assert.ok(pack("a.vsix").equals(pack("b.vsix")));
});

test("every language of the grammar is one that the manifest tells the editor", async () => {
  const { languages } = await import("../grammar/languages.mjs");
  const embedded = manifest.contributes.grammars[0].embeddedLanguages;
  assert.equal(Object.keys(embedded).length, languages.length);
  const grammar = files.get("extension/grammar/tiss.tmLanguage.json").toString();
  for (const scope of Object.keys(embedded)) assert.ok(grammar.includes(`"${scope}"`), scope);
});

test("all JSON of the package can be read", () => {
  for (const [name, data] of files) if (name.endsWith(".json")) JSON.parse(data);
  const rules = JSON.parse(files.get("extension/language-configuration.json"));
  const { increaseIndentPattern, decreaseIndentPattern } = rules.indentationRules;
  assert.match("} ELSE IF x {", new RegExp(increaseIndentPattern));
  assert.match("    STEP \"a\" { # note", new RegExp(increaseIndentPattern));
  assert.doesNotMatch("LOG \"a {\"", new RegExp(increaseIndentPattern));
  assert.match("  } ELSE {", new RegExp(decreaseIndentPattern));
});

test("no address of a registry is in what is committed", () => {
  const lock = fs.readFileSync(path.join(root, "package-lock.json"), "utf8");
  assert.doesNotMatch(lock, /"resolved"|https?:/);
});

/** An editor that the client cannot tell from the real one as long as it only defines classes. */
function anything() {
  return new Proxy(class {}, {
    get: (target, key) => (key === "prototype" || key in target ? target[key] : anything()),
    apply: () => anything(),
  });
}

test("the client finds all its modules inside the package", () => {
  const load = Module._load;
  const outside = [];
  Module._load = function (request, parent, ...rest) {
    if (request === "vscode") return new Proxy({}, { get: () => anything() });
    const found = Module._resolveFilename(request, parent);
    if (path.isAbsolute(found) && !found.startsWith(unpacked)) outside.push(found);
    return load.call(this, request, parent, ...rest);
  };
  try {
    const from = Module.createRequire(path.join(unpacked, "extension/client/extension.js"));
    const { LanguageClient } = from("vscode-languageclient/node");
    assert.equal(typeof LanguageClient, "function");
  } finally {
    Module._load = load;
  }
  assert.deepEqual(outside, []);
});

/** The extension with an editor and a client that only write down what is asked of them. */
function activated(settings, startError) {
  const seen = { started: [], stopped: 0, errors: [], handlers: {} };
  const vscode = {
    workspace: {
      getConfiguration: () => ({ get: (key) => settings[key] }),
      onDidChangeConfiguration: (handler) => (seen.handlers.change = handler),
    },
    window: { showErrorMessage: async (text) => void seen.errors.push(text) },
    commands: { registerCommand: (name, handler) => (seen.handlers[name] = handler) },
  };
  class LanguageClient {
    constructor(id, name, server, options) {
      Object.assign(this, { server, options });
    }
    async start() {
      if (startError) throw startError;
      seen.started.push(this);
    }
    async stop() {
      ++seen.stopped;
    }
  }
  const load = Module._load;
  Module._load = function (request, ...rest) {
    if (request === "vscode") return vscode;
    if (request === "vscode-languageclient/node") return { LanguageClient };
    return load.call(this, request, ...rest);
  };
  const file = path.join(unpacked, "extension/client/extension.js");
  delete require.cache[file];
  seen.extension = require(file);
  Module._load = load;
  return seen;
}

/** A program that answers --version with a line; its path. */
function program(name, answer) {
  const file = path.join(folder, "programs", name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
  return file;
}

test("the client starts the server that the settings name, and again when they change", async (t) => {
  const named = program("other name", "echo tiss-lite 0.1.0");
  const before = process.env.PATH;
  process.env.PATH = `${path.dirname(program("tiss-lite", "echo tiss-lite 0.1.0"))}:${before}`;
  t.after(() => (process.env.PATH = before));
  const settings = { "server.path": named, "server.profile": "read", "server.strict": true };
  const seen = activated(settings);
  const context = { subscriptions: [] };
  await seen.extension.activate(context);
  assert.deepEqual(seen.started[0].server,
    { command: named, args: ["lsp", "--sandbox-profile", "read", "--strict"] });
  assert.ok(seen.started[0].options.documentSelector.every((one) => one.language === "tiss"));
  assert.equal(context.subscriptions.length, 2);
  settings["server.path"] = " ";
  settings["server.strict"] = false;
  await seen.handlers.change({ affectsConfiguration: (name) => name === "tisslang.server" });
  assert.deepEqual(seen.started[1].server,
    { command: "tiss-lite", args: ["lsp", "--sandbox-profile", "read"] });
  await seen.handlers.change({ affectsConfiguration: () => false });
  await seen.handlers["tisslang.restartServer"]();
  assert.equal(seen.started.length, 3);
  await seen.extension.deactivate();
  assert.equal(seen.stopped, 3);
});

test("the server answers the library that the client speaks with", async (t) => {
  const program = option("program");
  if (!program) return t.skip("no --program");
  const from = Module.createRequire(path.join(unpacked, "extension/client/extension.js"));
  const protocol = from("vscode-languageserver-protocol/node");
  const { serverCommand } = from("./server");
  const { command, args } = serverCommand((key) => (key === "server.path" ? program : "read"));
  const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const left = new Promise((resolve) => server.on("exit", resolve));
  const connection = protocol.createProtocolConnection(
    new protocol.StreamMessageReader(server.stdout), new protocol.StreamMessageWriter(server.stdin));
  const published = new Promise((resolve) =>
    connection.onNotification(protocol.PublishDiagnosticsNotification.type, resolve));
  connection.listen();
  const textDocument = { uri: "untitled:a.tiss", languageId: "tiss", version: 1,
    text: "TASK \"t\"\nSTEP \"s\" {\nrun \"ls\"\n}\n" };
  const { capabilities } = await connection.sendRequest(protocol.InitializeRequest.type,
    { processId: process.pid, rootUri: null, capabilities: {} });
  assert.equal(capabilities.hoverProvider, true);
  await connection.sendNotification(protocol.InitializedNotification.type, {});
  await connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, { textDocument });
  const { diagnostics } = await published;
  assert.deepEqual(diagnostics.map(({ code, range }) => [code, range.start.line]), [["E101", 2]]);
  const items = await connection.sendRequest(protocol.CompletionRequest.type,
    { textDocument, position: { line: 2, character: 3 } });
  assert.ok(items.some((item) => item.label === "RUN"));
  await connection.sendRequest(protocol.ShutdownRequest.type);
  await connection.sendNotification(protocol.ExitNotification.type);
  assert.equal(await left, 0);
  connection.dispose();
});

test("a server that cannot be started is told, once, with what to do", async () => {
  const cases = [
    ["no-such-program", /no program 'no-such-program' on the PATH\. Build Quanta, then set where/],
    [path.join(folder, "nowhere"), /there is no program '.*nowhere'\. Set where tiss-lite is/],
    [program("another", "echo something else"), /another' is not tiss-lite\. Set where that is/],
    [program("broken", "exit 3"), /broken' could not be run \(.*\)\. Set where tiss-lite is/s],
  ];
  for (const [command, told] of cases) {
    const seen = activated({ "server.path": command });
    await seen.extension.activate({ subscriptions: [] });
    assert.equal(seen.started.length, 0, command);
    assert.equal(seen.errors.length, 1, command);
    assert.match(seen.errors[0], told);
  }
});

test("a server that ends at once is told", async () => {
  const named = program("ends", "echo tiss-lite 0.1.0");
  const seen = activated({ "server.path": named, "server.profile": "gone" }, new Error("closed"));
  await seen.extension.activate({ subscriptions: [] });
  assert.equal(seen.errors.length, 1);
  assert.match(seen.errors[0], /ends lsp --sandbox-profile gone' ended at once \(closed\)/);
});
