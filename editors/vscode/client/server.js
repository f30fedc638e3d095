// SPDX-License-Identifier: MIT
"use strict";

/**
 * How the language server is started.
 * @param {(key: string) => unknown} setting the value of a setting below "tisslang"
 * @returns {{command: string, args: string[]}}
 */
function serverCommand(setting) {
  const path = String(setting("server.path") ?? "").trim();
  const profile = String(setting("server.profile") ?? "").trim();
  const args = ["lsp"];
  if (profile !== "") args.push("--sandbox-profile", profile);
  if (setting("server.strict") === true) args.push("--strict");
  return { command: path === "" ? "tiss-lite" : path, args };
}

module.exports = { serverCommand };
