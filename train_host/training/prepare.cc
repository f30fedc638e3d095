// SPDX-License-Identifier: MIT
//
// What a run needs before its first step.
#include <algorithm>
#include <filesystem>
#include <string_view>

#include "converter/error.h"
#include "converter/readers/reader.h"
#include "runtime/core/thread_pool.h"
#include "train_host/checkpoint/describe.h"
#include "train_host/training/trainer.h"

namespace quanta::train {
namespace {

/// transformers 5 gives every folder of class Qwen 2 a tokenizer that splits words as Qwen 2
/// does, whatever tokenizer.json says (Qwen2Tokenizer; not so with Llama and Qwen 3).
bool TransformersSplitsOtherwise(const ModelShape& shape, const TrainTokenizer& tokenizer) {
  if (std::string_view(ModelTypeOf(shape)) != "qwen2") return false;
  const auto& cuts = tokenizer.tables().pre_tokenizers;
  return cuts.size() != 1 || cuts.front().kind != format::PreTokenizerKind::kQwen2;
}

}  // namespace

namespace fs = std::filesystem;
using converter::Error;
using converter::Format;

Trainer::Trainer(TrainConfig config, const TrainerOptions& options)
    : config_(std::move(config)),
      options_(options),
      alone_(options.processes == nullptr ? Alone() : nullptr),
      processes_(alone_ ? *alone_ : *options.processes),
      progress_(processes_.first() ? options.style : converter::Progress::Style::kNone,
                options.console, nullptr),
      store_(config_.output) {
  config_.run.processes = static_cast<uint32_t>(processes_.size());
  const int wanted = config_.run.threads != 0 ? config_.run.threads : processes_.Cores();
  threads_ = ThreadPool::Process().Reserve(wanted);
  OnFirst(processes_, [this] {
    PrepareOutput();
    PrepareTokens();
  });
  Together(processes_, [this] {
    if (!processes_.first()) PrepareTokens();
    PrepareModel();
    if (options_.resume && !store_.Steps().empty()) Resume();
  });
  CheckEqual();
  OnFirst(processes_, [this] {
    metrics_ = std::make_unique<MetricsFile>(config_.output + "/metrics.jsonl", state_.step);
  });
}

void Trainer::PrepareOutput() {
  if (config_.output.empty()) {
    throw Error(Code::kInvalidArgument, "", "no output folder given", "set output in the file");
  }
  std::error_code error;
  fs::create_directories(config_.output, error);
  if (error) throw Error(Code::kIo, config_.output, error.message());
  store_.CleanUp(0);
  if (options_.resume || store_.Steps().empty()) return;
  throw Error(Code::kInvalidArgument, config_.output, "holds the checkpoints of a run",
              "--resume goes on with it; or name another output");
}

void Trainer::PrepareTokens() {
  const DataConfig& data = config_.data;
  const std::string tokenizer = data.tokenizer.empty() ? config_.init : data.tokenizer;
  if (tokenizer.empty()) {
    throw Error(Code::kInvalidArgument, "", "no tokenizer given", "set data.tokenizer");
  }
  if (data.train.empty()) {
    throw Error(Code::kInvalidArgument, "", "no texts given", "set data.train");
  }
  tokenizer_ = std::make_unique<TrainTokenizer>(tokenizer, data.end_token);
  train_ = OpenTokens(data.train, "train.tokens");
  if (!data.eval.empty()) eval_ = OpenTokens(data.eval, "eval.tokens");
}

/// The texts as tokens, which the first process makes before the others open them.
std::unique_ptr<TokenFile> Trainer::OpenTokens(const std::vector<std::string>& paths,
                                               const char* name) {
  if (processes_.first()) return MakeTokens(paths, name);
  return std::make_unique<TokenFile>(config_.output + "/" + name);
}

/// Those of an earlier start where they are still right.
std::unique_ptr<TokenFile> Trainer::MakeTokens(const std::vector<std::string>& paths,
                                               const char* name) {
  const TokenSource source = {paths, config_.data.separator};
  const std::string path = config_.output + "/" + name;
  const uint64_t fingerprint = TokenFingerprint(source, *tokenizer_);
  if (fs::exists(path)) {
    try {
      auto file = std::make_unique<TokenFile>(path);
      if (file->fingerprint() == fingerprint) return file;
    } catch (const Error&) {
      // Damaged: made again below.
    }
  }
  uint64_t bytes = 0;
  for (const std::string& one : paths) bytes += fs::file_size(one);
  progress_.Start("encoding", bytes);
  WriteTokenFile(source, *tokenizer_, fingerprint, path,
                 [this](uint64_t done) { progress_.Advance(done); });
  progress_.Clear();
  auto file = std::make_unique<TokenFile>(path);
  Say(Format("%s: %zu documents, %llu tokens, %.2f bytes a token", name, file->documents(),
             static_cast<unsigned long long>(file->tokens()),
             static_cast<double>(file->text_bytes()) / static_cast<double>(file->tokens())));
  return file;
}

void Trainer::PrepareModel() {
  std::unique_ptr<converter::Checkpoint> init;
  if (!config_.init.empty()) {
    init = converter::OpenCheckpoint(config_.init, {});
    config_.model = ShapeOf(*init);
  }
  ModelShape& shape = config_.model;
  if (shape.vocab == 0) shape.vocab = tokenizer_->vocab();
  CheckShape(shape);
  if (TransformersSplitsOtherwise(shape, *tokenizer_)) {
    Say("note: transformers 5 splits words for Qwen 2 models in its own way and will make other "
        "tokens than this tokenizer; make one with --pre-tokenizer qwen2 if the model shall run "
        "there");
  }
  if (shape.vocab < tokenizer_->vocab()) {
    throw Error(Code::kInvalidArgument, "",
                Format("model.vocab (%u) is less than the tokenizer's %u tokens", shape.vocab,
                       tokenizer_->vocab()));
  }
  if (config_.length() > shape.context) {
    throw Error(
        Code::kInvalidArgument, "",
        Format("run.length (%u) is more than model.context (%u)", config_.length(), shape.context));
  }
  model_ = std::make_unique<Transformer<float>>(shape, config_.run.batch, config_.length(),
                                                threads_, InputQuantization());
  PrepareWeights(init.get());
  const ParameterLayout& layout = model_->layout();
  if (config_.qat.scheme) quantized_.emplace(shape, layout, config_.qat, weights_.data());
  for (const std::string& note : quantized_ ? quantized_->notes() : std::vector<std::string>()) {
    Say("note: " + note);
  }
  reader_ =
      std::make_unique<BatchReader>(*train_, BatchReader::Options{.rows = config_.run.batch,
                                                                  .length = config_.length(),
                                                                  .packing = config_.data.packing,
                                                                  .seed = config_.run.seed});
  batches_.resize(config_.run.accumulate);
  Say(Format("%zu parameters, %.1f MiB of activations, %zu rows of %u tokens a pass",
             layout.count(), static_cast<double>(model_->bytes()) / (1 << 20),
             reader_->rows_of_pass(), config_.length()));
  if (processes_.size() > 1) {
    Say(Format("%d processes, %d threads in the first", processes_.size(), threads_));
  }
}

void Trainer::PrepareWeights(const converter::Checkpoint* init) {
  const ParameterLayout& layout = model_->layout();
  weights_.resize(layout.size());
  gradient_.resize(layout.size());
  if (init != nullptr) {
    ReadWeights(*init, layout, weights_.data());
  } else {
    Initialize(layout, config_.model, config_.run.init_deviation, config_.run.seed,
               weights_.data());
  }
  if (config_.lora.rank != 0) {
    if (init == nullptr) {
      throw Error(Code::kInvalidArgument, "", "an update of low rank needs a model to update",
                  "name its checkpoint in init");
    }
    lora_.emplace(layout, config_.lora, weights_.data());
    updates_.resize(lora_->size());
    update_gradient_.resize(lora_->size());
    lora_->Initialize(config_.run.seed, updates_.data());
    ranges_ = {{0, lora_->size(), true}};
  } else {
    for (const Parameter& parameter : layout.parameters()) {
      ranges_.push_back({parameter.offset, parameter.count(), parameter.matrix});
    }
  }
  m_.resize(trained().size());
  v_.resize(trained().size());
}

void Trainer::Resume() {
  const uint64_t step = store_.Steps().back();
  const std::string folder = store_.FolderOf(step);
  state_ = TrainState::Read(folder, config_, DataFingerprint());
  std::vector<ReadArray> arrays = {{"m", m_}, {"v", v_}};
  if (lora_) {
    arrays.push_back({"updates", updates_});
  } else {
    ReadWeights(*converter::OpenCheckpoint(folder, {}), model_->layout(), weights_.data());
  }
  ReadState(folder, arrays);
  if (lora_) lora_->Merge(updates_.data(), weights_.data(), threads_);
  if (!config_.run.overfit) reader_->Seek(state_.data);
  Say(Format("going on behind step %llu", static_cast<unsigned long long>(state_.step)));
}

}  // namespace quanta::train
