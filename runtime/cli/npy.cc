// SPDX-License-Identifier: MIT
#include "runtime/cli/npy.h"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "quanta/check.h"
#include "runtime/cli/error.h"

namespace quanta::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie");

std::string Header(size_t rows, size_t columns) {
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) +
                     ", " + std::to_string(columns) + "), }";
  // Magic, version and length take 10 bytes; all of it a multiple of 64.
  constexpr size_t kFixed = 10;
  while ((kFixed + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(text.size() & 255);
  out += static_cast<char>(text.size() >> 8);
  return out + text;
}

}  // namespace

NpyWriter::NpyWriter(std::string path, size_t rows, size_t columns)
    : path_(std::move(path)),
      temporary_(path_ + ".part" + std::to_string(getpid())),
      missing_(rows * columns) {
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) ThrowErrno("cannot create the file");
  const std::string header = Header(rows, columns);
  WriteBytes(header.data(), header.size());
}

NpyWriter::~NpyWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  std::remove(temporary_.c_str());
}

void NpyWriter::Append(std::span<const float> values) {
  QUANTA_CHECK(values.size() <= missing_);
  missing_ -= values.size();
  WriteBytes(values.data(), values.size_bytes());
}

void NpyWriter::Finish() {
  QUANTA_CHECK(missing_ == 0);
  if (std::fflush(file_) != 0) ThrowErrno("cannot write");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) ThrowErrno("cannot write");
  std::fclose(std::exchange(file_, nullptr));
}

void NpyWriter::WriteBytes(const void* data, size_t bytes) {
  if (std::fwrite(data, 1, bytes, file_) == bytes) return;
  const int reason = errno;
  // The constructor may be what fails: then no destructor removes the file.
  std::fclose(std::exchange(file_, nullptr));
  std::remove(temporary_.c_str());
  errno = reason;
  ThrowErrno("cannot write");
}

void NpyWriter::ThrowErrno(const char* what) const {
  const int reason = errno;
  const Code code = reason == ENOSPC || reason == EDQUOT ? Code::kNoSpace
                    : reason == ENOENT                   ? Code::kNotFound
                                                         : Code::kIo;
  throw Error(code, path_, std::string(what) + ": " + std::strerror(reason));
}

}  // namespace quanta::cli
