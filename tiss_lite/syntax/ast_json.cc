// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/ast_json.h"

#include <vector>

namespace quanta::lite {
namespace {

using Kind = StatementKind;

const char* NameOf(Expression::Kind kind) {
  switch (kind) {
    case Expression::Kind::kBoolean:
      return "BOOLEAN";
    case Expression::Kind::kComparison:
      return "COMPARISON";
    case Expression::Kind::kContains:
      return "CONTAINS";
    case Expression::Kind::kIsEmpty:
      return "IS_EMPTY";
    case Expression::Kind::kIsDefined:
      return "IS_DEFINED";
    case Expression::Kind::kTruth:
      return "TRUTH";
    case Expression::Kind::kFileExists:
      return "FILE_EXISTS";
    case Expression::Kind::kNot:
      return "NOT";
    case Expression::Kind::kAnd:
      return "AND";
    case Expression::Kind::kOr:
      return "OR";
  }
  return "";
}

class TreeWriter {
 public:
  explicit TreeWriter(JsonWriter* json) : json_(*json) {}

  void List(const std::vector<Statement>& statements) {
    json_.BeginList();
    for (const Statement& statement : statements) Node(statement);
    json_.EndList();
  }

 private:
  void Text(const char* key, const std::string& text) { json_.Key(key).String(text); }
  void Variable(const Statement& statement) {
    if (!statement.variable.empty()) Text("variable", statement.variable);
  }
  void Commands(const Statement& statement) {
    json_.Key("commands");
    List(statement.body);
  }

  void Node(const Statement& statement) {
    json_.BeginObject();
    Text("type", TypeName(statement.kind));
    json_.Key("line").Number(statement.line);
    Members(statement);
    json_.EndObject();
  }

  void Members(const Statement& statement) {
    switch (statement.kind) {
      case Kind::kTask:
      case Kind::kSetup:
      case Kind::kStep:
      case Kind::kOption:
        if (!statement.text.empty()) Text("description", statement.text);
        if (statement.has_block) Commands(statement);
        break;
      case Kind::kParallel:
      case Kind::kChoose:
      case Kind::kEstimateCost:
        Commands(statement);
        break;
      case Kind::kIf:
        If(statement);
        break;
      case Kind::kTry:
        json_.Key("try_commands");
        List(statement.body);
        json_.Key("catch_commands");
        List(statement.other);
        Variable(statement);
        break;
      case Kind::kRun:
        Text("command", statement.text);
        break;
      case Kind::kLog:
      case Kind::kRequestReview:
      case Kind::kPause:
        Text("message", statement.text);
        Variable(statement);
        break;
      case Kind::kWrite:
        Text("path", statement.text);
        json_.Key("language");
        statement.heredoc ? json_.String(statement.heredoc->tag) : json_.Null();
        json_.Key("raw").Boolean(statement.heredoc && statement.heredoc->raw);
        Text("content", statement.content);
        break;
      case Kind::kRead:
        Text("path", statement.text);
        Variable(statement);
        break;
      case Kind::kMkdir:
      case Kind::kDelete:
        Text("path", statement.text);
        break;
      case Kind::kPromptAgent:
        Text("prompt", statement.text);
        if (statement.heredoc) json_.Key("raw").Boolean(statement.heredoc->raw);
        Variable(statement);
        break;
      case Kind::kAssert:
        Text("condition", statement.condition_text);
        json_.Key("expr");
        Node(statement.condition);
        break;
      case Kind::kVar:
      case Kind::kSetBudget:
      case Kind::kBinding:
        Assignment(statement);
        break;
      case Kind::kDirective:
        Text("name", statement.text);
        json_.Key("value").Write(statement.value);
        break;
    }
  }

  void Assignment(const Statement& statement) {
    Text("variable", statement.text);
    json_.Key("value");
    if (statement.last_run_field) {
      json_.String("LAST_RUN." + statement.value.text);
      json_.Key("last_run_field").Boolean(true);
    } else {
      json_.Write(statement.value);
    }
    if (statement.heredoc) json_.Key("raw").Boolean(statement.heredoc->raw);
  }

  void If(const Statement& statement) {
    json_.Key("condition");
    Node(statement.condition);
    Text("condition_text", statement.condition_text);
    json_.Key("then_block");
    List(statement.body);
    json_.Key("else_block");
    if (statement.has_other) {
      List(statement.other);
    } else {
      json_.Null();
    }
  }

  void Node(const Operand& operand) {
    if (operand.kind == Operand::Kind::kLiteral) {
      json_.Write(operand.value);
    } else {
      json_.String(operand.DisplayName());
    }
  }

  void Node(const Expression& expression) {
    const Expression::Kind kind = expression.kind;
    if (kind == Expression::Kind::kAnd || kind == Expression::Kind::kOr) {
      Chain(expression, expression.children.size());
      return;
    }
    json_.BeginObject();
    Text("type", NameOf(kind));
    if (kind == Expression::Kind::kBoolean) json_.Key("value").Boolean(expression.boolean);
    if (kind == Expression::Kind::kFileExists) Text("path", expression.path);
    if (kind == Expression::Kind::kNot) {
      json_.Key("operand");
      Node(expression.children[0]);
    }
    const bool two = expression.operands.size() == 2;
    for (size_t i = 0; i < expression.operands.size(); ++i) {
      json_.Key(!two ? "operand" : i == 0 ? "left" : "right");
      Node(expression.operands[i]);
      if (i == 0 && kind == Expression::Kind::kComparison) Text("operator", expression.op);
    }
    json_.EndObject();
  }

  /// The first `count` terms of an AND or OR: a b c is (a b) c.
  void Chain(const Expression& expression, size_t count) {
    if (count == 1) return Node(expression.children[0]);
    json_.BeginObject();
    Text("type", NameOf(expression.kind));
    json_.Key("left");
    Chain(expression, count - 1);
    json_.Key("right");
    Node(expression.children[count - 1]);
    json_.EndObject();
  }

  JsonWriter& json_;
};

}  // namespace

void WriteTree(const Program& program, JsonWriter* json) {
  TreeWriter(json).List(program.statements);
}

void WriteMeta(const Program& program, JsonWriter* json) {
  Value header = Value::Object(), directives = Value::Object();
  for (const auto& [key, value] : program.header) header.Set(key, Value::Text(value));
  for (const Statement& statement : program.statements) {
    if (statement.kind == Kind::kDirective) directives.Set(statement.text, statement.value);
  }
  json->BeginObject();
  json->Key("header").Write(header);
  json->Key("directives").Write(directives);
  json->EndObject();
}

}  // namespace quanta::lite
