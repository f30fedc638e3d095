// SPDX-License-Identifier: MIT
#include "converter/report.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

#include "converter/error.h"
#include "converter/json.h"

namespace quanta::converter {
namespace {

/// Tensors of one role that are stored alike.
struct Group {
  format::Role role;
  std::string source_dtype;
  std::string scheme;
  size_t count = 0;
  uint64_t elements = 0, bytes = 0;
  double squares = 0, max = 0;

  bool Takes(const TensorReport& tensor) const {
    return role == tensor.role && scheme == tensor.scheme && source_dtype == tensor.source_dtype;
  }
  void Add(const TensorReport& tensor) {
    const uint64_t size = uint64_t{tensor.rows} * tensor.columns;
    ++count;
    elements += size;
    bytes += tensor.bytes;
    squares += tensor.error_rms * tensor.error_rms * static_cast<double>(size);
    max = std::max(max, tensor.error_max);
  }
  double rms() const {
    return elements == 0 ? 0 : std::sqrt(squares / static_cast<double>(elements));
  }
};

std::vector<Group> GroupTensors(const std::vector<TensorReport>& tensors) {
  std::vector<Group> groups;
  for (const TensorReport& tensor : tensors) {
    auto found = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& group) { return group.Takes(tensor); });
    if (found == groups.end()) {
      groups.push_back({tensor.role, tensor.source_dtype, tensor.scheme});
      found = groups.end() - 1;
    }
    found->Add(tensor);
  }
  return groups;
}

std::string ErrorText(double error) { return error == 0 ? "exact" : Format("%.2e", error); }

std::string Line(const std::string& kind, const Group& group) {
  const std::string scheme =
      group.source_dtype.empty() ? "" : group.source_dtype + " > " + group.scheme;
  return Format("%-24s %7zu %13" PRIu64 "  %-11s %14" PRIu64 "  %9s  %9s\n", kind.c_str(),
                group.count, group.elements, scheme.c_str(), group.bytes,
                ErrorText(group.rms()).c_str(), ErrorText(group.max).c_str());
}

std::string MiB(uint64_t bytes) {
  return Format("%.1f MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

/// What the text was good for: the mean over the matrices.
std::string CalibrationLine(const Report& report) {
  double output = 0, rounding = 0;
  size_t count = 0;
  for (const TensorReport& tensor : report.tensors) {
    if (!tensor.calibrated) continue;
    ++count;
    output += tensor.output_error;
    rounding += tensor.rounding_error;
  }
  if (count == 0) return {};
  const auto percent = [&](double sum) { return 100 * sum / static_cast<double>(count); };
  return Format(
      "calibration    %zu matrices by %u sequences of %u tokens; error of their outputs %.2f %%, "
      "by rounding %.2f %%\n",
      count, report.calibration_sequences, report.calibration_length, percent(output),
      percent(rounding));
}

Json TensorJson(const TensorReport& tensor) {
  Json json = {{"name", tensor.name},          {"role", RoleName(tensor.role)},
               {"layer", tensor.layer},        {"source_dtype", tensor.source_dtype},
               {"scheme", tensor.scheme},      {"shape", {tensor.rows, tensor.columns}},
               {"bytes", tensor.bytes},        {"error_rms", tensor.error_rms},
               {"error_max", tensor.error_max}};
  if (tensor.calibrated) {
    json["output_error"] = tensor.output_error;
    json["rounding_output_error"] = tensor.rounding_error;
  }
  return json;
}

}  // namespace

std::string Report::Text() const {
  std::string text = Format("%s > %s (%s, %s)\n\n", source.c_str(), output.c_str(), family.c_str(),
                            scheme.c_str());
  text += Format("%-24s %7s %13s  %-11s %14s  %9s  %9s\n", "tensors", "count", "elements", "scheme",
                 "bytes", "rms error", "max error");
  Group total{format::Role::kEmbedding, "", ""};
  for (const Group& group : GroupTensors(tensors)) text += Line(RoleName(group.role), group);
  for (const TensorReport& tensor : tensors) total.Add(tensor);
  text += Line("total", total) + "\n";

  text += CalibrationLine(*this);
  text += tokens == 0 ? "tokenizer      none: the model takes and gives ids only\n"
                      : Format("tokenizer      %u tokens\n", tokens);
  text += Format("chat template  %s\n", chat_template ? "compiled" : "none");
  text += self_test.expected.empty()
              ? "self-test      none\n"
              : Format("self-test      %zu tokens recorded\n", self_test.expected.size());
  for (const std::string& note : notes) text += "note           " + note + "\n";
  text += Format(
      "file           %s%s%s, %.2f x the checkpoint's weights\n", MiB(file_bytes).c_str(),
      compressed ? ", compressed" : "", is_signed ? ", signed" : "",
      static_cast<double>(file_bytes) / static_cast<double>(std::max<uint64_t>(source_bytes, 1)));
  text += Format("took           %.1f s, %s of memory at most\n", seconds, MiB(peak_bytes).c_str());
  return text;
}

std::string Report::ToJson() const {
  Json list = Json::array();
  for (const TensorReport& tensor : tensors) list.push_back(TensorJson(tensor));
  Json json = {{"source", source},
               {"output", output},
               {"family", family},
               {"scheme", scheme},
               {"tensors", std::move(list)},
               {"tokens", tokens},
               {"chat_template", chat_template},
               {"signed", is_signed},
               {"compressed", compressed},
               {"notes", notes},
               {"source_bytes", source_bytes},
               {"file_bytes", file_bytes},
               {"seconds", seconds},
               {"peak_bytes", peak_bytes}};
  json["self_test"] = {{"prompt", self_test.prompt},
                       {"ids", self_test.ids},
                       {"expected", self_test.expected},
                       {"margins", self_test.margins},
                       {"tolerance", self_test.tolerance}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace quanta::converter
