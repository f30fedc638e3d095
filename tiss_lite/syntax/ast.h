// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tiss_lite/base/value.h"
#include "tiss_lite/syntax/source.h"

namespace quanta::lite {

/// One side of a comparison, or what IS_EMPTY looks at.
struct Operand {
  enum class Kind : uint8_t {
    kLiteral,   ///< `value`
    kVariable,  ///< `name`
    kLastRun,   ///< `name`: "STDOUT", "EXIT_CODE", ...
    kCost,      ///< `name`: "", "TOKENS", "TIME" or "RUNS"
    kEstimate,  ///< `name`: "API_CALLS", ...
  };
  Kind kind = Kind::kLiteral;
  std::string name;
  Value value;
  /// As the syntax tree prints a name: "LAST_RUN.STDOUT".
  std::string DisplayName() const;
};

struct Expression {
  enum class Kind : uint8_t {
    kBoolean,     ///< `boolean`
    kComparison,  ///< operands[0] `op` operands[1]
    kContains,    ///< operands[0], [1]
    kIsEmpty,     ///< operands[0]
    kIsDefined,   ///< operands[0]
    kTruth,       ///< operands[0] alone
    kFileExists,  ///< `path`
    kNot,         ///< children[0]
    kAnd,         ///< two children or more
    kOr,          ///< two children or more
  };
  Kind kind = Kind::kBoolean;
  bool boolean = false;
  std::string op;
  std::string path;
  std::vector<Operand> operands;
  std::vector<Expression> children;
};

enum class StatementKind : uint8_t {
  kTask,
  kSetup,
  kStep,
  kOption,
  kParallel,
  kChoose,
  kEstimateCost,
  kIf,
  kTry,
  kRun,
  kLog,
  kWrite,
  kRead,
  kPromptAgent,
  kAssert,
  kVar,
  kSetBudget,
  kRequestReview,
  kPause,
  kMkdir,
  kDelete,
  kDirective,
  kBinding,
};

/// "TASK", "TRY_CATCH", ...: as the syntax tree prints it.
const char* TypeName(StatementKind kind);
/// The keyword that starts it: "TRY"; empty for directives and bindings.
std::string_view KeywordOf(StatementKind kind);
/// The statement that `keyword` starts.
std::optional<StatementKind> KindOfKeyword(std::string_view keyword);

/// How the body of a WRITE, PROMPT_AGENT, VAR or binding was written.
struct Heredoc {
  std::string tag;
  bool raw = false;  ///< a quoted tag: no interpolation
};

/// A statement. Which members mean something depends on the kind:
///   text      description, command, message, path, prompt, or the name of a directive, a
///             variable that is set, a budget
///   variable  after AS or INTO; empty if there is none
///   content   the body of a WRITE
///   value     of VAR, SET_BUDGET, directives and bindings; text if it came from a heredoc
///   condition of IF and ASSERT, with its source in condition_text
///   body      the block; of IF what follows the condition, of TRY what is tried
///   other     the block after ELSE or CATCH
struct Statement {
  StatementKind kind = StatementKind::kLog;
  Span span;
  uint32_t line = 0;
  std::string text;
  std::string variable;
  std::string content;
  std::optional<Heredoc> heredoc;
  Value value;
  bool last_run_field = false;  ///< VAR x = LAST_RUN.F: `value` is the text F
  bool bare_text = false;       ///< `value` was written without quotes
  Expression condition;
  std::string condition_text;
  bool has_block = false;
  bool has_other = false;
  std::vector<Statement> body;
  std::vector<Statement> other;
  Span body_span, other_span;  ///< from the opening brace, or where it would be, to the end
};

struct Comment {
  Span span;  ///< from "#" to the line end
};

/// A script, parsed.
struct Program {
  std::vector<Statement> statements;
  std::vector<Comment> comments;                            ///< in source order
  std::vector<std::pair<std::string, std::string>> header;  ///< of #TISS! lines
};

/// Limits on scripts.
constexpr size_t kMaxSourceBytes = 256 * 1024;
constexpr size_t kMaxLineBytes = 64 * 1024;
constexpr int kMaxBlockDepth = 32;
constexpr int kMaxValueDepth = 16;
constexpr size_t kMaxNodes = 20000;
/// Blocks, ELSE IFs, parentheses and NOTs within each other, and terms of one AND or OR: what
/// walks the tree recursively goes no deeper.
constexpr int kMaxTreeDepth = 128;

/// The names after "LAST_RUN.", in upper case.
bool IsLastRunField(std::string_view upper);

}  // namespace quanta::lite
