// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/parser.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>

#include "converter/chat/chat_error.h"
#include "converter/chat/jinja/expression_parser.h"
#include "converter/chat/tags.h"

namespace quanta::converter::jinja {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxBranches = 500;

using Type = Statement::Kind;
using Words = std::initializer_list<std::string_view>;

Statement Make(Type kind) {
  Statement statement;
  statement.kind = kind;
  return statement;
}

[[noreturn]] void Corrupt(const std::string& what) {
  throw ChatError(Code::kCorrupt, "the chat template is not Jinja: " + what);
}

class Parser {
 public:
  explicit Parser(TagList list) : list_(std::move(list)) {}

  Body Run() { return UntilOneOf({}); }

 private:
  /// Statements up to a block that starts with one of `ends`, which becomes the open
  /// one; none: up to the end of the template.
  Body UntilOneOf(Words ends) {
    if (++depth_ > kMaxDepth) {
      throw ChatError(Code::kLimit, "the chat template nests blocks too deeply");
    }
    Body body;
    for (; at_ < list_.tags.size(); ++at_) {
      const Tag& tag = list_.tags[at_];
      AddText(tag.text, &body);
      if (tag.kind == TagKind::kComment) continue;
      if (tag.kind == TagKind::kExpression) {
        ExpressionParser parser(tag.code);
        Statement& output = body.emplace_back(Make(Type::kOutput));
        output.expression = parser.Tuple();
        parser.ExpectEnd();
        continue;
      }
      ExpressionParser parser(tag.code);
      const std::string keyword = parser.AnyName();
      if (std::find(ends.begin(), ends.end(), keyword) != ends.end()) {
        --depth_;
        return body;
      }
      body.push_back(Block(keyword, &parser));
    }
    if (ends.size() > 0) Corrupt("it ends before '" + std::string(*ends.begin()) + "'");
    AddText(list_.tail, &body);
    --depth_;
    return body;
  }

  static void AddText(const std::string& text, Body* body) {
    if (!text.empty()) body->emplace_back(Make(Type::kText)).text = text;
  }

  /// The body of the block that is open, to its end.
  Body UntilEnd(std::string_view end) {
    ++at_;
    Body body = UntilOneOf({end});
    ExpressionParser parser(list_.tags[at_].code);
    parser.AnyName();
    if (end == "endmacro" && !parser.AtEnd()) parser.AnyName();
    parser.ExpectEnd();
    return body;
  }

  Statement Block(const std::string& keyword, ExpressionParser* parser) {
    if (keyword == "if") return If(parser);
    if (keyword == "for") return For(parser);
    if (keyword == "set") return Set(parser);
    if (keyword == "macro") return Macro(parser);
    if (keyword == "call") return Call(parser);
    if (keyword == "filter") return Filter(parser);
    if (keyword == "with") return With(parser);
    if (keyword == "generation") return Generation(parser);
    if (keyword == "break" || keyword == "continue") {
      parser->ExpectEnd();
      if (loops_ == 0) Unsupported("leaves a loop from outside or from within another block");
      return Make(keyword == "break" ? Type::kBreak : Type::kContinue);
    }
    constexpr std::string_view kOthers[] = {"raw",     "include", "import",    "from",
                                            "extends", "block",   "autoescape"};
    if (std::find(std::begin(kOthers), std::end(kOthers), keyword) != std::end(kOthers)) {
      Unsupported("uses '" + keyword + "'");
    }
    Corrupt("it has '" + keyword + "' where a block is expected");
  }

  Statement If(ExpressionParser* parser) {
    Statement statement = Make(Type::kIf);
    statement.expression = parser->Tuple(false);
    parser->ExpectEnd();
    // Each "elif" is an "if" inside of the "else" before it.
    if (++branches_ > kMaxBranches) {
      throw ChatError(Code::kLimit, "the chat template has too many branches");
    }
    ++at_;
    statement.body = UntilOneOf({"endif", "else", "elif"});
    ExpressionParser next(list_.tags[at_].code);
    const std::string keyword = next.AnyName();
    if (keyword == "elif") {
      statement.otherwise.push_back(If(&next));
      return statement;
    }
    next.ExpectEnd();
    if (keyword == "else") statement.otherwise = UntilEnd("endif");
    return statement;
  }

  Statement For(ExpressionParser* parser) {
    Statement statement = Make(Type::kFor);
    statement.names = parser->Targets();
    if (std::find(statement.names.begin(), statement.names.end(), "loop") !=
        statement.names.end()) {
      Corrupt("a loop's variable cannot be named 'loop'");
    }
    parser->ExpectName("in");
    statement.expression = parser->Tuple(false);
    if (parser->TakeName("if")) statement.condition = parser->Expression();
    if (parser->TakeName("recursive")) Unsupported("uses recursive loops");
    parser->ExpectEnd();
    ++at_;
    ++loops_;
    statement.body = UntilOneOf({"endfor", "else"});
    --loops_;
    ExpressionParser end(list_.tags[at_].code);
    const std::string keyword = end.AnyName();
    end.ExpectEnd();
    if (keyword == "else") statement.otherwise = UntilEnd("endfor");
    return statement;
  }

  Statement Set(ExpressionParser* parser) {
    Statement statement = Make(Type::kSet);
    statement.names = parser->Targets();
    if (statement.names.size() == 1 && parser->TakeOperator(".")) {
      statement.attribute = parser->AnyName();
    }
    if (parser->TakeOperator("=")) {
      statement.expression = parser->Tuple();
      parser->ExpectEnd();
      return statement;
    }
    if (statement.names.size() > 1) Corrupt("'set' of several names needs a value");
    statement.kind = Type::kSetBlock;
    statement.expression = parser->Filters(false);
    parser->ExpectEnd();
    statement.body = OwnBody("endset");
    return statement;
  }

  Statement Macro(ExpressionParser* parser) {
    Statement statement = Make(Type::kMacro);
    statement.text = parser->AnyName();
    Signature(parser, &statement);
    parser->ExpectEnd();
    statement.body = OwnBody("endmacro");
    return statement;
  }

  Statement Call(ExpressionParser* parser) {
    Statement statement = Make(Type::kCall);
    const Token& next = parser->Peek();
    if (next.kind == Token::Kind::kOperator && next.text == "(") Signature(parser, &statement);
    statement.expression = parser->Expression();
    if (statement.expression->kind != Expression::Kind::kCall) Corrupt("'call' needs a call");
    parser->ExpectEnd();
    statement.body = OwnBody("endcall");
    return statement;
  }

  Statement Filter(ExpressionParser* parser) {
    Statement filter = Make(Type::kFilter);
    filter.expression = parser->Filters(true);
    parser->ExpectEnd();
    filter.body = OwnBody("endfilter");
    return filter;
  }

  Statement Generation(ExpressionParser* parser) {
    parser->ExpectEnd();
    Statement scope = Make(Type::kScope);
    scope.body = OwnBody("endgeneration");
    return scope;
  }

  Statement With(ExpressionParser* parser) {
    Statement scope = Make(Type::kScope);
    while (!parser->AtEnd()) {
      if (!scope.names.empty()) parser->ExpectOperator(",");
      scope.names.push_back(parser->AnyName());
      parser->ExpectOperator("=");
      scope.defaults.push_back(parser->Expression());
    }
    scope.body = UntilEnd("endwith");
    return scope;
  }

  void Signature(ExpressionParser* parser, Statement* statement) {
    parser->ExpectOperator("(");
    while (!parser->TakeOperator(")")) {
      if (!statement->names.empty()) parser->ExpectOperator(",");
      statement->names.push_back(parser->AnyName());
      if (parser->TakeOperator("=")) {
        statement->defaults.push_back(parser->Expression());
      } else if (!statement->defaults.empty()) {
        Corrupt("a parameter without a default follows one that has one");
      }
    }
  }

  /// A body that no "break" can leave.
  Body OwnBody(std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    Body body = UntilEnd(end);
    loops_ = loops;
    return body;
  }

  TagList list_;
  size_t at_ = 0;
  int depth_ = 0;
  int loops_ = 0;
  size_t branches_ = 0;
};

}  // namespace

Body Parse(std::string_view source) { return Parser(SplitTags(source)).Run(); }

std::vector<std::string> Strings(std::string_view source) {
  std::set<std::string> strings;
  for (const Tag& tag : SplitTags(source).tags) {
    for (const Token& token : Tokens(tag.code)) {
      if (token.kind == Token::Kind::kString) strings.insert(token.value.string());
    }
  }
  return {strings.begin(), strings.end()};
}

}  // namespace quanta::converter::jinja
