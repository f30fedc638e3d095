// SPDX-License-Identifier: MIT
#include "train_host/training/state.h"

#include <cmath>

#include "converter/error.h"

namespace quanta::train {

using converter::Error;
using converter::Json;

Json TrainState::Describe(const TrainConfig& config, uint64_t data_fingerprint) const {
  return {{"step", step},
          {"tokens", tokens},
          {"epoch", data.epoch},
          {"row", data.row},
          {"usual_loss", usual_loss},
          {"spikes", spikes},
          {"best_eval", std::isfinite(best_eval) ? Json(best_eval) : Json()},
          {"worse_evals", worse_evals},
          {"stopped", stopped},
          {"data", converter::Format("%016llx", static_cast<unsigned long long>(data_fingerprint))},
          {"run", DescribeForResume(config)}};
}

TrainState TrainState::Read(const std::string& folder, const TrainConfig& config,
                            uint64_t data_fingerprint) {
  const std::string path = folder + "/trainer.json";
  const Json json = converter::ReadJson(path);
  TrainState state;
  try {
    state.step = json.at("step").get<uint64_t>();
    state.tokens = json.at("tokens").get<uint64_t>();
    state.data = {json.at("epoch").get<uint64_t>(), json.at("row").get<uint64_t>()};
    state.usual_loss = json.at("usual_loss").get<double>();
    state.spikes = json.at("spikes").get<uint64_t>();
    if (!json.at("best_eval").is_null()) state.best_eval = json.at("best_eval").get<double>();
    state.worse_evals = json.at("worse_evals").get<uint64_t>();
    state.stopped = json.at("stopped").get<bool>();
    const Json now = state.Describe(config, data_fingerprint);
    if (json.at("data") != now["data"]) {
      throw Error(
          Code::kInvalidArgument, path,
          "the run had other texts, another tokenizer or another model to begin with than the "
          "configuration names now",
          "restore them, or begin a new run with init = this checkpoint");
    }
    for (const auto& [key, value] : now["run"].items()) {
      if (json.at("run").contains(key) && json["run"][key] == value) continue;
      throw Error(Code::kInvalidArgument, path,
                  "the run had other settings of '" + key + "' than the configuration has now",
                  std::string("restore them") +
                      (key == "batch" ? " (run.accumulate times the processes counts)" : "") +
                      ", or begin a new run with init = this checkpoint");
    }
  } catch (const Json::exception& error) {
    throw Error(Code::kCorrupt, path, error.what());
  }
  return state;
}

}  // namespace quanta::train
