// SPDX-License-Identifier: MIT
//
// Writes what is made from other files: the grammar as the editor reads it.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { grammar } from "../grammar/grammar.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function grammarText() {
  return JSON.stringify(grammar, null, 2) + "\n";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, "grammar", "tiss.tmLanguage.json"), grammarText());
}
