// SPDX-License-Identifier: MIT
//
// Reads .npz and .npy files: the input as an archive, as an array, and as an array in an
// archive with the right checksum. What is accepted must lie in the file and be readable
// to its last number.
#include <string>

#include "converter/element_type.h"
#include "converter/error.h"
#include "converter/numpy/npz.h"
#include "quanta/check.h"
#include "tests/converter/npz_builder.h"
#include "tests/fuzz/fuzz.h"

namespace quanta {
namespace {

using converter::NpyArray;

void UseArray(const NpyArray& array) {
  const converter::ElementType* type = converter::FindElementType(array.dtype);
  if (array.shape.size() != 2 || type == nullptr || array.bytes.empty()) return;
  for (const bool transposed : {false, true}) {
    const auto rows = static_cast<uint32_t>(array.shape[transposed ? 1 : 0]);
    const auto columns = static_cast<uint32_t>(array.shape[transposed ? 0 : 1]);
    QUANTA_CHECK(type->Bytes(uint64_t{rows} * columns) == array.bytes.size());
    std::vector<float> numbers(size_t{rows} * columns);
    ReadMatrix(array, transposed)->Read(0, rows, numbers.data());
  }
}

/// Whether `use` takes the file; else its error is one for people.
template <class Body>
bool Accepts(const Body& use) {
  try {
    use();
    return true;
  } catch (const converter::Error& error) {
    const Code code = error.code();
    QUANTA_CHECK(code == Code::kCorrupt || code == Code::kUnsupported);
    return false;
  }
}

bool UseArchive(const std::string& file) {
  return Accepts([&] {
    const auto bytes = std::as_bytes(std::span(file));
    for (const auto& [name, array] : converter::ReadNpz(bytes, false, "fuzz")) {
      QUANTA_CHECK(array.bytes.data() >= bytes.data());
      QUANTA_CHECK(array.bytes.data() + array.bytes.size() <= bytes.data() + bytes.size());
      UseArray(array);
    }
  });
}

bool UseAlone(const std::string& file) {
  return Accepts(
      [&] { UseArray(converter::ParseNpy(std::as_bytes(std::span(file)), "fuzz", "a")); });
}

}  // namespace

namespace fuzz {

std::vector<Input> Seeds() {
  namespace make = converter::testing;
  const make::Files files = {{"a.npy", make::NpyF32({2, 3})}, {"n.npy", make::NpyI64(3)}};
  std::vector<Input> seeds;
  for (const std::string& file :
       {make::Zip(files), make::Zip(files, {.zip64 = true}), make::NpyF32({2, 3}),
        make::Npy("<f8", {1, 2}, std::string(16, '\1'), true),
        make::NpyWithHeader("{'descr': '<f2', 'fortran_order': False, 'shape': (3L, 1), }",
                            "123456", 2)}) {
    seeds.emplace_back(file.begin(), file.end());
  }
  return seeds;
}

}  // namespace fuzz
}  // namespace quanta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  quanta::fuzz::accepted += quanta::UseArchive(bytes);
  quanta::fuzz::accepted += quanta::UseAlone(bytes);
  quanta::fuzz::accepted += quanta::UseArchive(quanta::converter::testing::Zip({{"a.npy", bytes}}));
  return 0;
}
