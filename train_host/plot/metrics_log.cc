// SPDX-License-Identifier: MIT
#include "train_host/plot/metrics_log.h"

#include <cmath>
#include <filesystem>
#include <utility>

#include "converter/error.h"
#include "converter/json.h"
#include "runtime/platform/platform.h"

namespace quanta::train {
namespace {

namespace fs = std::filesystem;
using converter::Error;
using converter::Format;
using converter::Json;

/// The value of `key`, if it is a number that can be drawn.
void Take(const Json& object, const char* key, double step, const std::string& place,
          std::vector<Point>* points) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return;
  if (!found->is_number()) {
    throw Error(Code::kCorrupt, place, std::string("'") + key + "' is not a number");
  }
  const auto value = found->get<double>();
  if (std::isfinite(value)) points->push_back({step, value});
}

void ReadLine(std::string_view line, const std::string& place, MetricsLog* log) {
  const Json object = converter::ParseJson(line, place);
  const auto found = object.is_object() ? object.find("step") : object.end();
  if (found == object.end() || !found->is_number() || !std::isfinite(found->get<double>())) {
    throw Error(Code::kCorrupt, place, "there is no object with a 'step'",
                "is this the metrics.jsonl of quanta-train?");
  }
  const auto step = found->get<double>();
  Take(object, "loss", step, place, &log->loss);
  Take(object, "eval_loss", step, place, &log->eval_loss);
  Take(object, "lr", step, place, &log->lr);
  Take(object, "grad_norm", step, place, &log->grad_norm);
  Take(object, "tokens_per_second", step, place, &log->tokens_per_second);
}

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

/// Whether an error in this line, the last one, comes from its being cut off.
bool IsCutOff(std::string_view line) { return !Json::accept(line); }

void ReadLines(std::string_view text, const std::string& path, MetricsLog* log) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool unfinished = end == text.npos;
    text.remove_prefix(unfinished ? text.size() : end + 1);
    if (IsBlank(line)) continue;
    if (unfinished && IsCutOff(line)) {
      log->note = path + Format(":%zu: the last line is cut off: left out", number);
      return;
    }
    ReadLine(line, path + Format(":%zu", number), log);
  }
}

}  // namespace

MetricsLog ReadMetrics(const std::string& path) {
  std::error_code error;
  const bool folder = fs::is_directory(path, error);
  const std::string file = folder ? (fs::path(path) / "metrics.jsonl").string() : path;
  MetricsLog log;
  // A run in its first moments has an empty file.
  const bool empty = fs::is_regular_file(file, error) && fs::file_size(file, error) == 0;
  if (!empty) {
    ErrorDetail detail;
    const auto mapped =
        converter::Value(platform::MappedFile::Open(file.c_str(), &detail), detail, file);
    const auto bytes = mapped.bytes();
    ReadLines({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file, &log);
  }
  if (log.loss.empty() && log.eval_loss.empty()) {
    throw Error(Code::kCorrupt, file, "there is no 'loss' to draw");
  }
  const fs::path parent = fs::path(file).parent_path().filename();
  const bool usual = fs::path(file).filename() == "metrics.jsonl" && !parent.empty();
  log.name = usual ? parent.string() : fs::path(file).filename().string();
  return log;
}

}  // namespace quanta::train
