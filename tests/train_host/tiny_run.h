// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "converter/json.h"
#include "tests/train_host/temp_folder.h"

namespace quanta::train::testing {

/// A tokenizer of 768 tokens that ends texts with <|endoftext|>.
inline const std::string kTokenizer = QUANTA_TEST_DATA "/hf/llama_tied";

/// A configuration of a tiny model and a text to train it on, in a folder.
inline converter::Json TinyConfig(const TempFolder& folder) {
  std::string text;
  for (int i = 0; i < 120; ++i) {
    text += "The " + std::string(i % 3 == 0 ? "old" : "new") + " house number " +
            std::to_string(i) + " has " + std::to_string(i * 7 % 10) + " rooms.\n";
    if (i % 4 == 3) text += "===\n";
  }
  folder.Write("text.txt", text);
  return {{"model",
           {{"layers", 2},
            {"hidden", 32},
            {"heads", 4},
            {"kv_heads", 2},
            {"ffn", 64},
            {"context", 48}}},
          {"data",
           {{"train", folder.File("text.txt")}, {"tokenizer", kTokenizer}, {"separator", "===\n"}}},
          {"run",
           {{"steps", 12},
            {"batch", 2},
            {"save_every", 4},
            {"log_every", 1},
            {"threads", 2},
            {"eval_every", 0},
            {"keep", 0}}},
          {"optimizer", {{"lr", 0.01}, {"warmup", 2}}},
          {"output", folder.File("out")}};
}

/// The values of `key` in metrics.jsonl, of lines that have it.
inline std::vector<double> Metrics(const TempFolder& folder, const std::string& key,
                                   const std::string& file = "out/metrics.jsonl") {
  std::vector<double> values;
  std::istringstream lines(folder.Read(file));
  for (std::string line; std::getline(lines, line);) {
    const converter::Json json = converter::Json::parse(line);
    if (json.contains(key)) values.push_back(json[key].get<double>());
  }
  return values;
}

}  // namespace quanta::train::testing
