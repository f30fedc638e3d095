// SPDX-License-Identifier: MIT
//
// Starts `tiss-lite lsp` and connects it with the editor.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");
const { serverCommand, whyNot } = require("./server");

/** @type {LanguageClient | undefined} */
let client;

async function tell(problem) {
  const choice = await vscode.window.showErrorMessage(
    `TissLang: ${problem} Until then there is highlighting only: no errors, no completion.`,
    "Open Settings",
  );
  if (choice !== undefined) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "tisslang.server.path");
  }
}

async function start() {
  const settings = vscode.workspace.getConfiguration("tisslang");
  const server = serverCommand((key) => settings.get(key));
  // The client's own words for it are a stack trace's.
  const problem = await whyNot(server.command);
  if (problem !== undefined) {
    // Not awaited: the editor shows it until somebody closes it.
    tell(problem);
    return;
  }
  client = new LanguageClient("tisslang", "TissLang", server, {
    documentSelector: [
      { language: "tiss", scheme: "file" },
      { language: "tiss", scheme: "untitled" },
    ],
  });
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    tell(`'${server.command} ${server.args.join(" ")}' ended at once (${error.message ?? error}).`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  try {
    await running?.stop();
  } catch {
    // It had stopped by itself.
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("tisslang.restartServer", restart),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("tisslang.server") ? restart() : undefined,
    ),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
