// SPDX-License-Identifier: MIT
#include "tiss_lite/language/words.h"

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

constexpr WordHelp kKeywords[] = {
    {"TASK", R"(TASK "what for" { ... })",
     "The goal of the script. The block is optional; a script has one TASK.",
     "TASK \"${1:what for}\"\n"},
    {"SETUP", R"(SETUP { ... })", "Work that comes before the steps.", "SETUP {\n\t$0\n}"},
    {"STEP", R"(STEP "what" { ... })",
     "A piece of work. Budgets and costs are counted per piece. A STEP may not stand in a STEP.",
     "STEP \"${1:what}\" {\n\t$0\n}"},
    {"OPTION", R"(OPTION "what" { ... })",
     "An alternative of CHOOSE. ASSERTs at its start guard it: where one is false, the option is "
     "left out.",
     "OPTION \"${1:what}\" {\n\t$0\n}"},
    {"PARALLEL", "PARALLEL { ... }",
     "Each statement of the block is a branch that does not see what the others do. Two branches "
     "that set the same variable or change the same path are an error (R314).",
     "PARALLEL {\n\t$0\n}"},
    {"CHOOSE", R"(CHOOSE { OPTION "a" { ... } OPTION "b" { ... } })",
     "Does exactly one of its alternatives: the chooser's pick if there is a chooser, else the "
     "cheapest if one says ESTIMATE_COST, else the first whose guards hold.",
     "CHOOSE {\n\tOPTION \"${1:first}\" {\n\t\t$0\n\t}\n\tOPTION \"${2:second}\" {\n\t}\n}"},
    {"ESTIMATE_COST", "ESTIMATE_COST { ... }",
     "Runs nothing: adds up what the block would cost and sets `ESTIMATE.API_CALLS`, `.RUNS`, "
     "`.WRITES`, `.TOKENS` and `.TIME`.",
     "ESTIMATE_COST {\n\t$0\n}"},
    {"IF", "IF condition { ... } ELSE IF condition { ... } ELSE { ... }",
     "Does the first block whose condition holds.", "IF ${1:condition} {\n\t$0\n}"},
    {"TRY", "TRY { ... } CATCH AS why { ... }",
     "Goes on in CATCH after an error. A RUN whose exit code is not 0 is an error in here. "
     "Forbidden paths and capabilities, used-up budgets and limits cannot be caught.",
     "TRY {\n\t$0\n} CATCH AS ${1:why} {\n\t\n}"},
    {"RUN", R"(RUN "command")",
     "Runs a line of the built-in command language: tools, pipes, redirections, no shell. Sets "
     "`LAST_RUN`. A value put in by `{{name}}` is one inert word. An exit code other than 0 is no "
     "error, except inside TRY.",
     "RUN \"$1\""},
    {"LOG", R"(LOG "text")", "Says something: it is shown, and kept in the result.", "LOG \"$1\""},
    {"WRITE", R"(WRITE "path" "text"   or   WRITE "path" <<END)",
     "Makes or replaces a file, and the folders that it lies in. A heredoc's text ends before the "
     "line that holds only its tag.",
     "WRITE \"${1:path}\" <<END\n$0\nEND"},
    {"READ", R"(READ "path" AS name)",
     "Reads a file into a variable, and into `LAST_RUN.FILE_CONTENT`.",
     "READ \"${1:path}\" AS ${2:name}"},
    {"PROMPT_AGENT", R"(PROMPT_AGENT "prompt" INTO name)",
     "Asks the agent. The answer goes into the variable, and into `LAST_RESPONSE`. The prompt may "
     "be a heredoc: `PROMPT_AGENT <<END INTO name`.",
     "PROMPT_AGENT \"${1:prompt}\" INTO ${2:answer}"},
    {"ASSERT", "ASSERT condition", "Ends the run with R301 if the condition does not hold.",
     "ASSERT ${1:condition}"},
    {"VAR", "VAR name = value",
     "Sets a variable: text, number, true or false, a list `[1, \"a\"]`, an object `{k: 1}`, a "
     "heredoc, or a field of `LAST_RUN`.",
     "VAR ${1:name} = ${2:\"value\"}"},
    {"SET_BUDGET", "SET_BUDGET API_CALLS = 5",
     "Limits what the rest of the enclosing piece may use: `API_CALLS`, `EXECUTION_TIME` or "
     "`TOKEN_COUNT`. Beyond it the run ends with R307.",
     "SET_BUDGET ${1|API_CALLS,EXECUTION_TIME,TOKEN_COUNT|} = ${2:5}"},
    {"REQUEST_REVIEW", R"(REQUEST_REVIEW "question" INTO name)",
     "Asks a person, who approves or rejects (R309) and may leave a comment in the variable. "
     "Without a person the run is suspended.",
     "REQUEST_REVIEW \"${1:question}\""},
    {"PAUSE", R"(PAUSE "why" INTO name)",
     "Waits until a person says that the run may go on. Without a person the run is suspended.",
     "PAUSE \"${1:why}\""},
    {"MKDIR", R"(MKDIR "path")", "Makes a folder and those it lies in; one that exists is fine.",
     "MKDIR \"${1:path}\""},
    {"DELETE", R"(DELETE "path")", "Removes a file or an empty folder.", "DELETE \"${1:path}\""},
    {"ELSE", "ELSE { ... }   or   ELSE IF condition { ... }",
     "What to do where the condition of the IF does not hold.", "ELSE {\n\t$0\n}"},
    {"CATCH", "CATCH AS why { ... }",
     "What to do after an error in the TRY; AS keeps the error's message.",
     "CATCH AS ${1:why} {\n\t$0\n}"},
};

constexpr WordHelp kConditionWords[] = {
    {"AND", "a AND b", "Both hold.", ""},
    {"OR", "a OR b", "At least one holds.", ""},
    {"NOT", "NOT condition", "The condition does not hold.", ""},
    {"CONTAINS", "text CONTAINS part",
     "The text has the part, the list the element, or the object the key.", ""},
    {"IS_EMPTY", "name IS_EMPTY", "A text of blanks only, an empty list or object, or no value.",
     ""},
    {"IS_DEFINED", "name IS_DEFINED", "The variable has a value.", ""},
    {"FILE", R"(FILE "path" EXISTS)", "There is a file or folder of that path.",
     "FILE \"${1:path}\" EXISTS"},
    {"EXISTS", R"(FILE "path" EXISTS)", "There is a file or folder of that path.", ""},
};

constexpr WordHelp kClauseWords[] = {
    {"INTO", R"(PROMPT_AGENT "prompt" INTO name)", "The variable that takes the answer.", ""},
    {"AS", R"(READ "path" AS name)", "The variable that takes the content, or the error.", ""},
    {"THEN", "IF condition THEN { ... }", "May stand before the block of an IF.", ""},
    {"ENDIF", "IF condition ... ENDIF",
     "Ends the old form of IF, which has no braces; `fmt` rewrites it.", ""},
};

constexpr WordHelp kFields[] = {
    {"LAST_RUN.STDOUT", "LAST_RUN.STDOUT", "What the last RUN wrote to its output.", ""},
    {"LAST_RUN.STDERR", "LAST_RUN.STDERR", "What the last RUN wrote to its error output.", ""},
    {"LAST_RUN.EXIT_CODE", "LAST_RUN.EXIT_CODE",
     "The exit code of the last RUN: 0 done, 126 not granted, 127 no such tool, 124 too slow.", ""},
    {"LAST_RUN.EXECUTION_TIME", "LAST_RUN.EXECUTION_TIME", "Seconds that the last RUN took.", ""},
    {"LAST_RUN.FILE_CONTENT", "LAST_RUN.FILE_CONTENT", "What the last READ read.", ""},
    {"LAST_RUN.COMMAND", "LAST_RUN.COMMAND", "The line of the last RUN, values put in.", ""},
    {"LAST_RUN.TRUNCATED", "LAST_RUN.TRUNCATED", "True if output was cut at the limit.", ""},
    {"COST.TOKENS", "COST.TOKENS",
     "Tokens used so far in the innermost STEP, SETUP, OPTION or TASK.", ""},
    {"COST.TIME", "COST.TIME", "Seconds taken so far in that piece.", ""},
    {"COST.RUNS", "COST.RUNS", "RUNs so far in that piece.", ""},
    {"COST", "COST", "Calls of the agent so far in that piece.", ""},
    {"ESTIMATE.API_CALLS", "ESTIMATE.API_CALLS", "PROMPT_AGENTs of the last ESTIMATE_COST.", ""},
    {"ESTIMATE.RUNS", "ESTIMATE.RUNS", "RUNs of the last ESTIMATE_COST.", ""},
    {"ESTIMATE.WRITES", "ESTIMATE.WRITES", "WRITEs of the last ESTIMATE_COST.", ""},
    {"ESTIMATE.TOKENS", "ESTIMATE.TOKENS", "Tokens of the last ESTIMATE_COST.", ""},
    {"ESTIMATE.TIME", "ESTIMATE.TIME", "Seconds of the last ESTIMATE_COST.", ""},
    {"LAST_RESPONSE", "LAST_RESPONSE", "The last answer of the agent.", ""},
};

constexpr WordHelp kBudgets[] = {
    {"API_CALLS", "SET_BUDGET API_CALLS = 5", "Calls of the agent.", ""},
    {"EXECUTION_TIME", R"(SET_BUDGET EXECUTION_TIME = "30s")",
     "Seconds, or a text like \"500ms\", \"30s\", \"5m\", \"1h\".", ""},
    {"TOKEN_COUNT", "SET_BUDGET TOKEN_COUNT = 1000", "Tokens of prompts and answers.", ""},
};

constexpr WordHelp kDirectives[] = {
    {"@persona", R"(@persona "a careful editor")", "Who the agent is to be.",
     "@persona \"${1:who}\""},
    {"@output", R"(@output "json")",
     "\"json\": an answer that is not one JSON value is an error (R306). \"text\": anything.",
     "@output \"${1|json,text|}\""},
    {"@language", R"(@language "en")", "The language of answers.", "@language \"${1:en}\""},
    {"@lens", R"(@lens "security")", "From which side the agent is to look at things.",
     "@lens \"${1:lens}\""},
    {"@limits", "@limits {tokens: 200, context: 1024}",
     "The most new tokens of an answer, and of prompt and answer together.",
     "@limits {tokens: ${1:200}}"},
    {"@compute.mode", R"(@compute.mode "balanced")",
     "How freely the agent answers: \"sip\" (temperature 0.1), \"balanced\" (0.5), \"burst\" "
     "(0.8).",
     "@compute.mode \"${1|sip,balanced,burst|}\""},
    {"@seed", "@seed 7", "The seed of the agent's sampling.", "@seed ${1:1}"},
    {"@stop", R"(@stop ["END"])", "Texts at which an answer ends.", "@stop [\"${1:END}\"]"},
    {"@time.budget_ms", "@time.budget_ms 5000", "A budget of time in milliseconds.",
     "@time.budget_ms ${1:5000}"},
    {"@local.only", "@local.only true", "Everything is local here, always.", "@local.only true"},
    {"@requires", R"(@requires ["fs.read", "fs.write:out/", "run:ls,cat"])",
     "The capabilities that the script needs. The run is refused if one is missing (R304), and "
     "everything that is not listed is taken away.",
     "@requires [\"${1:fs.read}\"]"},
    {"@source_task", R"(@source_task "name")", "Where an artifact comes from: the task.",
     "@source_task \"${1:task}\""},
    {"@source_agent", R"(@source_agent "name")", "Where an artifact comes from: the agent.",
     "@source_agent \"${1:agent}\""},
    {"@quality", R"(@quality "draft")", "A hint for the agent.", "@quality \"${1:draft}\""},
    {"@retrieve", R"(@retrieve "notes")", "A hint for the agent.", "@retrieve \"${1:what}\""},
    {"@sources", R"(@sources ["notes"])", "A hint for the agent.", "@sources [\"${1:source}\"]"},
    {"@cache.prefer", "@cache.prefer true", "A hint for the agent.", "@cache.prefer true"},
    {"@plan", R"(@plan "step by step")", "A hint for the agent.", "@plan \"${1:plan}\""},
};

constexpr WordHelp kCapabilities[] = {
    {"fs.read", "fs.read:notes/", "Reading files; with prefixes: only below them.", ""},
    {"fs.write", "fs.write:out/", "Changing files; with prefixes: only below them.", ""},
    {"run", "run:ls,cat", "RUN; with names: only these tools.", ""},
    {"prompt", "prompt", "PROMPT_AGENT.", ""},
    {"review", "review", "REQUEST_REVIEW and PAUSE.", ""},
    {"choose", "choose", "A chooser for CHOOSE.", ""},
    {"log", "log", "LOG.", ""},
    {"clock", "clock", "The real time instead of a virtual clock.", ""},
};

const WordHelp* FindIn(std::span<const WordHelp> list, std::string_view word) {
  for (const WordHelp& help : list) {
    if (EqualsAnyCase(help.word, word)) return &help;
  }
  return nullptr;
}

}  // namespace

std::span<const WordHelp> Keywords() { return kKeywords; }
std::span<const WordHelp> ConditionWords() { return kConditionWords; }
std::span<const WordHelp> ClauseWords() { return kClauseWords; }
std::span<const WordHelp> Fields() { return kFields; }
std::span<const WordHelp> Budgets() { return kBudgets; }
std::span<const WordHelp> DirectiveHelp() { return kDirectives; }
std::span<const WordHelp> CapabilityHelp() { return kCapabilities; }

const WordHelp* FindWord(std::string_view word) {
  const bool any_case = word.find('.') != word.npos;
  for (const auto list :
       {Keywords(), ConditionWords(), ClauseWords(), Fields(), Budgets(), DirectiveHelp()}) {
    const WordHelp* help = FindIn(list, word);
    if (help != nullptr && (any_case || help->word == word)) return help;
  }
  return nullptr;
}

}  // namespace quanta::lite
