// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "quanta/arena.h"
#include "quanta/session.h"
#include "quanta/status.h"
#include "runtime/kernels/kernels.h"
#include "runtime/llm/model_impl.h"
#include "runtime/llm/parallel.h"

namespace quanta::llm {

/// What a decoder is sized for; all checked by the caller.
struct DecoderSettings {
  uint32_t context = 0;  ///< positions, at most the model's
  uint32_t chunk = 0;    ///< rows of activations, at most `context`
  kernels::KvKind kv = kernels::KvKind::kF16;
  int threads = 1;
  bool all_logits = false;
};

/// The hooks of Session::FeedHooks that a pass calls.
struct Observer {
  void* context = nullptr;
  void (*on_phase)(void* context, Phase phase, const PhaseWork& work) = nullptr;
  void (*on_input)(void* context, const std::byte* matrix, const float* x, size_t rows,
                   size_t columns) = nullptr;
};

/// Which rows of a chunk need logits.
enum class Rows : uint8_t { kNone, kLast, kAll };

/// The keys and values of one layer: for each KV head kernels::KvBytes, position p in slot
/// p % slots.
struct LayerCache {
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
  uint32_t slots = 0;
  uint32_t window = 0;  ///< positions that a token sees; 0 = all
};

/// The forward pass of every architecture, by the numbers and switches of
/// format::Architecture, over the KV cache and the activations of one session.
///
/// All memory comes from an arena in Plan; Run allocates nothing. Trivially
/// copyable, so that it can lie in that arena itself.
class Decoder {
 public:
  /// Takes everything from `arena`, which may be measuring. Errors: the arena's.
  static Status Plan(const Model::Impl& model, const DecoderSettings& settings, Arena* arena,
                     Decoder* decoder);

  /// Feeds `tokens` (1 to `chunk` of them, in the vocabulary) at `position`, which
  /// must not leave the context, and returns the logits asked for: none, [vocab] or
  /// [tokens, vocab], valid until the next call.
  ///
  /// A row's logits and its cache entries depend on the tokens before it alone: not
  /// on the chunk it came in, nor on the thread count.
  std::span<const float> Run(std::span<const int32_t> tokens, size_t position, Rows logits);

  /// At most those of the settings.
  void UseThreads(int threads) { team_ = Team(threads); }

  /// Who is told of every pass from now on.
  void Observe(const Observer& observer) { observer_ = observer; }

  /// Whether the cache can go on at `position`, having once held `high` positions.
  bool CanResume(size_t position, size_t high) const;

 private:
  struct RopeTable {
    float* cosine = nullptr;  ///< [chunk, half]
    float* sine = nullptr;
    size_t half = 0;
  };
  /// The rows at hand, and how many of the last ones the rest of the layer needs.
  struct Chunk {
    size_t rows, position, live;
  };
  /// What products read: rows of floats, and the same as int8 if one of them wants those.
  struct Input {
    const float* x;
    const std::byte* quantized;
    size_t rows, k;
    Input Last(size_t count) const;
  };
  struct Product {
    const Linear* linear;
    Input input;
    float* y;
  };

  Status PlanCaches(Arena* arena);
  Status PlanActivations(Arena* arena);

  void Embed(std::span<const int32_t> tokens, size_t position);
  void ComputeRotations(size_t rows, size_t position);
  void Layer(size_t index, const Chunk& chunk);
  void Project(size_t index, const Chunk& chunk);
  void Store(size_t index, const Chunk& chunk);
  void StoreVector(const float* x, std::byte* cache, size_t slot, size_t slots) const;
  void Attend(size_t index, const Chunk& chunk);
  void FeedForward(const LayerWeights& layer, const Chunk& chunk);
  std::span<const float> Logits(const Chunk& chunk);

  /// The live rows of the stream.
  float* LiveStream(const Chunk& chunk) const;
  /// What follows on the block of norms `ended`, if there is one: adds what that block left in h_
  /// to `stream` [rows, hidden], norms those into h_, where there is such a norm, and prepares
  /// them.
  Input NextInput(const BlockNorms* ended, const NormWeights& norm, float* stream, size_t rows,
                  std::initializer_list<const Linear*> readers) const;
  void Normalize(const NormWeights& norm, const float* x, float* y, size_t rows, size_t d) const;
  void Rotate(int32_t rope, size_t row, float* x, size_t heads) const;
  /// `x` [rows, k] for these matrices, of which the first exists; the int8 are good until
  /// the next call.
  Input Prepare(const float* x, size_t rows, std::initializer_list<const Linear*> readers) const;
  /// The same, of which the observer has been told.
  Input Told(const Input& input, std::initializer_list<const Linear*> readers) const;
  void Multiply(Phase phase, std::span<const Product> products) const;
  static size_t ColumnWork(const Product& product);
  /// Tells the observer, if there is one, that a phase begins.
  void Begin(Phase phase, std::span<const Product> products = {}) const {
    if (observer_.on_phase != nullptr) TellProducts(phase, products);
  }
  void TellProducts(Phase phase, std::span<const Product> products) const;
  void BeginAttention(const LayerCache& cache, const Chunk& chunk) const;
  /// Columns [begin, end) of product.y, whose rows are `y_stride` floats apart.
  void MultiplyColumns(const Product& product, size_t y_stride, size_t begin, size_t end) const;

  const Model::Impl* model_ = nullptr;
  const format::Architecture* arch_ = nullptr;
  const kernels::KernelTable* table_ = nullptr;
  DecoderSettings settings_;
  Team team_{1};
  Observer observer_;

  std::span<LayerCache> caches_;  ///< [layers]
  std::span<RopeTable> ropes_;    ///< [ropes]
  float* x_ = nullptr;            ///< the stream [chunk, hidden]
  float* h_ = nullptr;            ///< a block's input and output [chunk, hidden]
  // Attention and feed-forward take turns in the same memory.
  float* q_ = nullptr;          ///< [chunk, heads * head_dim]
  float* attended_ = nullptr;   ///< [chunk, heads * head_dim]
  float* k_ = nullptr;          ///< [chunk, kv_heads * head_dim]
  float* v_ = nullptr;          ///< [chunk, kv_heads * head_dim]
  float* activated_ = nullptr;  ///< [chunk, ffn]
  float* parts_ = nullptr;      ///< what is being activated [threads, 2, part_stride_]
  size_t part_stride_ = 0;
  std::byte* quantized_ = nullptr;  ///< what Prepare makes, one block's input at a time
  float* scratch_ = nullptr;        ///< attention's [threads, scratch_stride_]
  size_t scratch_stride_ = 0;
  float* logits_ = nullptr;  ///< [1 or chunk, vocab]
};

}  // namespace quanta::llm
