// SPDX-License-Identifier: MIT
#include "converter/families/family.h"

#include "converter/error.h"

namespace quanta::converter {
namespace {

/// architectures[0], or empty.
std::string FirstArchitecture(Config& config) {
  const Json* list = config.Find("architectures");
  if (list == nullptr) return {};
  if (!list->is_array() || list->empty() || !list->front().is_string()) {
    config.Refuse(Code::kCorrupt, "architectures", "must be a list of names");
  }
  return list->front().get<std::string>();
}

std::string Supported() {
  std::string names;
  for (const Family* family : Families().entries()) {
    names += (names.empty() ? "" : ", ") + std::string(family->architecture);
  }
  return "supported: " + names;
}

}  // namespace

Registry<Family>& Families() {
  // Static libraries drop files that nobody names: each family is named here.
  static Registry<Family> registry = [] {
    Registry<Family> all;
    all.Add(&kLlama);
    all.Add(&kMistral);
    all.Add(&kQwen2);
    all.Add(&kQwen3);
    all.Add(&kSmolLm3);
    all.Add(&kPhi3);
    all.Add(&kGemma3);
    return all;
  }();
  return registry;
}

const Family& FindFamily(Config& config) {
  const std::string architecture = FirstArchitecture(config);
  const std::string type = config.String("model_type", "");
  if (architecture.empty() && type.empty()) {
    throw Error(Code::kCorrupt, config.place(), "neither architectures nor model_type is set");
  }
  for (const Family* family : Families().entries()) {
    const bool matches =
        architecture.empty() ? type == family->model_type : architecture == family->architecture;
    if (!matches) continue;
    if (!type.empty() && type != family->model_type) {
      config.Refuse(Code::kUnsupported, "model_type",
                    "is '" + type + "', but architectures says " + architecture);
    }
    return *family;
  }
  throw Error(Code::kUnsupported, config.place(),
              "architecture " + (architecture.empty() ? type : architecture) + " is not supported",
              Supported());
}

}  // namespace quanta::converter
