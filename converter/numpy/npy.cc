// SPDX-License-Identifier: MIT
#include "converter/numpy/npy.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "converter/element_type.h"
#include "converter/error.h"

namespace quanta::converter {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeader = size_t{64} << 10;  // NumPy itself reads 10,000 bytes
constexpr size_t kMaxRank = 32;                  // NumPy's own

struct Dtype {
  std::string_view descr;
  std::string_view name;
  size_t bytes;
};
constexpr Dtype kDtypes[] = {
    {"<f8", "F64", 8}, {"<f4", "F32", 4}, {"<f2", "F16", 2}, {"<i8", "I64", 8},
    {"<i4", "I32", 4}, {"<i2", "I16", 2}, {"|i1", "I8", 1},  {"<u8", "U64", 8},
    {"<u4", "U32", 4}, {"<u2", "U16", 2}, {"|u1", "U8", 1},  {"|b1", "BOOL", 1},
};

/// Reads the header: a dictionary as Python writes it,
/// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string_view place, std::string_view name)
      : text_(text), place_(place), name_(name) {}

  struct Header {
    std::string_view descr;
    bool fortran = false;
    std::vector<uint64_t> shape;
  };

  Header Read() {
    Expect('{');
    while (!Take('}')) {
      ReadField();
      if (Take('}')) break;
      Expect(',');
    }
    Skip();
    if (at_ != text_.size() || fields_ != kAllFields) Corrupt();
    return header_;
  }

 private:
  static constexpr unsigned kAllFields = 7;

  [[noreturn]] void Corrupt() const {
    throw Error(Code::kCorrupt, place_, "array '" + std::string(name_) + "' has a damaged header");
  }

  void ReadField() {
    const std::string_view key = String();
    Expect(':');
    if (key == "descr") {
      Mark(1);
      Skip();
      if (at_ < text_.size() && text_[at_] == '[') {
        throw Error(Code::kUnsupported, place_,
                    "array '" + std::string(name_) + "' holds records, not numbers");
      }
      header_.descr = String();
    } else if (key == "fortran_order") {
      Mark(2);
      header_.fortran = TakeWord("True");
      if (!header_.fortran && !TakeWord("False")) Corrupt();
    } else if (key == "shape") {
      Mark(4);
      ReadShape();
    } else {
      Corrupt();
    }
  }

  void Mark(unsigned field) {
    if ((fields_ & field) != 0) Corrupt();
    fields_ |= field;
  }

  void ReadShape() {
    Expect('(');
    while (!Take(')')) {
      header_.shape.push_back(Number());
      if (header_.shape.size() > kMaxRank) Corrupt();
      if (Take(')')) break;
      Expect(',');
    }
  }

  uint64_t Number() {
    Skip();
    const size_t begin = at_;
    uint64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<uint64_t>(text_[at_] - '0');
      if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
          __builtin_add_overflow(value, digit, &value)) {
        Corrupt();
      }
    }
    if (at_ == begin) Corrupt();
    TakeWord("L");  // Python 2 wrote its long integers so
    return value;
  }

  std::string_view String() {
    Skip();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) Corrupt();
    const size_t end = text_.find(text_[at_], at_ + 1);
    if (end == text_.npos) Corrupt();
    const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return value;
  }

  void Skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool TakeWord(std::string_view word) {
    Skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool Take(char c) { return TakeWord({&c, 1}); }
  void Expect(char c) {
    if (!Take(c)) Corrupt();
  }

  std::string_view text_, place_, name_;
  size_t at_ = 0;
  unsigned fields_ = 0;  // seen: one bit each
  Header header_;
};

const Dtype& FindDtype(std::string_view descr, std::string_view place, std::string_view name) {
  for (const Dtype& dtype : kDtypes) {
    if (dtype.descr == descr) return dtype;
  }
  const std::string what = "array '" + std::string(name) + "' ";
  if (descr.find('O') != descr.npos) {
    throw Error(Code::kUnsupported, place,
                what + "holds pickled Python objects, which are not read: they can run code",
                "save plain arrays of numbers");
  }
  if (descr.starts_with('>')) {
    throw Error(Code::kUnsupported, place, what + "is big-endian (" + std::string(descr) + ")",
                "save it with array.astype('<f8')");
  }
  throw Error(Code::kUnsupported, place,
              what + "has the unknown dtype '" + std::string(descr) + "'");
}

/// The header's text; `*data_begin` is where the data follows it.
std::string_view HeaderText(std::span<const std::byte> file, std::string_view place,
                            std::string_view name, size_t* data_begin) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const auto fail = [&](const char* what) {
    throw Error(Code::kCorrupt, place, "'" + std::string(name) + "' " + what);
  };
  if (!text.starts_with(kMagic)) fail("is not a NumPy array");
  if (text.size() < 12) fail("is truncated");
  const auto byte = [&](size_t i) { return static_cast<size_t>(file[i]); };
  const size_t version = byte(6);
  if (version < 1 || version > 3) {
    throw Error(Code::kUnsupported, place,
                Format("'%s' is of version %zu of NumPy's format; 1 to 3 are read",
                       std::string(name).c_str(), version));
  }
  const size_t prefix = version == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > kMaxHeader) fail("has a header that is too long");
  if (length > text.size() - prefix) fail("is truncated");
  *data_begin = prefix + length;
  return text.substr(prefix, length);
}

}  // namespace

NpyArray ParseNpy(std::span<const std::byte> file, std::string_view place, std::string_view name) {
  size_t data_begin = 0;
  auto header = HeaderReader(HeaderText(file, place, name, &data_begin), place, name).Read();
  const Dtype& dtype = FindDtype(header.descr, place, name);
  uint64_t bytes = dtype.bytes;
  bool overflow = false;
  for (const uint64_t extent : header.shape) {
    overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  }
  const uint64_t there = file.size() - data_begin;
  if (overflow || bytes != there) {
    const std::string wanted =
        overflow ? "more bytes than there are numbers for" : Format("%" PRIu64 " bytes", bytes);
    throw Error(Code::kCorrupt, place,
                "array '" + std::string(name) + "' has " + std::to_string(there) +
                    " bytes of data, its shape takes " + wanted);
  }
  return {std::string(dtype.name), std::move(header.shape), header.fortran,
          file.subspan(data_begin)};
}

int64_t ReadInteger(const NpyArray& array, std::string_view place, std::string_view name) {
  const char kind = array.dtype.front();
  const bool integer = kind == 'I' || kind == 'U';
  int64_t value = 0;
  if (integer && std::all_of(array.shape.begin(), array.shape.end(),
                             [](uint64_t extent) { return extent == 1; })) {
    std::memcpy(&value, array.bytes.data(), array.bytes.size());
    const auto unused = static_cast<int>(64 - 8 * array.bytes.size());
    // Sign-extended; an unsigned one of 64 bits that is too large reads as negative.
    if (kind == 'I') value = static_cast<int64_t>(static_cast<uint64_t>(value) << unused) >> unused;
    return value;
  }
  throw Error(Code::kCorrupt, place, "array '" + std::string(name) + "' is not one integer");
}

TensorSourcePtr ReadMatrix(const NpyArray& array, bool transposed) {
  const auto rows = static_cast<uint32_t>(array.shape.at(transposed ? 1 : 0));
  const auto columns = static_cast<uint32_t>(array.shape.at(transposed ? 0 : 1));
  const ElementType& type = *FindElementType(array.dtype);
  return array.fortran == transposed ? StoredRows(array.bytes, type, columns, true)
                                     : StoredColumns(array.bytes, type, rows, columns, true);
}

}  // namespace quanta::converter
