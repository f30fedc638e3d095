// SPDX-License-Identifier: MIT
//
// Writes scripts by the grammar of TissLang and of its command lines, led by the input's bytes,
// and breaks some of them. What a script must do is in tiss_checks.h.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/tiss_checks.h"
#include "tests/fuzz/tiss_grammar.h"

namespace quanta::fuzz {
namespace {

constexpr size_t kMaxInput = 160;

}  // namespace

std::vector<Input> Seeds() {
  Random random(5);
  std::vector<Input> seeds(64);
  for (Input& seed : seeds) {
    seed.resize(32 + random.Below(kMaxInput - 32));
    for (uint8_t& byte : seed) byte = static_cast<uint8_t>(random.Next());
  }
  return seeds;
}

}  // namespace quanta::fuzz

/// Half of all inputs are new ones: choices have no structure that would be worth keeping.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  quanta::fuzz::Random random(seed);
  if (!random.OneIn(2)) return LLVMFuzzerMutate(data, size, max_size);
  size = std::min(max_size, 8 + random.Below(quanta::fuzz::kMaxInput - 8));
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<uint8_t>(random.Next());
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // To see the script that an input stands for: set this, and give the input's file.
  static const bool show = std::getenv("QUANTA_FUZZ_SHOW") != nullptr;
  const std::string script = quanta::fuzz::ScriptOf(data, size);
  if (show) std::fprintf(stderr, "%s\n----\n", script.c_str());
  quanta::fuzz::accepted += quanta::lite::CheckScript(script);
  return 0;
}
