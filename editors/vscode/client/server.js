// SPDX-License-Identifier: MIT
"use strict";

const { execFile } = require("node:child_process");

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

/**
 * Why a program cannot be the language server, with what to do; undefined if it can.
 * @param {string} command
 * @returns {Promise<string | undefined>}
 */
function whyNot(command) {
  return new Promise((resolve) => {
    execFile(command, ["--version"], { timeout: 20000 }, (error, output) => {
      if (error?.code === "ENOENT" && !/[\\/]/.test(command)) {
        resolve(`there is no program '${command}' on the PATH. Build Quanta, then set where it is.`);
      } else if (error?.code === "ENOENT") {
        resolve(`there is no program '${command}'. Set where tiss-lite is.`);
      } else if (error) {
        resolve(`'${command}' could not be run (${error.message.trim()}). Set where tiss-lite is.`);
      } else if (!String(output).startsWith("tiss-lite ")) {
        resolve(`'${command}' is not tiss-lite. Set where that is.`);
      } else {
        resolve(undefined);
      }
    });
  });
}

module.exports = { serverCommand, whyNot };
