// SPDX-License-Identifier: MIT
#include "train_host/layers/cross_entropy.h"
#include "train_host/layers/linear.h"
#include "train_host/layers/norm.h"
#include "train_host/model/passes.h"

namespace quanta::train {

/// head_rows at a time: logits, losses and what goes back, before the next ones take their place.
template <class T>
double Transformer<T>::Passes::Head(const T* weights, const Batch& batch,
                                    const PassOptions& options, T* gradient) {
  const size_t n = batch.tokens(), d = shape.hidden, vocab = shape.vocab;
  const T* stream = buffers.stream[shape.layers];
  const T* head = weights + layout.head();
  for (size_t chunk = 0; chunk < n; chunk += buffers.head_rows) {
    const size_t end = std::min(n, chunk + buffers.head_rows);
    ForRows(chunk, end, [&](const Rows& rows) {
      T* logits = buffers.logits + (rows.begin - chunk) * vocab;
      T* x = buffers.head_input + (rows.begin - chunk) * d;
      NormedInput({stream + rows.begin * d, weights + layout.final_norm(),
                   buffers.inverse_final + rows.begin, x},
                  quantization.head, rows);
      LinearForward(LinearTask<T>{rows.count, d, vocab, x, head, logits});
      CrossEntropy(CrossEntropyTask<T>{logits, rows.count, vocab, batch.targets.data() + rows.begin,
                                       static_cast<T>(options.smoothing),
                                       static_cast<T>(options.scale), gradient != nullptr,
                                       buffers.losses + rows.begin});
      if (gradient == nullptr) return;
      T* dx = rows.worker.narrow;
      LinearBackward(LinearTask<T>{rows.count, d, vocab, logits, head, dx});
      NormBackward(NormBackTask<T>{stream + rows.begin * d, weights + layout.final_norm(),
                                   buffers.inverse_final + rows.begin, dx, rows.count, d,
                                   buffers.dstream + rows.begin * d, false, Partial(rows, d)});
    });
    if (gradient == nullptr) continue;
    AddPartials((end - chunk + kRowBlock - 1) / kRowBlock, 0, d, gradient + layout.final_norm());
    AddWeightGradients({{buffers.logits, vocab, buffers.head_input, d, gradient + layout.head()}},
                       end - chunk);
  }
  double sum = 0;
  for (size_t t = 0; t < n; ++t) sum += buffers.losses[t];
  return sum;
}

template <class T>
void Transformer<T>::Passes::Logits(const T* weights, size_t count, T* logits) {
  const size_t d = shape.hidden, vocab = shape.vocab;
  ForRows(0, count, [&](const Rows& rows) {
    T* x = rows.worker.narrow;
    NormedInput({buffers.stream[shape.layers] + rows.begin * d, weights + layout.final_norm(),
                 buffers.inverse_final + rows.begin, x},
                quantization.head, rows);
    LinearForward(LinearTask<T>{rows.count, d, vocab, x, weights + layout.head(),
                                logits + rows.begin * vocab});
  });
}

template double Transformer<float>::Passes::Head(const float*, const Batch&, const PassOptions&,
                                                 float*);
template double Transformer<double>::Passes::Head(const double*, const Batch&, const PassOptions&,
                                                  double*);
template void Transformer<float>::Passes::Logits(const float*, size_t, float*);
template void Transformer<double>::Passes::Logits(const double*, size_t, double*);

}  // namespace quanta::train
