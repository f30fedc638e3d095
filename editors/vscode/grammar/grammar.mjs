// SPDX-License-Identifier: MIT
//
// The TextMate grammar of TissLang. Highlighting only: the language server knows the language,
// this knows its look, line by line.
import { embeddedScope, languages } from "./languages.mjs";

// A statement begins at a line's start or after ";" or a brace.
const start = String.raw`(?<=^|[;{}])[ \t]*`;
// And ends, outside of texts, at the line's end, before ";", "}" or a comment.
const end = String.raw`(?=$|;|\}|#)`;
const name = "[A-Za-z_][A-Za-z0-9_]*";
const fields = "STDOUT|STDERR|EXIT_CODE|EXECUTION_TIME|FILE_CONTENT|COMMAND|TRUNCATED";
const reserved =
  "DEFINE_TASK|CALL|FOR|WHILE|REPEAT|RETURN|BREAK|AWAIT|QUERY|QUERY_DB|INSERT_DOC|UPDATE_DOC|" +
  "DELETE_DOC|PRINT|ACTION|IMPORT|INCLUDE|ELIF|SWITCH|COPY_FILE|APPEND";

const back = (group) => `\\${group}`;
const include = (...names) => names.map((one) => ({ include: `#${one}` }));
const capture = (...names) =>
  Object.fromEntries(names.map((one, i) => [i + 1, { name: one }]).filter(([, c]) => c.name));

/** The lines of a heredoc. `opening`: a pattern whose last groups are "<<", the quote and the tag. */
function heredoc(opening, groups, tagPattern, quoted, language) {
  const quote = quoted ? `(["'])` : "()";
  const first = groups.length + 1; // the group of "<<"
  const names = [...groups, "keyword.operator.heredoc.tiss", "punctuation.definition.tag.tiss",
    "entity.name.tag.heredoc.tiss", "punctuation.definition.tag.tiss"];
  const captures = capture(...names);
  captures[first + 4] = { patterns: include("comment", "into") };
  const kind = quoted ? "meta.heredoc.raw.tiss" : "meta.heredoc.tiss";
  return {
    begin: String.raw`${opening}(<<)[ \t]*${quote}(${tagPattern})(${back(first + 1)})([ \t]*[#IA-].*)?[ \t]*$`,
    beginCaptures: captures,
    while: String.raw`^(?![ \t]*${back(first + 2)}(?:>>)?[ \t]*$)`,
    name: kind,
    contentName: language ? embeddedScope(language) : "string.unquoted.heredoc.tiss",
    patterns: language ? [{ include: language.scope === "source.tiss" ? "$self" : language.scope }]
      : [],
  };
}

function heredocRules() {
  const byTag = [], byPath = [];
  const anyCase = (words) => `(?i:${words.join("|")})(?![A-Za-z0-9_])`;
  for (const language of languages) {
    const path = String.raw`("(?:[^"\\]|\\.)*\.(?i:${language.endings.join("|")})"|` +
      String.raw`'[^']*\.(?i:${language.endings.join("|")})')[ \t]*`;
    for (const quoted of [false, true]) {
      byTag.push(heredoc("", [], anyCase(language.tags), quoted, language));
      byPath.push(heredoc(path, ["string.quoted.path.tiss"], "[A-Za-z0-9_]+", quoted, language));
    }
  }
  for (const quoted of [false, true]) byTag.push(heredoc("", [], "[A-Za-z0-9_]+", quoted, null));
  return { byTag, byPath };
}

const { byTag, byPath } = heredocRules();

export const grammar = {
  name: "TissLang",
  scopeName: "source.tiss",
  fileTypes: ["tiss"],
  patterns: include("pragma", "comment", "directive", "prompt", "write", "read", "path", "assign",
    "if", "assert", "block", "reserved", "binding", "text", "punctuation"),
  // Values are put in whatever the language of the heredoc says.
  injections: {
    "L:meta.heredoc.tiss": { patterns: include("interpolation") },
  },
  repository: {
    pragma: {
      match: String.raw`^[ \t]*(#TISS(?:!|_VERSION))(.*)$`,
      name: "meta.preprocessor.tiss",
      captures: {
        1: { name: "keyword.other.pragma.tiss" },
        2: {
          patterns: [
            { match: String.raw`(${name})(=)`,
              captures: capture("entity.other.attribute-name.tiss", "keyword.operator.assignment.tiss") },
            { match: String.raw`"(?:[^"\\]|\\.)*"`, name: "string.quoted.double.tiss" },
            { match: String.raw`[<>=]=?`, name: "keyword.operator.comparison.tiss" },
            { match: String.raw`\d+(?:\.\d+)*`, name: "constant.numeric.tiss" },
          ],
        },
      },
    },
    comment: { match: "#.*$", name: "comment.line.number-sign.tiss" },
    directive: {
      begin: String.raw`${start}(@)(${name}(?:\.${name})*)[ \t]*`,
      beginCaptures: capture("punctuation.definition.directive.tiss", "entity.name.function.directive.tiss"),
      end,
      name: "meta.directive.tiss",
      patterns: include("plainvalue"),
    },
    prompt: {
      begin: String.raw`${start}(RUN|LOG|PROMPT_AGENT|REQUEST_REVIEW|PAUSE)\b`,
      beginCaptures: capture("keyword.control.statement.tiss"),
      end,
      patterns: [...include("heredocs"), ...["\"", "'"].map((quote) => ({
        // Quotes inside need not be escaped: the text ends where the statement may end.
        begin: quote,
        end: String.raw`${quote}(?=[ \t]*(?:$|[;}#]|INTO\b|->))|$`,
        name: `string.quoted.${quote === "'" ? "single" : "double"}.tiss`,
        patterns: include(...(quote === "'" ? [] : ["escape"]), "interpolation"),
      })), ...include("into", "heredocend")],
    },
    write: {
      begin: String.raw`${start}(WRITE)\b`,
      beginCaptures: capture("keyword.control.statement.tiss"),
      end,
      patterns: [...byPath, ...include("heredocs", "text", "heredocend")],
    },
    read: {
      begin: String.raw`${start}(READ)\b`,
      beginCaptures: capture("keyword.control.statement.tiss"),
      end,
      patterns: include("text", "into"),
    },
    path: {
      begin: String.raw`${start}(MKDIR|DELETE)\b`,
      beginCaptures: capture("keyword.control.statement.tiss"),
      end,
      patterns: include("text"),
    },
    assign: {
      begin: String.raw`${start}(?:(VAR)|(SET_BUDGET))\b[ \t]*(${name})?[ \t]*(=)?[ \t]*`,
      beginCaptures: capture("keyword.control.statement.tiss", "keyword.control.statement.tiss",
        "variable.other.assignment.tiss", "keyword.operator.assignment.tiss"),
      end,
      patterns: [
        { match: String.raw`\G(?i:(LAST_RUN)(\.)(${fields}))(?=[ \t]*(?:$|[;}#]))`,
          captures: capture("variable.language.tiss", "punctuation.accessor.tiss",
            "variable.language.field.tiss") },
        ...include("heredocs"),
        ...include("text", "plainvalue", "heredocend"),
      ],
    },
    binding: {
      begin: String.raw`${start}(${name})[ \t]*(=)(?!=)[ \t]*`,
      beginCaptures: capture("variable.other.assignment.tiss", "keyword.operator.assignment.tiss"),
      end,
      patterns: include("heredocs", "plainvalue", "heredocend"),
    },
    if: {
      begin: String.raw`(?:${start}|(?<=ELSE)[ \t]+)(IF)\b`,
      beginCaptures: capture("keyword.control.conditional.tiss"),
      end: String.raw`(?=\{(?!\{)|$|#)`,
      patterns: include("condition"),
    },
    assert: {
      begin: String.raw`${start}(ASSERT)\b`,
      beginCaptures: capture("keyword.control.statement.tiss"),
      end,
      patterns: include("condition"),
    },
    condition: {
      patterns: [
        ...include("interpolation", "text", "number"),
        { begin: String.raw`\[`, end: String.raw`\]`, patterns: include("list"),
          beginCaptures: { 0: { name: "punctuation.section.list.tiss" } },
          endCaptures: { 0: { name: "punctuation.section.list.tiss" } } },
        { match: String.raw`\bFILE\b(?=[ \t]*["'])|\bNOT\b|\b(?i:NOT)(?=[ \t]+(?i:CONTAINS|IS_EMPTY|IS_DEFINED|EXISTS)\b)`,
          name: "keyword.operator.logical.tiss" },
        { match: String.raw`\b(?i:AND|OR|CONTAINS|IS_EMPTY|IS_DEFINED|EXISTS)\b`,
          name: "keyword.operator.logical.tiss" },
        { match: String.raw`\bTHEN\b`, name: "keyword.control.conditional.tiss" },
        ...include("boolean"),
        { match: String.raw`\b(?i:(LAST_RUN)(\.)(${fields}))\b`,
          captures: capture("variable.language.tiss", "punctuation.accessor.tiss",
            "variable.language.field.tiss") },
        { match: String.raw`\b(?:(COST)(?:(\.)(TOKENS|TIME|RUNS))?|(ESTIMATE)(\.)(API_CALLS|RUNS|WRITES|TOKENS|TIME))\b`,
          captures: capture("variable.language.tiss", "punctuation.accessor.tiss",
            "variable.language.field.tiss", "variable.language.tiss", "punctuation.accessor.tiss",
            "variable.language.field.tiss") },
        { match: String.raw`\b(?:STDOUT|STDERR|EXIT_CODE)\b`, name: "variable.language.field.tiss" },
        { match: "==|!=|<=|>=|<|>", name: "keyword.operator.comparison.tiss" },
        { match: "[()]", name: "punctuation.section.parens.tiss" },
        { match: name, name: "variable.other.readwrite.tiss" },
      ],
    },
    block: {
      patterns: [
        { match: String.raw`${start}(TASK|SETUP|STEP|OPTION|PARALLEL|CHOOSE|ESTIMATE_COST)\b`,
          captures: capture("keyword.control.block.tiss") },
        { match: String.raw`${start}(TRY|ELSE|ENDIF)\b`,
          captures: capture("keyword.control.conditional.tiss") },
        { match: String.raw`${start}(CATCH)\b(?:[ \t]+(AS)\b(?:[ \t]+(${name}))?)?`,
          captures: capture("keyword.control.conditional.tiss", "keyword.control.clause.tiss",
            "variable.other.assignment.tiss") },
      ],
    },
    reserved: {
      match: String.raw`${start}(${reserved})\b(?![ \t]*=(?!=))`,
      captures: capture("invalid.illegal.reserved.tiss"),
    },
    into: {
      match: String.raw`\b(INTO|AS)\b(?:[ \t]+(${name}))?|(->)[ \t]*(${name})?`,
      captures: capture("keyword.control.clause.tiss", "variable.other.assignment.tiss",
        "keyword.operator.arrow.tiss", "variable.other.assignment.tiss"),
    },
    heredocs: { patterns: byTag },
    heredocend: {
      match: String.raw`^[ \t]*([A-Za-z0-9_]+)(>>)?[ \t]*$`,
      captures: capture("entity.name.tag.heredoc.tiss", "keyword.operator.heredoc.tiss"),
    },
    text: {
      patterns: [
        { begin: "\"", end: "\"|$", name: "string.quoted.double.tiss",
          patterns: include("escape", "interpolation") },
        { begin: "'", end: "'|$", name: "string.quoted.single.tiss",
          patterns: include("interpolation") },
      ],
    },
    plaintext: {
      patterns: [
        { begin: "\"", end: "\"|$", name: "string.quoted.double.tiss", patterns: include("escape") },
        { begin: "'", end: "'|$", name: "string.quoted.single.tiss" },
      ],
    },
    escape: { match: String.raw`\\["\\]`, name: "constant.character.escape.tiss" },
    interpolation: {
      patterns: [
        { match: String.raw`\\\{\{`, name: "constant.character.escape.tiss" },
        { match: String.raw`(\{\{)[ \t]*(?:((?i:LAST_RUN)\.(?i:${fields}))|(${name}))[ \t]*(\}\})`,
          name: "meta.interpolation.tiss",
          captures: capture("punctuation.section.interpolation.begin.tiss", "variable.language.tiss",
            "variable.other.readwrite.tiss", "punctuation.section.interpolation.end.tiss") },
      ],
    },
    plainvalue: {
      patterns: [
        { match: String.raw`\G-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?=[ \t]*(?:$|[;}#]))`,
          name: "constant.numeric.tiss" },
        { match: String.raw`\G(?i:true|false)(?=[ \t]*(?:$|[;}#]))`,
          name: "constant.language.boolean.tiss" },
        { match: String.raw`\G(?!["'\[{]|<<)[^;}\n]+?(?=[ \t]+#|[ \t]*(?:;|\}|$))`,
          name: "string.unquoted.tiss" },
        ...include("plaintext", "object", "brackets"),
      ],
    },
    object: {
      begin: String.raw`\{`,
      end: String.raw`\}`,
      beginCaptures: { 0: { name: "punctuation.section.object.tiss" } },
      endCaptures: { 0: { name: "punctuation.section.object.tiss" } },
      patterns: [
        { match: String.raw`(${name}(?:\.${name})*)[ \t]*(:)`,
          captures: capture("support.type.property-name.tiss", "punctuation.separator.key-value.tiss") },
        ...include("list"),
      ],
    },
    brackets: {
      begin: String.raw`\[`,
      end: String.raw`\]`,
      beginCaptures: { 0: { name: "punctuation.section.list.tiss" } },
      endCaptures: { 0: { name: "punctuation.section.list.tiss" } },
      patterns: include("list"),
    },
    list: {
      patterns: [
        ...include("comment", "plaintext", "number", "boolean", "object", "brackets"),
        { match: String.raw`\bnull\b`, name: "constant.language.null.tiss" },
        { match: "[,:]", name: "punctuation.separator.tiss" },
        { match: String.raw`${name}(?:\.${name})*`, name: "string.unquoted.tiss" },
      ],
    },
    number: { match: String.raw`(?<![A-Za-z0-9_])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?`, name: "constant.numeric.tiss" },
    boolean: { match: String.raw`\b(?i:true|false)\b`, name: "constant.language.boolean.tiss" },
    punctuation: {
      patterns: [
        { match: "[{}]", name: "punctuation.section.block.tiss" },
        { match: ";", name: "punctuation.terminator.statement.tiss" },
      ],
    },
  },
};
