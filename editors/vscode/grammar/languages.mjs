// SPDX-License-Identifier: MIT
//
// The languages that a heredoc may hold: told by its tag (<<JSON) or by the path that a WRITE
// gives it ("a.json").

/** @type {{id: string, scope: string, tags: string[], endings: string[]}[]} */
export const languages = [
  { id: "json", scope: "source.json", tags: ["JSON"], endings: ["json"] },
  { id: "python", scope: "source.python", tags: ["PYTHON", "PY"], endings: ["py"] },
  { id: "shellscript", scope: "source.shell", tags: ["SH", "BASH", "SHELL"], endings: ["sh", "bash"] },
  { id: "markdown", scope: "text.html.markdown", tags: ["MARKDOWN", "MD"], endings: ["md", "markdown"] },
  { id: "javascript", scope: "source.js", tags: ["JAVASCRIPT", "JS"], endings: ["js", "mjs", "cjs"] },
  { id: "typescript", scope: "source.ts", tags: ["TYPESCRIPT", "TS"], endings: ["ts"] },
  { id: "html", scope: "text.html.basic", tags: ["HTML"], endings: ["html", "htm"] },
  { id: "css", scope: "source.css", tags: ["CSS"], endings: ["css"] },
  { id: "yaml", scope: "source.yaml", tags: ["YAML", "YML"], endings: ["yaml", "yml"] },
  { id: "xml", scope: "text.xml", tags: ["XML", "SVG"], endings: ["xml", "svg"] },
  { id: "sql", scope: "source.sql", tags: ["SQL"], endings: ["sql"] },
  { id: "c", scope: "source.c", tags: ["C"], endings: ["c", "h"] },
  { id: "cpp", scope: "source.cpp", tags: ["CPP", "CXX"], endings: ["cc", "cpp", "cxx", "hpp"] },
  { id: "rust", scope: "source.rust", tags: ["RUST", "RS"], endings: ["rs"] },
  { id: "go", scope: "source.go", tags: ["GO"], endings: ["go"] },
  { id: "diff", scope: "source.diff", tags: ["DIFF", "PATCH"], endings: ["diff", "patch"] },
  { id: "tiss", scope: "source.tiss", tags: ["TISS"], endings: ["tiss"] },
];

/** The scope around the lines of a heredoc; the editor maps it to the language. */
export function embeddedScope(language) {
  return `meta.embedded.block.${language.id}`;
}
