// SPDX-License-Identifier: MIT
#include "tests/runtime/cli/models.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "tests/runtime/cli/child.h"

namespace quanta::cli {
namespace {

namespace fs = std::filesystem;
const fs::path kCheckpoint = QUANTA_TEST_DATA "/hf/llama_tied";

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("quanta_cli_" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

const Folder& TheFolder() {
  static const Folder folder;
  return folder;
}

std::string Convert(const fs::path& checkpoint, const std::string& name,
                    const std::string& scheme = "f32") {
  const std::string path = Scratch(name);
  if (fs::exists(path)) return path;
  const Outcome outcome = RunProgramFile(
      QUANTA_CONVERT, {checkpoint.string(), "-o", path, "--quant", scheme, "--quiet"});
  if (outcome.exit_code != 0) throw std::runtime_error("converting: " + outcome.err);
  return path;
}

std::string ConvertWithTemplate(const std::string& jinja, const std::string& name) {
  const fs::path checkpoint = TheFolder().path() / ("checkpoint_" + name);
  if (!fs::exists(checkpoint)) {
    fs::copy(kCheckpoint, checkpoint);
    WriteFile((checkpoint / "chat_template.jinja").string(), jinja);
  }
  return Convert(checkpoint, name);
}

}  // namespace

std::string Scratch(const std::string& name) { return (TheFolder().path() / name).string(); }

std::string PlainModel() { return Convert(kCheckpoint, "plain.qfb"); }

std::string RoundedModel() { return Convert(kCheckpoint, "rounded.qfb", "q4"); }

std::string OtherModel() {
  const fs::path checkpoint = TheFolder().path() / "checkpoint_other";
  if (!fs::exists(checkpoint)) {
    fs::copy(kCheckpoint, checkpoint);
    const std::string path = (checkpoint / "tokenizer.json").string();
    auto tokenizer = nlohmann::json::parse(ReadFile(path));
    tokenizer["model"]["merges"].clear();
    WriteFile(path, tokenizer.dump());
  }
  return Convert(checkpoint, "other.qfb");
}

std::string ChatModel() {
  return ConvertWithTemplate(
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
      "chat.qfb");
}

std::string DatedModel() {
  return ConvertWithTemplate(
      "It is {{ strftime_now('%d %B %Y') }}.\n"
      "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
      "dated.qfb");
}

std::string StrictModel() {
  return ConvertWithTemplate(
      "{% for m in messages %}{% if m.role == 'system' %}"
      "{{ raise_exception('No system messages, please') }}{% endif %}"
      "<|im_start|>{{ m.content }}<|im_end|>{% endfor %}",
      "strict.qfb");
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace quanta::cli
