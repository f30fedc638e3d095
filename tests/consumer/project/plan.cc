// plan MODEL.qfb: what the model is, and the memory that a session with it takes.
#include <quanta/model.h>
#include <quanta/session.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: plan MODEL.qfb\n");
    return 2;
  }
  quanta::ErrorDetail detail;
  const auto model = quanta::Model::Open(argv[1], {}, &detail);
  if (!model.ok()) {
    std::fprintf(stderr, "plan: %s: %s\n", model.status().what(), detail.text());
    return 1;
  }
  quanta::SessionOptions options;
  options.context = 32;
  const auto bytes = quanta::Session::Bytes(*model, options, &detail);
  if (!bytes.ok()) {
    std::fprintf(stderr, "plan: %s: %s\n", bytes.status().what(), detail.text());
    return 1;
  }
  const quanta::ModelInfo& info = model->info();
  std::printf("%.*s, %u layers, vocabulary of %u; %zu bytes for %u tokens\n",
              static_cast<int>(info.family.size()), info.family.data(), info.layers, info.vocab,
              *bytes, options.context);
  return 0;
}
