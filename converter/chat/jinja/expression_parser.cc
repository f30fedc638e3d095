// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/expression_parser.h"

#include <algorithm>
#include <utility>

#include "converter/chat/chat_error.h"

namespace quanta::converter::jinja {
namespace {

using Node = jinja::Expression;
using Type = Node::Kind;

constexpr int kMaxDepth = 128;
// A chain of operators, filters or subscripts is as deep a tree as it is long.
constexpr int kMaxChain = 200;

ExpressionPtr Make(Type kind, std::string name = "") {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->name = std::move(name);
  return node;
}

ExpressionPtr Make(Type kind, ExpressionPtr first, ExpressionPtr second = nullptr,
                   std::string name = "") {
  ExpressionPtr node = Make(kind, std::move(name));
  node->children.push_back(std::move(first));
  if (second) node->children.push_back(std::move(second));
  return node;
}

ExpressionPtr Constant(Value value) {
  ExpressionPtr node = Make(Type::kConstant);
  node->constant = std::move(value);
  return node;
}

[[noreturn]] void TooDeep() {
  throw ChatError(Code::kLimit, "the chat template nests or chains too many operators");
}

[[noreturn]] void Unexpected(const Token& token, const std::string& expected) {
  const std::string found = token.kind == Token::Kind::kEnd
                                ? "the tag ends"
                                : "it has '" + token.text.substr(0, 40) + "'";
  throw ChatError(Code::kCorrupt,
                  "the chat template is not Jinja: " + found + " where " + expected);
}

class Depth {
 public:
  explicit Depth(int* depth) : depth_(depth) {
    if (++*depth_ > kMaxDepth) TooDeep();
  }
  ~Depth() { --*depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  int* depth_;
};

class Chain {
 public:
  void Link() {
    if (++links_ > kMaxChain) TooDeep();
  }

 private:
  int links_ = 0;
};

}  // namespace

const Token& ExpressionParser::Peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool ExpressionParser::IsOperator(std::string_view text) const {
  return Peek().kind == Token::Kind::kOperator && Peek().text == text;
}

bool ExpressionParser::TakeOperator(std::string_view text) {
  if (!IsOperator(text)) return false;
  ++at_;
  return true;
}

bool ExpressionParser::TakeName(std::string_view name) {
  if (Peek().kind != Token::Kind::kName || Peek().text != name) return false;
  ++at_;
  return true;
}

void ExpressionParser::ExpectOperator(std::string_view text) {
  if (!TakeOperator(text)) Unexpected(Peek(), "'" + std::string(text) + "' is expected");
}

void ExpressionParser::ExpectName(std::string_view name) {
  if (!TakeName(name)) Unexpected(Peek(), "'" + std::string(name) + "' is expected");
}

void ExpressionParser::ExpectEnd() {
  if (!AtEnd()) Unexpected(Peek(), "the tag should end");
}

std::string ExpressionParser::AnyName() {
  if (Peek().kind != Token::Kind::kName) Unexpected(Peek(), "a name is expected");
  return tokens_[at_++].text;
}

std::vector<std::string> ExpressionParser::Targets() {
  const bool parentheses = TakeOperator("(");
  std::vector<std::string> names = {AnyName()};
  while (TakeOperator(",")) names.push_back(AnyName());
  if (parentheses) ExpectOperator(")");
  return names;
}

ExpressionPtr ExpressionParser::Expression(bool condition) {
  const Depth depth(&depth_);
  ExpressionPtr node = Or();
  Chain chain;
  while (condition && TakeName("if")) {
    chain.Link();
    ExpressionPtr question = Or();
    node = Make(Type::kConditional, std::move(question), std::move(node));
    node->children.push_back(TakeName("else") ? Expression() : nullptr);
  }
  return node;
}

ExpressionPtr ExpressionParser::Tuple(bool condition) {
  ExpressionPtr node = Expression(condition);
  if (!IsOperator(",")) return node;
  node = Make(Type::kTuple, std::move(node));
  while (TakeOperator(",")) {
    const bool ends =
        AtEnd() || IsOperator(")") || (Peek().kind == Token::Kind::kName && Peek().text == "in");
    if (ends) break;
    node->children.push_back(Expression(condition));
  }
  return node;
}

ExpressionPtr ExpressionParser::Or() {
  ExpressionPtr node = And();
  for (Chain chain; TakeName("or"); chain.Link()) node = Make(Type::kOr, std::move(node), And());
  return node;
}

ExpressionPtr ExpressionParser::And() {
  ExpressionPtr node = Not();
  for (Chain chain; TakeName("and"); chain.Link()) node = Make(Type::kAnd, std::move(node), Not());
  return node;
}

ExpressionPtr ExpressionParser::Not() {
  const Depth depth(&depth_);
  return TakeName("not") ? Make(Type::kNot, Not()) : Comparison();
}

ExpressionPtr ExpressionParser::Comparison() {
  ExpressionPtr first = Sum();
  std::vector<ExpressionPtr> others;
  std::vector<std::string> operators;
  while (true) {
    constexpr std::string_view kComparisons[] = {"==", "!=", "<=", ">=", "<", ">"};
    const auto found = std::find_if(std::begin(kComparisons), std::end(kComparisons),
                                    [&](std::string_view text) { return IsOperator(text); });
    if (found != std::end(kComparisons)) {
      ++at_;
      operators.emplace_back(*found);
    } else if (TakeName("in")) {
      operators.emplace_back("in");
    } else if (Peek().text == "not" && Peek(1).text == "in" && Peek(1).kind == Token::Kind::kName &&
               TakeName("not")) {
      ++at_;
      operators.emplace_back("not in");
    } else {
      break;
    }
    others.push_back(Sum());
  }
  if (others.empty()) return first;
  ExpressionPtr node = Make(Type::kComparison, std::move(first));
  for (ExpressionPtr& other : others) node->children.push_back(std::move(other));
  node->operators = std::move(operators);
  return node;
}

ExpressionPtr ExpressionParser::Sum() {
  ExpressionPtr node = Concatenation();
  for (Chain chain; IsOperator("+") || IsOperator("-"); chain.Link()) {
    std::string name = tokens_[at_++].text;
    node = Make(Type::kArithmetic, std::move(node), Concatenation(), std::move(name));
  }
  return node;
}

ExpressionPtr ExpressionParser::Concatenation() {
  ExpressionPtr node = Product();
  for (Chain chain; TakeOperator("~"); chain.Link()) {
    node = Make(Type::kConcatenate, std::move(node), Product());
  }
  return node;
}

ExpressionPtr ExpressionParser::Product() {
  ExpressionPtr node = Power();
  for (Chain chain; IsOperator("*") || IsOperator("/") || IsOperator("//") || IsOperator("%");
       chain.Link()) {
    std::string name = tokens_[at_++].text;
    node = Make(Type::kArithmetic, std::move(node), Power(), std::move(name));
  }
  return node;
}

ExpressionPtr ExpressionParser::Power() {
  ExpressionPtr node = Unary(true);
  if (IsOperator("**")) Unsupported("uses powers");
  return node;
}

ExpressionPtr ExpressionParser::Unary(bool filters) {
  const Depth depth(&depth_);
  ExpressionPtr node;
  if (TakeOperator("-")) {
    node = Make(Type::kNegative, Unary(false));
  } else if (TakeOperator("+")) {
    node = Make(Type::kPositive, Unary(false));
  } else {
    node = Primary();
  }
  node = Postfix(std::move(node));
  return filters ? FiltersAndTests(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::Primary() {
  const Token token = Peek();
  switch (token.kind) {
    case Token::Kind::kName:
      ++at_;
      if (token.text == "true" || token.text == "True") return Constant(Value::Bool(true));
      if (token.text == "false" || token.text == "False") return Constant(Value::Bool(false));
      if (token.text == "none" || token.text == "None") return Constant(Value::None());
      return Make(Type::kName, token.text);
    case Token::Kind::kString: {
      std::string text;
      for (; Peek().kind == Token::Kind::kString; ++at_) text += Peek().value.string();
      return Constant(Value::String(std::move(text)));
    }
    case Token::Kind::kNumber:
      ++at_;
      return Constant(token.value);
    case Token::Kind::kOperator:
      if (IsOperator("(")) return Parenthesized();
      if (IsOperator("[")) return ListLiteral();
      if (IsOperator("{")) return DictLiteral();
      break;
    case Token::Kind::kEnd:
      break;
  }
  Unexpected(token, "an expression is expected");
}

ExpressionPtr ExpressionParser::Parenthesized() {
  ExpectOperator("(");
  if (TakeOperator(")")) return Make(Type::kTuple);
  ExpressionPtr node = Tuple();
  ExpectOperator(")");
  return node;
}

ExpressionPtr ExpressionParser::ListLiteral() {
  ExpectOperator("[");
  ExpressionPtr node = Make(Type::kList);
  while (!TakeOperator("]")) {
    if (!node->children.empty()) ExpectOperator(",");
    if (TakeOperator("]")) break;
    node->children.push_back(Expression());
  }
  return node;
}

ExpressionPtr ExpressionParser::DictLiteral() {
  ExpectOperator("{");
  ExpressionPtr node = Make(Type::kDict);
  while (!TakeOperator("}")) {
    if (!node->children.empty()) ExpectOperator(",");
    if (TakeOperator("}")) break;
    node->children.push_back(Expression());
    ExpectOperator(":");
    node->children.push_back(Expression());
  }
  return node;
}

ExpressionPtr ExpressionParser::Postfix(ExpressionPtr node) {
  for (Chain chain;; chain.Link()) {
    if (TakeOperator(".")) {
      if (Peek().kind == Token::Kind::kNumber) {
        node = Make(Type::kItem, std::move(node), Constant(tokens_[at_++].value));
      } else {
        node = Make(Type::kAttribute, std::move(node), nullptr, AnyName());
      }
    } else if (TakeOperator("[")) {
      node = Subscript(std::move(node));
    } else if (IsOperator("(")) {
      node = Make(Type::kCall, std::move(node));
      CallArguments(node.get());
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::Subscript(ExpressionPtr node) {
  ExpressionPtr parts[3];
  int count = 0;
  bool slice = false;
  while (!IsOperator("]")) {
    if (TakeOperator(":")) {
      slice = true;
      if (++count > 2) Unexpected(Peek(), "']' is expected");
    } else if (parts[count]) {
      if (IsOperator(",")) Unsupported("takes items by several indices");
      Unexpected(Peek(), "']' is expected");
    } else {
      parts[count] = Expression();
    }
  }
  ExpectOperator("]");
  if (!slice && !parts[0]) Unexpected(Peek(), "an index is expected");
  if (!slice) return Make(Type::kItem, std::move(node), std::move(parts[0]));
  node = Make(Type::kSlice, std::move(node));
  for (ExpressionPtr& part : parts) node->children.push_back(std::move(part));
  return node;
}

void ExpressionParser::CallArguments(Node* call) {
  ExpectOperator("(");
  for (bool first = true; !TakeOperator(")"); first = false) {
    if (!first) ExpectOperator(",");
    if (TakeOperator(")")) return;
    if (IsOperator("*") || IsOperator("**")) Unsupported("unpacks arguments of a call");
    if (Peek().kind == Token::Kind::kName && Peek(1).kind == Token::Kind::kOperator &&
        Peek(1).text == "=") {
      std::string name = AnyName();
      ++at_;
      call->named.emplace_back(std::move(name), Expression());
    } else {
      if (!call->named.empty()) Unexpected(Peek(), "a named argument is expected");
      call->children.push_back(Expression());
    }
  }
}

ExpressionPtr ExpressionParser::FiltersAndTests(ExpressionPtr node) {
  for (Chain chain;; chain.Link()) {
    if (TakeOperator("|")) {
      node = Filter(std::move(node));
    } else if (TakeName("is")) {
      node = Test(std::move(node));
    } else if (IsOperator("(")) {
      node = Make(Type::kCall, std::move(node));
      CallArguments(node.get());
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::Filter(ExpressionPtr node) {
  ExpressionPtr filter = Make(Type::kFilter, AnyName());
  filter->children.push_back(std::move(node));
  if (IsOperator("(")) CallArguments(filter.get());
  return filter;
}

ExpressionPtr ExpressionParser::Filters(bool first) {
  ExpressionPtr node = first ? Filter(nullptr) : nullptr;
  for (Chain chain; TakeOperator("|"); chain.Link()) node = Filter(std::move(node));
  return node;
}

ExpressionPtr ExpressionParser::Test(ExpressionPtr node) {
  const bool negated = TakeName("not");
  ExpressionPtr test = Make(Type::kTest, AnyName());
  test->children.push_back(std::move(node));
  const Token& next = Peek();
  const bool word = next.kind == Token::Kind::kName;
  const bool ends = word && (next.text == "else" || next.text == "or" || next.text == "and");
  if (IsOperator("(")) {
    CallArguments(test.get());
  } else if ((word && !ends) || next.kind == Token::Kind::kString ||
             next.kind == Token::Kind::kNumber || IsOperator("[") || IsOperator("{")) {
    if (word && next.text == "is") Unexpected(next, "tests cannot be chained");
    test->children.push_back(Postfix(Primary()));
  }
  return negated ? Make(Type::kNot, std::move(test)) : std::move(test);
}

}  // namespace quanta::converter::jinja
