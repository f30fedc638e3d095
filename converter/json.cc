// SPDX-License-Identifier: MIT
#include "converter/json.h"

#include <set>
#include <vector>

#include "converter/error.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {
namespace {

/// Watches a parse go by and stops it where the limits are passed.
class Watcher {
 public:
  Watcher(std::string_view place, int depth) : place_(place), depth_(depth) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        if (depth >= depth_) {
          throw Error(Code::kCorrupt, place_, Format("JSON is nested deeper than %d", depth_));
        }
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key: {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!keys_.back().insert(key).second) {
          throw Error(Code::kCorrupt, place_, "key '" + key + "' occurs twice");
        }
        break;
      }
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  std::string_view place_;
  int depth_;
  std::vector<std::set<std::string>> keys_;  // of the objects being read
};

/// The library's message without its own error numbers.
std::string_view Plain(std::string_view message) {
  const size_t end = message.find("] ");
  return end == message.npos ? message : message.substr(end + 2);
}

}  // namespace

Json ParseJson(std::string_view text, std::string_view place, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    throw Error(Code::kCorrupt, place,
                Format("%zu bytes of JSON, more than the %zu allowed", text.size(), limits.bytes));
  }
  Watcher watcher(place, limits.depth);
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
      return watcher(depth, event, parsed);
    });
  } catch (const Json::exception& error) {
    throw Error(Code::kCorrupt, place, "not valid JSON: " + std::string(Plain(error.what())));
  }
}

Json ReadJson(const std::string& path, const JsonLimits& limits) {
  ErrorDetail detail;
  const auto file = Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  const auto bytes = file.bytes();
  return ParseJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path, limits);
}

}  // namespace quanta::converter
