// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/platform/platform.h"
#include "train_host/model/batch.h"
#include "train_host/model/parameters.h"
#include "train_host/model/shape.h"

namespace quanta::train {

/// What a pass does beside computing the loss.
struct PassOptions {
  double scale = 1;      ///< of the gradient: it is that of scale * the sum of losses
  double smoothing = 0;  ///< of labels
  double dropout = 0;    ///< of the residual branches
  uint64_t seed = 0;     ///< of what is dropped
};

/// Which products round their inputs to int8, as the runtime does before products with q8 and
/// q4 weights. Of T = float only.
struct InputQuantization {
  bool layers = false, head = false;
};

/// The model's two ways, over buffers that are planned once: no pass touches the heap. Results
/// do not depend on the number of threads: work is cut the same way for any.
///
/// T: float, or double for checking gradients.
template <class T>
class Transformer {
 public:
  /// For batches of up to rows * length tokens, length <= shape.context.
  /// Throws converter::Error(kOutOfMemory).
  Transformer(const ModelShape& shape, size_t rows, size_t length, int threads,
              InputQuantization quantization);
  ~Transformer();
  Transformer(const Transformer&) = delete;
  Transformer& operator=(const Transformer&) = delete;

  /// The sum of the losses of all targets.
  double Evaluate(const T* weights, const Batch& batch, double smoothing = 0);
  /// The same, and adds its gradient to `gradient`, which has the layout of the weights.
  double Differentiate(const T* weights, const Batch& batch, const PassOptions& options,
                       T* gradient);
  /// The logits of the batch's first row [length, vocab].
  void Logits(const T* weights, const Batch& batch, T* logits);

  void QuantizeInputs(InputQuantization quantization);

  const ParameterLayout& layout() const;
  size_t bytes() const;  ///< of all buffers

 private:
  class Passes;
  std::unique_ptr<Passes> passes_;
};

extern template class Transformer<float>;
extern template class Transformer<double>;

}  // namespace quanta::train
