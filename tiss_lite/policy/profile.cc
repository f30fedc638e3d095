// SPDX-License-Identifier: MIT
#include "tiss_lite/policy/profile.h"

#include <cmath>
#include <utility>
#include <vector>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

constexpr std::string_view kReadingTools =
    "run:echo,printf,cat,ls,pwd,test,[,true,false,head,tail,wc,grep,sort,uniq,cut,tr,seq,"
    "basename,dirname,cmp,help";

bool IsWhole(const Value& value) {
  constexpr double kMost = 1e12;
  return value.is(Value::Kind::kNumber) && value.number >= 0 && value.number <= kMost &&
         value.number == std::floor(value.number);
}

std::string Texts(const std::string& key, const Value& value, std::vector<std::string>* out) {
  if (!value.is(Value::Kind::kList)) return key + " must be a list of texts";
  for (const Value& item : value.items) {
    if (!item.is_text()) return key + " must be a list of texts";
    out->push_back(item.text);
  }
  return {};
}

/// True if `key` names a limit; `ok` says whether its value will do.
bool ReadLimit(const std::string& key, const Value& value, Limits* limits, bool* ok) {
  const auto set = [&](auto* field) {
    *ok = IsWhole(value);
    if (*ok) *field = static_cast<std::remove_reference_t<decltype(*field)>>(value.number);
    return true;
  };
  if (key == "max_statements") return set(&limits->statements);
  if (key == "max_run_seconds") return set(&limits->run_seconds);
  if (key == "max_output_bytes") return set(&limits->output_bytes);
  if (key == "max_file_bytes") return set(&limits->files.file_bytes);
  if (key == "max_files") return set(&limits->files.files);
  if (key == "max_total_bytes") return set(&limits->files.total_bytes);
  if (key == "max_prompts") return set(&limits->prompts);
  if (key == "max_new_tokens") return set(&limits->new_tokens);
  if (key == "max_reviews") return set(&limits->reviews);
  return false;
}

}  // namespace

bool PresetProfile(std::string_view name, Profile* profile) {
  std::vector<std::string_view> grants;
  if (name == "pure") {
    grants = {"log"};
  } else if (name == "read") {
    grants = {"fs.read", kReadingTools, "prompt", "log"};
  } else if (name == "default") {
    grants = {"fs.*", "run", "prompt", "review", "choose", "log"};
  } else {
    return false;
  }
  profile->name = name;
  for (const std::string_view grant : grants) profile->capabilities.Grant(grant);
  return true;
}

std::string ReadProfile(const Value& json, Profile* profile) {
  if (!json.is(Value::Kind::kObject)) return "a profile is a JSON object";
  if (const Value* preset = json.Find("preset")) {
    if (!preset->is_text() || !PresetProfile(preset->text, profile)) {
      return "preset must be \"pure\", \"read\" or \"default\"";
    }
  }
  std::vector<std::string> tools;
  for (size_t i = 0; i < json.keys.size(); ++i) {
    const std::string& key = json.keys[i];
    const Value& value = json.items[i];
    bool ok = true;
    if (key == "preset" || key == "run_tools") continue;
    if (key == "name") {
      if (!value.is_text()) return "name must be a text";
      profile->name = value.text;
    } else if (key == "caps") {
      std::vector<std::string> names;
      if (std::string wrong = Texts(key, value, &names); !wrong.empty()) return wrong;
      for (const std::string& name : names) {
        const char* why = profile->capabilities.Grant(name);
        if (why != nullptr) return Concat("capability \"", name, "\": ", why);
      }
    } else if (!ReadLimit(key, value, &profile->limits, &ok)) {
      return Concat("there is no setting \"", key, "\"");
    }
    if (!ok) return key + " must be a whole number, not negative";
  }
  if (const Value* list = json.Find("run_tools")) {
    if (std::string wrong = Texts("run_tools", *list, &tools); !wrong.empty()) return wrong;
    profile->capabilities.SetTools(std::move(tools));
  }
  return {};
}

}  // namespace quanta::lite
