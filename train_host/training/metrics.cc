// SPDX-License-Identifier: MIT
#include "train_host/training/metrics.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "converter/error.h"
#include "converter/writer/atomic_file.h"

namespace quanta::train {
namespace {

/// The lines of a metrics file up to a step; a last line that was cut off is none.
std::string LinesUpTo(const std::string& path, uint64_t step) {
  std::ifstream in(path);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    const converter::Json json = converter::Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("step")) continue;
    if (!json["step"].is_number_unsigned() || json["step"].get<uint64_t>() > step) continue;
    kept += line + "\n";
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(const std::string& path, uint64_t step) : path_(path) {
  const std::string kept = LinesUpTo(path, step);
  ErrorDetail detail;
  auto file = converter::Value(writer::AtomicFile::Create(path, &detail), detail, path);
  converter::Check(file.Write(std::as_bytes(std::span(kept)), &detail), detail, path);
  converter::Check(file.Commit(&detail), detail, path);
  file_ = std::fopen(path.c_str(), "ae");
  if (file_ == nullptr) throw converter::Error(Code::kIo, path, std::strerror(errno));
}

MetricsFile::~MetricsFile() {
  if (file_ != nullptr) std::fclose(file_);
}

void MetricsFile::Write(const converter::Json& line) {
  const std::string text = line.dump(-1, ' ', false, converter::Json::error_handler_t::replace);
  if (std::fprintf(file_, "%s\n", text.c_str()) >= 0 && std::fflush(file_) == 0) return;
  const Code code = errno == ENOSPC || errno == EFBIG ? Code::kNoSpace : Code::kIo;
  throw converter::Error(code, path_, std::string("cannot be written: ") + std::strerror(errno));
}

}  // namespace quanta::train
