// SPDX-License-Identifier: MIT
//
// Where the packages of package-lock.json are: in the folder that the tests are given, or beside
// package.json. Without them a test says so and is skipped, by the exit code 77.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const root = path.dirname(__dirname);

function findModules(given) {
  for (const folder of [given, path.join(root, "node_modules")]) {
    if (folder && fs.existsSync(path.join(folder, "vscode-textmate"))) return folder;
  }
  console.log("SKIPPED: the npm packages of editors/vscode are missing; scripts/setup editors gets them");
  process.exit(77);
}

/** `--name value` of the command line. */
function option(name) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const modules = findModules(option("modules"));

module.exports = { root, modules, option, need: createRequire(path.join(modules, "x.js")) };
