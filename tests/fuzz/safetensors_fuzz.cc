// SPDX-License-Identifier: MIT
//
// Reads safetensors files: as they are, and with the whole input as the header's text,
// which gets past the length in front of it. What is accepted must lie in the file.
#include <cstring>
#include <string>

#include "converter/error.h"
#include "converter/safetensors.h"
#include "quanta/check.h"
#include "tests/fuzz/fuzz.h"

namespace quanta {
namespace {

constexpr size_t kDataBytes = 24;  // of the seeds

bool Use(const std::string& file) {
  try {
    const auto header = converter::ParseSafetensors(std::as_bytes(std::span(file)), "fuzz");
    QUANTA_CHECK(header.data_begin <= file.size());
    uint64_t next = 0;
    for (const converter::SafetensorsEntry& entry : header.entries) {
      QUANTA_CHECK(entry.begin == next && entry.begin <= entry.end);
      QUANTA_CHECK(converter::SafetensorsDtypeBytes(entry.dtype) != 0);
      next = entry.end;
    }
    QUANTA_CHECK(next == file.size() - header.data_begin);
    return true;
  } catch (const converter::Error& error) {
    const Code code = error.code();
    QUANTA_CHECK(code == Code::kCorrupt || code == Code::kUnsupported);
    return false;
  }
}

std::string WithLength(const std::string& header) {
  const uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + std::string(kDataBytes, '\1');
}

}  // namespace

namespace fuzz {

std::vector<Input> Seeds() {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,2],)"
      R"("data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]}})";
  const std::string file = WithLength(header);
  return {{file.begin(), file.end()}, {header.begin(), header.end()}};
}

}  // namespace fuzz
}  // namespace quanta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  quanta::fuzz::accepted += quanta::Use(bytes);
  quanta::fuzz::accepted += quanta::Use(quanta::WithLength(bytes));
  return 0;
}
