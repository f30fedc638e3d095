// SPDX-License-Identifier: MIT
#include "converter/calibrate/calibrate.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "converter/calibrate/embed.h"
#include "converter/calibrate/layer_model.h"
#include "converter/calibrate/text.h"
#include "converter/error.h"
#include "runtime/core/thread_pool.h"
#include "runtime/kernels/quant/panels.h"

namespace quanta::converter {
namespace {

using format::Panel;
using format::Role;

/// What an embedding costs as such beside what it costs as the head: a share of the head's mean
/// squared input for each column. By measurement, between 0.03 and 1 it makes little difference.
constexpr double kLookupShare = 0.1;
constexpr size_t kHeadBlock = size_t{4} << 20;  ///< weights that are read at a time

/// The role of the first of the matrices that read the same as this one, as LayerModel::Observer
/// names it; kEmbedding: it is no matrix of a layer.
Role InputOf(Role role) {
  switch (role) {
    case Role::kQ:
    case Role::kK:
    case Role::kV:
      return Role::kQ;
    case Role::kUp:
    case Role::kGate:
      return Role::kUp;
    case Role::kO:
    case Role::kDown:
      return role;
    default:
      return Role::kEmbedding;
  }
}

/// One calibration: the hidden states of the text on their way through the layers.
class Calibration {
 public:
  Calibration(std::unique_ptr<Checkpoint> checkpoint, const TokenizerTables& tokenizer,
              std::span<const Panel> panels, const CalibrationOptions& options, Progress* progress)
      : panels_(panels),
        progress_(*progress),
        threads_(ThreadPool::Process().Reserve(options.threads != 0 ? options.threads
                                                                    : ThreadPool::UsableCores())),
        hidden_(checkpoint->architecture.hidden) {
    ChooseHead(*checkpoint);
    CheckMatrices(*checkpoint);
    out_.length = std::min(options.length, checkpoint->architecture.context);
    const auto sequences =
        ReadCalibrationText(options.text, tokenizer, out_.length, options.sequences);
    out_.sequences = static_cast<uint32_t>(sequences.size());
    states_ = Embed(*checkpoint, panels_, sequences);
    model_ = std::make_unique<LayerModel>(std::move(checkpoint), out_.length);
  }

  CalibratedModel Run() {
    progress_.Start("calibrating", uint64_t{2} * model_->layers() * out_.sequences);
    for (size_t layer = 0; layer < model_->layers(); ++layer) {
      model_->Load(layer);
      AddInputs(layer);
      RoundLayer(layer);
      Advance();
    }
    if (IsQ4(head_)) RoundHead();
    progress_.Clear();
    return std::move(out_);
  }

 private:
  bool IsQ4(size_t tensor) const { return panels_[tensor] == Panel::kQ4; }
  const std::vector<SourceTensor>& tensors() const { return model_->checkpoint().tensors; }

  void ChooseHead(const Checkpoint& checkpoint) {
    const auto head = checkpoint.Find(Role::kHead);
    tied_ = !head;
    head_ = head ? *head : checkpoint.Find(Role::kEmbedding).value();
  }

  void CheckMatrices(const Checkpoint& checkpoint) const {
    for (size_t i = 0; i < panels_.size(); ++i) {
      if (IsQ4(i) && (i == head_ || checkpoint.tensors[i].layer >= 0)) return;
    }
    throw Error(Code::kInvalidArgument, "",
                "--calibrate has nothing to do: no matrix that multiplies is stored as q4",
                "it goes with --quant q4");
  }

  std::span<float> States(size_t sequence) {
    const size_t size = out_.length * hidden_;
    return std::span(states_).subspan(sequence * size, size);
  }

  /// grams_ of what the layer's q4 matrices read.
  void AddInputs(size_t layer) {
    grams_.clear();
    for (size_t i = 0; i < panels_.size(); ++i) {
      if (!IsQ4(i) || tensors()[i].layer != static_cast<int32_t>(layer)) continue;
      grams_.try_emplace(InputOf(tensors()[i].role), tensors()[i].columns);
    }
    for (size_t i = 0; i < out_.sequences; ++i) {
      model_->Run(States(i), [&](Role role, const float* x, size_t rows, size_t) {
        const auto gram = grams_.find(role);
        if (gram != grams_.end()) AddGram(x, rows, &gram->second, threads_);
      });
      progress_.Advance(1);
    }
  }

  void RoundLayer(size_t layer) {
    for (auto& [input, gram] : grams_) {
      const Feedback feedback = FeedbackOf(std::move(gram));
      for (size_t i = 0; i < panels_.size(); ++i) {
        const SourceTensor& tensor = tensors()[i];
        if (!IsQ4(i) || tensor.layer != static_cast<int32_t>(layer)) continue;
        if (InputOf(tensor.role) != input) continue;
        progress_.CheckStop();
        Compensation matrix(feedback, threads_);
        matrix.Add(model_->Values(i));
        out_.matrices[i] = matrix.Finish();
      }
    }
  }

  /// After the layer as it is stored now.
  void Advance() {
    for (size_t i = 0; i < out_.sequences; ++i) {
      const auto states = States(i);
      model_->Run(states, [&](Role role, const float* x, size_t rows, size_t columns) {
        if (role == Role::kEmbedding) std::copy(x, x + rows * columns, states.begin());
      });
      progress_.Advance(1);
    }
  }

  void RoundHead() {
    SquareMatrix gram(hidden_);
    for (size_t i = 0; i < out_.sequences; ++i) {
      AddGram(States(i).data(), out_.length, &gram, threads_);
    }
    if (tied_) AddToDiagonal(kLookupShare * MeanDiagonal(gram), &gram);
    const Feedback feedback = FeedbackOf(std::move(gram));
    Compensation matrix(feedback, threads_);
    const SourceTensor& head = tensors()[head_];
    const auto step = static_cast<uint32_t>(
        std::max<size_t>(kHeadBlock / hidden_ / kernels::kStripRows, 1) * kernels::kStripRows);
    std::vector<float> rows;
    for (uint32_t first = 0; first < head.rows; first += step) {
      const uint32_t count = std::min(step, head.rows - first);
      rows.resize(size_t{count} * hidden_);
      head.source->Read(first, count, rows.data());
      head.source->Release(first, count);
      matrix.Add(rows);
      progress_.CheckStop();
    }
    out_.matrices[head_] = matrix.Finish();
  }

  Feedback FeedbackOf(SquareMatrix gram) const {
    if (!std::isfinite(MeanDiagonal(gram))) {
      throw Error(Code::kInternal, "", "the model computes numbers that are not finite",
                  "the weights may be damaged; without --calibrate they are converted anyway");
    }
    return MakeFeedback(std::move(gram), threads_);
  }

  const std::span<const Panel> panels_;
  Progress& progress_;
  const int threads_;
  const size_t hidden_;
  size_t head_ = 0;            ///< the matrix of the logits
  bool tied_ = false;          ///< it is the embedding
  std::vector<float> states_;  ///< [sequences, length, hidden]
  std::unique_ptr<LayerModel> model_;
  std::map<Role, SquareMatrix> grams_;  ///< by InputOf
  CalibratedModel out_;
};

}  // namespace

CalibratedModel Calibrate(std::unique_ptr<Checkpoint> checkpoint, const TokenizerTables& tokenizer,
                          std::span<const Panel> panels, const CalibrationOptions& options,
                          Progress* progress) {
  return Calibration(std::move(checkpoint), tokenizer, panels, options, progress).Run();
}

}  // namespace quanta::converter
