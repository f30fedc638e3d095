// SPDX-License-Identifier: MIT
#include "train_host/training/evaluate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "converter/error.h"
#include "train_host/math/random.h"

namespace quanta::train {
namespace {

Batch OneRow(const std::vector<int32_t>& ids) {
  Batch batch;
  batch.rows = 1;
  batch.length = ids.size();
  batch.ids = ids;
  batch.targets.assign(ids.size(), -1);
  for (size_t t = 0; t < ids.size(); ++t) batch.positions.push_back(static_cast<int32_t>(t));
  batch.segments = {{0, static_cast<uint32_t>(ids.size())}};
  batch.row_segments = {0, 1};
  return batch;
}

int32_t Choose(const float* logits, size_t vocab, const SampleOptions& options, uint64_t index) {
  const float* best = std::max_element(logits, logits + vocab);
  if (options.temperature == 0) return static_cast<int32_t>(best - logits);
  const auto weight = [&](size_t i) {
    return std::exp(static_cast<double>(logits[i] - *best) / options.temperature);
  };
  double sum = 0;
  for (size_t i = 0; i < vocab; ++i) sum += weight(i);
  double left = sum * Uniform(options.seed, index);
  for (size_t i = 0; i < vocab; ++i) {
    left -= weight(i);
    if (left < 0) return static_cast<int32_t>(i);
  }
  return static_cast<int32_t>(best - logits);
}

std::vector<int32_t> EncodePrompt(const TrainTokenizer& tokenizer, const std::string& prompt) {
  TokenBuffer buffer;
  const auto& prefix = tokenizer.tables().prefix_ids;
  std::vector<int32_t> ids(prefix.begin(), prefix.end());
  EncodeOptions options;
  options.add_special = false;
  options.parse_special = true;
  converter::Check(tokenizer.tokenizer().Encode(prompt, options, &buffer), {});
  ids.insert(ids.end(), buffer.ids().begin(), buffer.ids().end());
  return ids;
}

}  // namespace

Evaluation Evaluate(Transformer<float>& model, const float* weights, const TokenFile& file,
                    const BatchReader::Options& options, uint64_t batches,
                    Communicator& processes) {
  BatchReader::Options in_order = options;
  in_order.shuffle = false;
  BatchReader reader(file, in_order);
  Batch batch;
  Evaluation result;
  const auto share = static_cast<uint64_t>(processes.size());
  double sum = 0;
  for (uint64_t i = 0; (batches == 0 || i < batches) && reader.NextOfPass(&batch); ++i) {
    if (i % share == static_cast<uint64_t>(processes.rank())) sum += model.Evaluate(weights, batch);
    result.targets += batch.target_count;
  }
  processes.Sum(std::span(&sum, 1));
  result.loss = result.targets == 0 ? 0 : sum / static_cast<double>(result.targets);
  result.perplexity = std::exp(result.loss);
  return result;
}

std::string Sample(Transformer<float>& model, const float* weights, const TrainTokenizer& tokenizer,
                   const std::string& prompt, size_t length, uint32_t vocab,
                   const SampleOptions& options) {
  std::vector<int32_t> ids = EncodePrompt(tokenizer, prompt);
  if (ids.empty()) throw converter::Error(Code::kInvalidArgument, "", "the prompt has no tokens");
  if (ids.size() >= length) {
    throw converter::Error(
        Code::kLimit, "",
        converter::Format("the prompt's %zu tokens fill the model's %zu", ids.size(), length));
  }
  std::vector<float> logits(length * vocab);
  std::vector<char> storage(TextDecoder::StorageBytes(tokenizer.tokenizer()));
  TextDecoder decoder(tokenizer.tokenizer(), storage, true);
  for (const int32_t id : ids) decoder.Push(id);
  std::string text;
  for (uint32_t i = 0; i < options.tokens && ids.size() < length; ++i) {
    model.Logits(weights, OneRow(ids), logits.data());
    const int32_t id = Choose(logits.data() + (ids.size() - 1) * vocab, vocab, options, i);
    if (id == tokenizer.end_id()) break;
    text += decoder.Push(id);
    ids.push_back(id);
  }
  return text + std::string(decoder.Finish());
}

}  // namespace quanta::train
