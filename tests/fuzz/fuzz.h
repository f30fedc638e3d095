// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// What a fuzz target defines and may use. One source makes two programs: with
/// libFuzzer, and with the driver in standalone_main.cc, for every compiler.
///
/// A target must define
///   extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);  // returns 0
/// and may define
///   extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
///                                             unsigned seed);
///   std::vector<quanta::fuzz::Input> quanta::fuzz::Seeds();  // the driver only
namespace quanta::fuzz {

using Input = std::vector<uint8_t>;

/// Inputs that the code under test took, for the driver's report: if it stays at 0, the
/// mutations die at the first check and the fuzzing is worth nothing.
inline uint64_t accepted = 0;

std::vector<Input> Seeds();

}  // namespace quanta::fuzz

/// The driver's or libFuzzer's mutations, for custom mutators: changes [data, size) within
/// max_size and returns the new size.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
