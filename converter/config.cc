// SPDX-License-Identifier: MIT
#include "converter/config.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "converter/error.h"

namespace quanta::converter {
namespace {

/// The value as it stands in the file, shortened.
std::string Show(const Json& value) {
  constexpr size_t kLongest = 80;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace

Config::Config(Json object, std::string place, std::string path)
    : object_(std::move(object)), place_(std::move(place)), path_(std::move(path)) {
  if (!object_.is_object()) {
    const std::string name = path_.empty() ? "the file" : path_.substr(0, path_.size() - 1);
    throw Error(Code::kCorrupt, place_, name + " must be a JSON object, not " + Show(object_));
  }
}

void Config::Refuse(Code code, std::string_view key, std::string_view what,
                    std::string_view hint) const {
  throw Error(code, place_, path_ + std::string(key) + " " + std::string(what), hint);
}

const Json* Config::Find(std::string_view key) {
  const auto found = object_.find(std::string(key));
  if (found == object_.end()) return nullptr;
  read_.emplace(key);
  return found->is_null() ? nullptr : &*found;
}

bool Config::IsNull(std::string_view key) {
  return Find(key) == nullptr && object_.contains(std::string(key));
}

const Json& Config::Required(std::string_view key) {
  const Json* value = Find(key);
  if (value == nullptr) Refuse(Code::kCorrupt, key, "is missing");
  return *value;
}

uint32_t Config::Count(std::string_view key, uint32_t max, std::optional<uint32_t> fallback) {
  if (fallback && !Has(key)) return *fallback;
  const Json& value = Required(key);
  // is_number_unsigned: an integer that is not negative.
  if (!value.is_number_unsigned() || value.get<uint64_t>() == 0 || value.get<uint64_t>() > max) {
    Refuse(Code::kCorrupt, key,
           Format("must be an integer from 1 to %u, not %s", max, Show(value).c_str()));
  }
  return value.get<uint32_t>();
}

double Config::Number(std::string_view key, std::optional<double> fallback) {
  if (fallback && !Has(key)) return *fallback;
  const Json& value = Required(key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    Refuse(Code::kCorrupt, key, "must be a number, not " + Show(value));
  }
  return value.get<double>();
}

bool Config::Bool(std::string_view key, bool fallback) {
  const Json* value = Find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) {
    Refuse(Code::kCorrupt, key, "must be true or false, not " + Show(*value));
  }
  return value->get<bool>();
}

std::string Config::String(std::string_view key, std::optional<std::string> fallback) {
  if (fallback && !Has(key)) return *std::move(fallback);
  const Json& value = Required(key);
  if (!value.is_string()) Refuse(Code::kCorrupt, key, "must be a string, not " + Show(value));
  return value.get<std::string>();
}

Config Config::Object(std::string_view key) {
  const Json* value = Find(key);
  return Config(value == nullptr ? Json::object() : *value, place_, path_ + std::string(key) + ".");
}

void Config::Ignore(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) read_.emplace(key);
}

void Config::Require(std::string_view key, const Json& value) {
  const Json* found = Find(key);
  if (found != nullptr && *found != value) {
    Refuse(Code::kUnsupported, key,
           "is " + Show(*found) + ": not supported, only " + Show(value) + " is");
  }
}

std::string Config::FirstUnread(std::span<const std::string> allowed) const {
  for (const auto& [key, value] : object_.items()) {
    const std::string full = path_ + key;
    const bool known = value.is_null() || read_.contains(key) ||
                       std::find(allowed.begin(), allowed.end(), full) != allowed.end();
    if (!known) return full;
  }
  return {};
}

void Config::RefuseUnread(std::span<const std::string> allowed) const {
  const std::string full = FirstUnread(allowed);
  if (full.empty()) return;
  throw Error(Code::kUnsupported, place_,
              "unknown setting " + full + " = " + Show(object_.at(full.substr(path_.size()))) +
                  ", which may change the model",
              "if it does not, add --allow-unknown-config " + full);
}

}  // namespace quanta::converter
