// A program that uses an installed Quanta.
#include <quanta/model.h>

#include <cstdio>

int main() {
  auto model = quanta::Model::Open("there-is-no-such-model.qfb");
  if (model.ok() || model.status().code() != quanta::Code::kNotFound) {
    std::puts("expected: not found");
    return 1;
  }
  std::puts("ok");
  return 0;
}
