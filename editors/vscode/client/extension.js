// SPDX-License-Identifier: MIT
//
// Starts `tiss-lite lsp` and connects it with the editor.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");
const { serverCommand } = require("./server");

/** @type {LanguageClient | undefined} */
let client;

async function start() {
  const settings = vscode.workspace.getConfiguration("tisslang");
  const server = serverCommand((key) => settings.get(key));
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
    const choice = await vscode.window.showErrorMessage(
      `TissLang: '${server.command}' could not be started (${error.message ?? error}). ` +
        "Set where tiss-lite is.",
      "Open Settings",
    );
    if (choice !== undefined) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "tisslang.server.path");
    }
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
