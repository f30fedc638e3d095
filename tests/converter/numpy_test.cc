// SPDX-License-Identifier: MIT
//
// Archives and arrays of NumPy, written here and by NumPy itself.
#include <limits>

#include "converter/element_type.h"
#include "converter/numpy/npz.h"
#include "converter/numpy/zip.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/error_matchers.h"
#include "tests/converter/npz_builder.h"

namespace quanta::converter {
namespace {

using testing::BytesOf;
using testing::Files;
using testing::Npy;
using testing::NpyWithHeader;
using testing::Zip;
using testing::ZipOptions;

std::span<const std::byte> View(const std::string& bytes) {
  return std::as_bytes(std::span(bytes));
}
std::map<std::string, NpyArray> Read(const std::string& file) {
  return ReadNpz(View(file), false, "m.npz");
}
NpyArray Parse(const std::string& file) { return ParseNpy(View(file), "m.npz", "a"); }

std::vector<float> Numbers(const NpyArray& array, bool transposed) {
  const size_t rows = array.shape[transposed ? 1 : 0], columns = array.shape[transposed ? 0 : 1];
  std::vector<float> out(rows * columns);
  ReadMatrix(array, transposed)->Read(0, static_cast<uint32_t>(rows), out.data());
  return out;
}

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

// --- zip --------------------------------------------------------------------------

TEST(Zip, ReadsStoredFilesInTheOldAndThe64BitForm) {
  for (const bool zip64 : {false, true}) {
    const std::string file =
        Zip({{"a", "first"}, {"b/c", ""}, {"d", "last"}}, {.zip64 = zip64, .comment = "PK\5\6"});
    const auto entries = ReadZip(View(file), "z");
    ASSERT_EQ(entries.size(), 3u) << zip64;
    EXPECT_EQ(entries[0].name, "a");
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(entries[2].bytes.data()), 4), "last");
    EXPECT_EQ(entries[1].bytes.size(), 0u);
    EXPECT_EQ(entries[2].crc32, Crc32(entries[2].bytes));
  }
}

TEST(Zip, TheChecksumIsThatOfTheStandard) {
  EXPECT_EQ(Crc32(View("123456789")), 0xCBF43926u);
  const std::string text = "in two parts";
  EXPECT_EQ(Crc32(View(text).subspan(5), Crc32(View(text).first(5))), Crc32(View(text)));
}

TEST(Zip, EveryTruncationIsAnErrorThatSaysSo) {
  for (const bool zip64 : {false, true}) {
    const std::string whole = Zip({{"a.npy", "x"}, {"b.npy", "yy"}}, {.zip64 = zip64});
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::string part = whole.substr(0, size);
      EXPECT_ERROR(ReadZip(View(part), "z"), "z: not a complete zip archive: ") << size;
    }
  }
}

TEST(Zip, WhatIsNotStoredPlainlyIsAnErrorThatSaysWhatToDo) {
  const auto read = [](const ZipOptions& options) {
    const std::string file = Zip({{"a.npy", "x"}}, options);
    return ErrorOf([&] { ReadZip(View(file), "z"); });
  };
  EXPECT_EQ(read({.method = 8}),
            "z: 'a.npy' in it is compressed; save it with np.savez, not np.savez_compressed");
  EXPECT_EQ(read({.flags = 1}), "z: 'a.npy' in it is encrypted");
}

TEST(Zip, SizesBeyondTheFileAreErrors) {
  for (const uint64_t grow : {uint64_t{1}, uint64_t{1} << 31}) {
    const std::string file = Zip({{"a", "x"}}, {.grow = grow});
    EXPECT_ERROR(ReadZip(View(file), "z"), "'a' claims ");
  }
  for (const uint64_t grow : {uint64_t{1} << 40, UINT64_MAX - 1}) {
    const std::string file = Zip({{"a", "x"}}, {.zip64 = true, .grow = grow});
    EXPECT_ERROR(ReadZip(View(file), "z"), "'a' claims ");
  }
}

TEST(Zip, DamageToAnyByteIsAnErrorOrChangesNoPlace) {
  for (const bool zip64 : {false, true}) {
    const std::string whole = Zip({{"a", "x"}, {"b", "yy"}}, {.zip64 = zip64});
    for (size_t i = 0; i < whole.size(); ++i) {
      for (const char flip : {'\x01', '\x80', '\xFF'}) {
        std::string file = whole;
        file[i] = static_cast<char>(file[i] ^ flip);
        try {
          for (const ZipEntry& entry : ReadZip(View(file), "z")) {
            const auto begin = reinterpret_cast<const char*>(entry.bytes.data()) - file.data();
            EXPECT_LE(static_cast<size_t>(begin) + entry.bytes.size(), file.size());
          }
        } catch (const Error& error) {
          EXPECT_TRUE(error.code() == Code::kCorrupt || error.code() == Code::kUnsupported);
        }
      }
    }
  }
}

// --- npy --------------------------------------------------------------------------

TEST(Npy, ReadsHeadersOfEveryVersion) {
  const std::string header = "{'shape': (2, 3), \"descr\": '<f4', 'fortran_order': False}\n";
  for (const int version : {1, 2, 3}) {
    const std::string file = NpyWithHeader(header, BytesOf(kSix), version);
    const NpyArray array = Parse(file);
    EXPECT_EQ(array.dtype, "F32");
    EXPECT_EQ(array.shape, (std::vector<uint64_t>{2, 3}));
    EXPECT_FALSE(array.fortran);
    EXPECT_EQ(Numbers(array, false), kSix);
  }
}

TEST(Npy, ReadsDoublesAndHalvesAsF32) {
  const std::string doubles = Npy("<f8", {1, 2}, BytesOf<double>({0.1, -3e30}));
  EXPECT_EQ(Numbers(Parse(doubles), false), (std::vector<float>{0.1f, -3e30f}));
  const std::string halves = Npy("<f2", {1, 2}, BytesOf<uint16_t>({0x3C00, 0xC000}));
  EXPECT_EQ(Numbers(Parse(halves), false), (std::vector<float>{1, -2}));
}

TEST(Npy, BothOrdersAreReadStraightAndTransposed) {
  const std::vector<float> turned = {1, 4, 2, 5, 3, 6};
  const std::string c = Npy("<f4", {2, 3}, BytesOf(kSix));
  const std::string fortran = Npy("<f4", {2, 3}, BytesOf(turned), true);
  for (const std::string& file : {c, fortran}) {
    EXPECT_EQ(Numbers(Parse(file), false), kSix);
    EXPECT_EQ(Numbers(Parse(file), true), turned);
  }
}

TEST(Npy, ASingleIntegerOfAnyKindIsRead) {
  const auto integer = [](const std::string& descr, const std::string& bytes) {
    const std::string file = Npy(descr, {}, bytes);
    return ReadInteger(Parse(file), "m.npz", "n");
  };
  EXPECT_EQ(integer("<i8", BytesOf<int64_t>({-7})), -7);
  EXPECT_EQ(integer("<i4", BytesOf<int32_t>({-7})), -7);
  EXPECT_EQ(integer("|u1", BytesOf<uint8_t>({200})), 200);
  EXPECT_ERROR(integer("<f8", BytesOf<double>({1})), "m.npz: array 'n' is not one integer");
  const std::string two = Npy("<i4", {2}, BytesOf<int32_t>({1, 2}));
  EXPECT_ERROR(ReadInteger(Parse(two), "m.npz", "n"), "is not one integer");
}

TEST(Npy, WhatIsNoPlainArrayIsAnErrorThatSaysWhat) {
  const auto header = [](const std::string& text) { return NpyWithHeader(text, "12345678"); };
  const std::string rest = ", 'fortran_order': False, 'shape': (1,)}";
  const struct {
    std::string file;
    const char* error;
  } cases[] = {
      {Npy("|O", {1}, "12345678"), "array 'a' holds pickled Python objects, which are not read"},
      {Npy(">f8", {1}, "12345678"), "array 'a' is big-endian (>f8)"},
      {Npy("<c8", {1}, "12345678"), "array 'a' has the unknown dtype '<c8'"},
      {Npy("<U2", {1}, "12345678"), "unknown dtype '<U2'"},
      {Npy("<f4", {3}, "12345678"), "has 8 bytes of data, its shape takes 12 bytes"},
      {Npy("<f4", {1}, "12345678"), "has 8 bytes of data, its shape takes 4 bytes"},
      {Npy("<f8", {uint64_t{1} << 62, 8}, "12345678"), "takes more bytes than"},
      {Npy("<f8", std::vector<uint64_t>(40, 1), "12345678"), "has a damaged header"},
      {header("{'descr': [('x', '<f8')]" + rest), "holds records, not numbers"},
      {header("{'descr': '<f8', 'shape': (1,)}"), "has a damaged header"},
      {header("{'descr': '<f8', 'descr': '<f8'" + rest), "has a damaged header"},
      {header("{'descr': '<f8', 'x': 1" + rest), "has a damaged header"},
      {header("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}"), "has a damaged header"},
      {header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "damaged header"},
      {header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
       "damaged header"},
      {header("{'descr': '<f8', 'fortran_order': False, 'shape': (1 1)}"), "damaged header"},
      {header("{'descr': '<f8" + rest), "damaged header"},
      {header("{'descr': '<f8'" + rest + "x"), "damaged header"},
      {header("['descr']"), "damaged header"},
      {header(""), "damaged header"},
      {"\x93NUMPY\x01", "'a' is truncated"},
      {NpyWithHeader("{}", "", 4), "version 4 of NumPy's format"},
      {"hello", "'a' is not a NumPy array"},
      {std::string("\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF", 12), "header that is too long"},
      {std::string("\x93NUMPY\x01\x00\xFF\x00..", 12), "'a' is truncated"},
  };
  for (const auto& bad : cases) EXPECT_ERROR(Parse(bad.file), bad.error) << bad.file;
}

// --- npz --------------------------------------------------------------------------

TEST(Npz, ArraysAreFoundByName) {
  const std::string file = Zip({{"w.npy", testing::NpyF32({2, 3})}, {"n.npy", testing::NpyI64(4)}});
  const auto arrays = Read(file);
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays.at("w").shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(ReadInteger(arrays.at("n"), "", "n"), 4);
}

TEST(Npz, ReadsWhatNumPyWrote) {
  const std::string file =
      testing::ReadFile(QUANTA_TEST_DATA "/quantatissu/training/checkpoint_step_200.npz");
  EXPECT_TRUE(LooksLikeNpz(View(file)));
  const auto arrays = Read(file);
  EXPECT_EQ(arrays.at("param_0").dtype, "F64");
  EXPECT_EQ(arrays.at("param_0").shape, (std::vector<uint64_t>{40, 16}));
  EXPECT_EQ(ReadInteger(arrays.at("step"), "", "step"), 200);
}

TEST(Npz, DamageToAnArrayIsFoundByItsChecksum) {
  EXPECT_ERROR(Read(Zip({{"w.npy", testing::NpyF32({2})}}, {.crc_flip = 1})),
               "m.npz: 'w.npy' does not match its checksum; download or copy it again");
}

TEST(Npz, OtherFilesAndSecondArraysAreErrors) {
  const std::string array = testing::NpyF32({2});
  EXPECT_ERROR(Read(Zip({{"data.pkl", "x"}})), "'data.pkl' in it is not a NumPy array");
  EXPECT_ERROR(Read(Zip({{"w.npy", array}, {"w.npy", array}})), "array 'w' occurs twice");
  EXPECT_FALSE(LooksLikeNpz(View(Zip({{"archive/data.pkl", "x"}}))));
  EXPECT_FALSE(LooksLikeNpz(View("PK\3\4")));
}

}  // namespace
}  // namespace quanta::converter
