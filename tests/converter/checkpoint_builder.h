// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "converter/json.h"

namespace quanta::converter::testing {

/// A folder for one test, removed with it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  /// The names in it, sorted.
  std::vector<std::string> List() const;

 private:
  std::string path_;
};

void WriteFile(const std::string& path, const std::string& bytes);
std::string ReadFile(const std::string& path);

/// A tensor to be written.
struct TestTensor {
  std::string dtype = "F32";
  std::vector<uint64_t> shape;
  std::string bytes;

  /// Small numbers that differ from one another.
  static TestTensor Of(const std::string& dtype, std::vector<uint64_t> shape);
};

/// The bytes of a safetensors file. `header_edit` may change the header before it is
/// written.
std::string Safetensors(const std::map<std::string, TestTensor>& tensors,
                        void (*header_edit)(Json& header) = nullptr);

/// A tiny Llama checkpoint in parts that a test can change before it is written.
struct TinyLlama {
  TinyLlama();
  Json config;
  std::map<std::string, TestTensor> tensors;
  bool tokenizer = true;  ///< copy one from the fixtures

  /// Fills `tensors` anew, as `config` asks for.
  void MakeTensors(const std::string& dtype = "F32");
  /// Writes config.json, model.safetensors and perhaps tokenizer.json.
  void Write(const std::string& folder) const;
};

}  // namespace quanta::converter::testing
