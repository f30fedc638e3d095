// SPDX-License-Identifier: MIT
#include "converter/safetensors.h"

#include <cstring>
#include <string>

#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

using testing::Safetensors;
using testing::TestTensor;

SafetensorsHeader Parse(const std::string& bytes) {
  return ParseSafetensors(std::as_bytes(std::span(bytes)), "m.safetensors");
}

/// A file with this header, then `data` zeros.
std::string WithHeader(const std::string& header, size_t data) {
  const uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data, '\0');
}

std::string TwoTensors() {
  return Safetensors({{"a", TestTensor::Of("F32", {2, 3})}, {"b", TestTensor::Of("BF16", {4})}});
}

TEST(Safetensors, ReadsNamesShapesTypesAndPlaces) {
  const SafetensorsHeader header = Parse(TwoTensors());

  ASSERT_EQ(header.entries.size(), 2u);
  EXPECT_EQ(header.entries[0].name, "a");
  EXPECT_EQ(header.entries[0].shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(header.entries[1].dtype, "BF16");
  EXPECT_EQ(header.entries[1].begin, 24u);
  EXPECT_EQ(header.entries[1].end, 32u);
  EXPECT_EQ(header.data_begin, TwoTensors().size() - 32);
}

TEST(Safetensors, AScalarAndAnEmptyTensorAreFine) {
  const SafetensorsHeader header =
      Parse(WithHeader(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                       R"("e":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]}})",
                       4));
  EXPECT_EQ(header.entries.size(), 2u);
}

TEST(Safetensors, EveryTruncationIsAnErrorThatSaysSo) {
  const std::string whole = TwoTensors();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_ERROR(Parse(whole.substr(0, size)), "m.safetensors: truncated: ") << size;
  }
  EXPECT_ERROR(Parse(whole.substr(0, whole.size() - 1)),
               "truncated: " + std::to_string(whole.size() - 1) + " of " +
                   std::to_string(whole.size()) + " bytes");
}

TEST(Safetensors, AnotherKindOfFileIsNamed) {
  EXPECT_ERROR(Parse("\x89PNG\r\n\x1a\n" + std::string(100, 'x')), "a PNG image");
}

TEST(Safetensors, BytesAfterTheLastTensorAreAnError) {
  EXPECT_ERROR(Parse(TwoTensors() + "x"), "1 bytes after the last tensor");
}

struct BadHeader {
  const char* header;
  const char* error;
};

TEST(Safetensors, BadHeadersAreErrorsThatSayWhat) {
  const BadHeader cases[] = {
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}},)", "not valid JSON"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})", "not valid JSON"},
      {R"({"a":3})", "tensor 'a': a number where none belongs"},
      {R"({"a":[1]})", "an array where none belongs"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", "is missing"},
      {R"({"a":{"dtype":3,"shape":[1],"data_offsets":[0,4]}})", "tensor 'a': a number"},
      {R"({"a":{"dtype":"F32","shape":{},"data_offsets":[0,4]}})", "an object where none belongs"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "a negative number"},
      {R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", "not a 64-bit integer"},
      {R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}})",
       "not a 64-bit integer"},
      {R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", "an array where"},
      {R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})",
       "too many dimensions"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "must be two numbers"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}})", "more than two"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", "unknown field 'x'"},
      {R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "occurs twice"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       "tensor 'a' occurs twice"},
      {R"({"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}})", "unknown dtype 'Q9'"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "do not hold the 8 bytes"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "do not hold"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})",
       "its size overflows"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}})",
       "its size overflows"},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[18446744073709551612,0]}})",
       "do not hold"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
       R"("b":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}})",
       "inside another tensor"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
       R"("b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
       "after a hole"},
      {R"({"a":{"dtype":"U8","shape":[18446744073709551615],)"
       R"("data_offsets":[0,18446744073709551615]}})",
       "truncated"},
      {R"({"__metadata__":{"a":1}})", "where none belongs"},
      {R"({"__metadata__":"x"})", "where none belongs"},
  };
  for (const BadHeader& bad : cases) {
    EXPECT_ERROR(Parse(WithHeader(bad.header, 4)), bad.error) << bad.header;
  }
}

TEST(Safetensors, AHeaderOfClaimedSizeIsNotAllocated) {
  std::string bytes = WithHeader("{}", 0);
  const uint64_t huge = UINT64_MAX;
  std::memcpy(bytes.data(), &huge, 8);
  EXPECT_ERROR(Parse(bytes), "not a safetensors file");
}

TEST(Safetensors, DeepNestingIsRefusedWhereItStarts) {
  std::string deep = R"({"a":)";
  for (int i = 0; i < 1'000'000; ++i) deep += '[';
  EXPECT_ERROR(Parse(WithHeader(deep, 0)), "an array where none belongs");
}

TEST(Safetensors, ControlCharactersOfANameDoNotReachTheTerminal) {
  const std::string error = ErrorOf([] { Parse(WithHeader("{\"\\u001b[31m\":3}", 0)); });
  EXPECT_THAT(error, ::testing::HasSubstr("?[31m"));
  EXPECT_EQ(error.find('\x1b'), error.npos);
}

}  // namespace
}  // namespace quanta::converter
