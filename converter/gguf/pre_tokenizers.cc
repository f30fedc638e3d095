// SPDX-License-Identifier: MIT
#include "converter/gguf/pre_tokenizers.h"

#include <algorithm>

namespace quanta::converter {
namespace {

using format::PreTokenizerKind;

constexpr PreTokenizerKind kGpt2[] = {PreTokenizerKind::kGpt2};
constexpr PreTokenizerKind kLlama3[] = {PreTokenizerKind::kLlama3};
constexpr PreTokenizerKind kQwen2[] = {PreTokenizerKind::kQwen2};
constexpr PreTokenizerKind kDigits[] = {PreTokenizerKind::kDigitsIndividual,
                                        PreTokenizerKind::kGpt2};

constexpr GgufPreTokenizer kPreTokenizers[] = {
    {.name = "gpt-2", .steps = kGpt2},
    {.name = "phi-2", .steps = kGpt2},
    {.name = "llama-bpe", .steps = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama3", .steps = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .steps = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "smaug-bpe", .steps = kLlama3},
    {.name = "dbrx", .steps = kLlama3},
    {.name = "qwen2", .steps = kQwen2, .nfc = true},
    {.name = "deepseek-r1-qwen", .steps = kQwen2, .nfc = true},
    {.name = "stablelm2", .steps = kQwen2},
    {.name = "smollm", .steps = kDigits},
    {.name = "starcoder", .steps = kDigits},
    {.name = "refact", .steps = kDigits},
};

template <class Matches>
const GgufPreTokenizer* First(const Matches& matches) {
  const auto* found = std::find_if(std::begin(kPreTokenizers), std::end(kPreTokenizers), matches);
  return found == std::end(kPreTokenizers) ? nullptr : found;
}

}  // namespace

const GgufPreTokenizer* FindGgufPreTokenizer(std::string_view name) {
  return First([&](const GgufPreTokenizer& known) { return known.name == name; });
}

const GgufPreTokenizer* FindGgufPreTokenizer(const TokenizerTables& tables) {
  const auto& normalizers = tables.normalizers;
  const bool nfc = normalizers.size() == 1 && normalizers[0].kind == format::NormalizerKind::kNfc;
  if (!nfc && !normalizers.empty()) return nullptr;
  return First([&](const GgufPreTokenizer& known) {
    return known.nfc == nfc && known.ignore_merges == tables.ignore_merges &&
           std::equal(known.steps.begin(), known.steps.end(), tables.pre_tokenizers.begin(),
                      tables.pre_tokenizers.end(),
                      [](PreTokenizerKind kind, const TokenizerTables::PreTokenizer& step) {
                        return kind == step.kind;
                      });
  });
}

std::string GgufPreTokenizerNames() {
  std::string names;
  for (const GgufPreTokenizer& known : kPreTokenizers) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  return names;
}

}  // namespace quanta::converter
