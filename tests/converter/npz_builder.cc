// SPDX-License-Identifier: MIT
#include "tests/converter/npz_builder.h"

#include <span>

#include "converter/numpy/zip.h"

namespace quanta::converter::testing {
namespace {

template <class T>
std::string Number(T value) {
  return BytesOf(std::vector<T>{value});
}

std::string ShapeText(const std::vector<uint64_t>& shape) {
  std::string text = "(";
  for (const uint64_t extent : shape) text += std::to_string(extent) + ",";
  return text + ")";
}

}  // namespace

std::string NpyWithHeader(const std::string& header, const std::string& data, int version) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  file += version == 1 ? Number(static_cast<uint16_t>(header.size()))
                       : Number(static_cast<uint32_t>(header.size()));
  return file + header + data;
}

std::string Npy(const std::string& descr, const std::vector<uint64_t>& shape,
                const std::string& data, bool fortran) {
  return NpyWithHeader("{'descr': '" + descr +
                           "', 'fortran_order': " + (fortran ? "True" : "False") +
                           ", 'shape': " + ShapeText(shape) + ", }    \n",
                       data);
}

std::string NpyF32(const std::vector<uint64_t>& shape) {
  uint64_t count = 1;
  for (const uint64_t extent : shape) count *= extent;
  std::vector<float> numbers;
  for (uint64_t i = 0; i < count; ++i) {
    numbers.push_back(static_cast<float>(i % 97) / 97.0f - 0.3f);
  }
  return Npy("<f4", shape, BytesOf(numbers));
}

std::string NpyI64(int64_t value) { return Npy("<i8", {}, Number(value)); }

std::string Zip(const Files& files, const ZipOptions& options) {
  std::string data, directory;
  for (const auto& [name, bytes] : files) {
    const uint32_t crc = Crc32(std::as_bytes(std::span(bytes))) ^ options.crc_flip;
    const uint64_t size = bytes.size() + options.grow, offset = data.size();
    const auto small = [&](uint64_t value) {
      return Number(options.zip64 ? 0xFFFFFFFFu : static_cast<uint32_t>(value));
    };
    const std::string what = Number(options.flags) + Number(options.method) + Number(0u) +
                             Number(crc) + small(size) + small(size) +
                             Number(static_cast<uint16_t>(name.size()));
    const std::string sizes = Number(size) + Number(size);
    const std::string local =
        options.zip64 ? Number(uint16_t{1}) + Number(uint16_t{16}) + sizes : std::string();
    // A field of another kind before it, which is to be skipped.
    const std::string central = options.zip64 ? Number(uint16_t{0x5455}) + Number(uint16_t{1}) +
                                                    "x" + Number(uint16_t{1}) +
                                                    Number(uint16_t{24}) + sizes + Number(offset)
                                              : std::string();
    data += Number(0x04034b50u) + Number(uint16_t{45}) + what +
            Number(static_cast<uint16_t>(local.size())) + name + local + bytes;
    directory += Number(0x02014b50u) + Number(uint16_t{45}) + Number(uint16_t{45}) + what +
                 Number(static_cast<uint16_t>(central.size())) + Number(uint16_t{0}) +
                 Number(uint16_t{0}) + Number(uint16_t{0}) + Number(0u) + small(offset) + name +
                 central;
  }
  const uint64_t begin = data.size(), count = files.size(), bytes = directory.size();
  std::string end;
  if (options.zip64) {
    end = Number(0x06064b50u) + Number(uint64_t{44}) + Number(uint16_t{45}) + Number(uint16_t{45}) +
          Number(0u) + Number(0u) + Number(count) + Number(count) + Number(bytes) + Number(begin) +
          Number(0x07064b50u) + Number(0u) + Number(begin + bytes) + Number(1u);
  }
  const auto few = static_cast<uint16_t>(options.zip64 ? 0xFFFF : count);
  end += Number(0x06054b50u) + Number(0u) + Number(few) + Number(few) +
         Number(options.zip64 ? 0xFFFFFFFFu : static_cast<uint32_t>(bytes)) +
         Number(options.zip64 ? 0xFFFFFFFFu : static_cast<uint32_t>(begin)) +
         Number(static_cast<uint16_t>(options.comment.size())) + options.comment;
  return data + directory + end;
}

}  // namespace quanta::converter::testing
