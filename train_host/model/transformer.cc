// SPDX-License-Identifier: MIT
#include "train_host/model/transformer.h"

#include <cmath>

#include "converter/rope.h"
#include "train_host/math/random.h"
#include "train_host/model/passes.h"

namespace quanta::train {

template <class T>
Transformer<T>::Passes::Passes(const ModelShape& its_shape, size_t rows, size_t length, int threads,
                               InputQuantization its_quantization)
    : shape(its_shape),
      layout(its_shape),
      buffers(its_shape, rows, length, threads),
      quantization(its_quantization),
      threads_(threads),
      scale_(static_cast<T>(1 / std::sqrt(static_cast<double>(its_shape.head_dim)))) {
  // In the steps and the precision in which the runtime has them.
  const std::vector<float> frequencies =
      converter::PlainFrequencies(shape.rope_theta, shape.head_dim);
  const size_t half = frequencies.size();
  for (size_t position = 0; position < length; ++position) {
    for (size_t i = 0; i < half; ++i) {
      const auto angle = static_cast<double>(static_cast<float>(position) * frequencies[i]);
      buffers.cosine[position * half + i] = static_cast<T>(std::cos(angle));
      buffers.sine[position * half + i] = static_cast<T>(std::sin(angle));
    }
  }
}

template <class T>
uint64_t Transformer<T>::Passes::DropoutSeed(const PassOptions& options, size_t layer,
                                             size_t which) const {
  return Seed(options.seed, 2 * layer + which + 1);
}

template <class T>
Transformer<T>::Transformer(const ModelShape& shape, size_t rows, size_t length, int threads,
                            InputQuantization quantization)
    : passes_(std::make_unique<Passes>(shape, rows, length, ThreadPool::Process().Reserve(threads),
                                       quantization)) {}

template <class T>
Transformer<T>::~Transformer() = default;

template <class T>
double Transformer<T>::Evaluate(const T* weights, const Batch& batch, double smoothing) {
  const PassOptions options = {.smoothing = smoothing};
  passes_->Forward(weights, batch, options);
  return passes_->Head(weights, batch, options, nullptr);
}

template <class T>
double Transformer<T>::Differentiate(const T* weights, const Batch& batch,
                                     const PassOptions& options, T* gradient) {
  passes_->Forward(weights, batch, options);
  const double loss = passes_->Head(weights, batch, options, gradient);
  passes_->Backward(weights, batch, options, gradient);
  return loss;
}

template <class T>
void Transformer<T>::Logits(const T* weights, const Batch& batch, T* logits) {
  passes_->Forward(weights, batch, {});
  passes_->Logits(weights, batch.length, logits);
}

template <class T>
void Transformer<T>::QuantizeInputs(InputQuantization quantization) {
  passes_->quantization = quantization;
}

template <class T>
const ParameterLayout& Transformer<T>::layout() const {
  return passes_->layout;
}

template <class T>
size_t Transformer<T>::bytes() const {
  return passes_->buffers.bytes;
}

template class Transformer<float>;
template class Transformer<double>;

}  // namespace quanta::train
