// SPDX-License-Identifier: MIT
#include "runtime/llm/decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace quanta::llm {
namespace {

static_assert(std::is_trivially_copyable_v<Decoder>);
static_assert(static_cast<int>(kernels::Activation::kRelu) ==
              static_cast<int>(format::Activation::kRelu));
static_assert(static_cast<int>(kernels::Norm::kLayer) ==
              static_cast<int>(format::NormKind::kLayer));
static_assert(static_cast<int>(kernels::Pairing::kInterleaved) ==
              static_cast<int>(format::RopePairing::kInterleaved));

/// Largest size_t if it overflows: more than any arena has.
size_t Times(std::initializer_list<uint64_t> factors) {
  size_t product = 1;
  for (const uint64_t factor : factors) {
    if (factor > SIZE_MAX || __builtin_mul_overflow(product, factor, &product)) return SIZE_MAX;
  }
  return product;
}

size_t Sum(size_t a, size_t b) {
  size_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

Status TakeFloats(Arena* arena, size_t count, float** out) {
  std::span<float> span;
  QUANTA_TRY(arena->Take(count, &span));
  *out = span.data();
  return {};
}

bool AnyReadsQuantized(std::initializer_list<const Linear*> readers) {
  return std::any_of(readers.begin(), readers.end(),
                     [](const Linear* linear) { return kernels::ReadsQuantized(linear->w.panel); });
}

/// Floats, so that what follows them begins a cache line, which threads then do not share.
size_t PaddedToLines(uint64_t count) {
  constexpr uint64_t kLine = Arena::kAlign / sizeof(float);
  return Times({count / kLine + (count % kLine != 0), kLine});
}

}  // namespace

// --- Planning -------------------------------------------------------------------

Status Decoder::Plan(const Model::Impl& model, const DecoderSettings& settings, Arena* arena,
                     Decoder* decoder) {
  *decoder = Decoder();
  decoder->model_ = &model;
  decoder->arch_ = &model.architecture();
  decoder->table_ = model.kernels;
  decoder->settings_ = settings;
  decoder->team_ = Team(settings.threads);
  QUANTA_TRY(decoder->PlanCaches(arena));
  return decoder->PlanActivations(arena);
}

Status Decoder::PlanCaches(Arena* arena) {
  const size_t layers = arch_->layers.size();
  QUANTA_TRY(arena->Take(layers, &caches_));
  for (size_t i = 0; i < layers; ++i) {
    LayerCache cache;
    const uint64_t window = arch_->layers[i].window;
    cache.window = window < settings_.context ? static_cast<uint32_t>(window) : 0;
    // A chunk's keys are stored before its first row looks back, so the ring also
    // holds what the rest of the chunk would overwrite.
    cache.slots = cache.window == 0 ? settings_.context
                                    : static_cast<uint32_t>(std::min<uint64_t>(
                                          settings_.context, window - 1 + settings_.chunk));
    const size_t bytes =
        Times({arch_->kv_heads, kernels::KvBytes(settings_.kv, cache.slots, arch_->head_dim)});
    std::span<std::byte> keys, values;
    QUANTA_TRY(arena->Take(bytes, &keys));
    QUANTA_TRY(arena->Take(bytes, &values));
    cache.keys = keys.data();
    cache.values = values.data();
    if (!arena->measuring()) caches_[i] = cache;
  }
  return {};
}

Status Decoder::PlanActivations(Arena* arena) {
  const size_t chunk = settings_.chunk;
  QUANTA_TRY(arena->Take(arch_->ropes.size(), &ropes_));
  for (size_t i = 0; i < arch_->ropes.size(); ++i) {
    RopeTable rope;
    rope.half = arch_->ropes[i].inv_freq.size();
    QUANTA_TRY(TakeFloats(arena, Times({chunk, rope.half}), &rope.cosine));
    QUANTA_TRY(TakeFloats(arena, Times({chunk, rope.half}), &rope.sine));
    if (!arena->measuring()) ropes_[i] = rope;
  }
  QUANTA_TRY(TakeFloats(arena, Times({chunk, arch_->hidden}), &x_));
  QUANTA_TRY(TakeFloats(arena, Times({chunk, arch_->hidden}), &h_));

  const size_t query = Times({chunk, arch_->heads, arch_->head_dim});
  const size_t key = Times({chunk, arch_->kv_heads, arch_->head_dim});
  const size_t wide = PaddedToLines(Times({chunk, arch_->ffn}));
  const size_t attention = Sum(Sum(query, query), Sum(key, key));
  part_stride_ = PaddedToLines(ActivatedFloats(chunk, arch_->ffn));
  const size_t parts = Times({static_cast<uint64_t>(settings_.threads), 2, part_stride_});
  const size_t feed_forward = Sum(wide, parts);
  float* shared = nullptr;
  QUANTA_TRY(TakeFloats(arena, std::max(attention, feed_forward), &shared));
  if (!arena->measuring()) {
    q_ = shared;
    attended_ = q_ + query;
    k_ = attended_ + query;
    v_ = k_ + key;
    activated_ = shared;
    parts_ = activated_ + wide;
  }

  const size_t row_bytes = LargestQuantizedInput(model_->weights);
  std::span<std::byte> quantized;
  QUANTA_TRY(arena->Take(Times({chunk, row_bytes}), &quantized));
  quantized_ = quantized.data();

  uint32_t visible = 0;
  for (const format::Layer& layer : arch_->layers) {
    const bool windowed = layer.window != 0 && layer.window < settings_.context;
    visible = std::max(visible, windowed ? layer.window : settings_.context);
  }
  scratch_stride_ =
      PaddedToLines(kernels::AttentionScratch(settings_.kv, visible, arch_->head_dim));
  QUANTA_TRY(TakeFloats(arena, Times({static_cast<uint64_t>(settings_.threads), scratch_stride_}),
                        &scratch_));
  return TakeFloats(arena, Times({settings_.all_logits ? chunk : 1, arch_->vocab}), &logits_);
}

bool Decoder::CanResume(size_t position, size_t high) const {
  for (const LayerCache& cache : caches_) {
    if (cache.window == 0) continue;
    const size_t needed = position + 1 > cache.window ? position + 1 - cache.window : 0;
    const size_t oldest = high > cache.slots ? high - cache.slots : 0;
    if (needed < position && needed < oldest) return false;
  }
  return true;
}

// --- The pass -----------------------------------------------------------------------

std::span<const float> Decoder::Run(std::span<const int32_t> tokens, size_t position, Rows logits) {
  const size_t rows = tokens.size();
  QUANTA_CHECK(rows != 0 && rows <= settings_.chunk && position <= settings_.context - rows);
  QUANTA_CHECK(logits != Rows::kAll || settings_.all_logits);

  Begin(Phase::kEmbed);
  Embed(tokens, position);
  ComputeRotations(rows, position);
  const size_t wanted = logits == Rows::kAll ? rows : logits == Rows::kLast ? 1 : 0;
  const size_t layers = arch_->layers.size();
  for (size_t i = 0; i < layers; ++i) {
    // Nothing reads the last layer's other rows.
    Layer(i, {rows, position, i + 1 == layers ? wanted : rows});
  }
  const std::span<const float> made = Logits({rows, position, wanted});
  Begin(Phase::kDone);
  return made;
}

void Decoder::Embed(std::span<const int32_t> tokens, size_t position) {
  const size_t D = arch_->hidden;
  const ModelWeights& weights = model_->weights;
  const auto gather = table_->gather[static_cast<size_t>(weights.embedding.panel)];
  for (size_t row = 0; row < tokens.size(); ++row) {
    float* x = x_ + row * D;
    gather(weights.embedding, static_cast<uint32_t>(tokens[row]), x);
    if (arch_->embedding_scale != 1) table_->scale(x, arch_->embedding_scale, x, D);
    if (weights.position.data != nullptr) {
      float* h = h_ + row * D;
      table_->gather[static_cast<size_t>(weights.position.panel)](
          weights.position, static_cast<uint32_t>(position + row), h);
      table_->add_scaled(h, 1, x, D);
    }
  }
}

void Decoder::ComputeRotations(size_t rows, size_t position) {
  for (size_t i = 0; i < ropes_.size(); ++i) {
    const format::Rope& rope = arch_->ropes[i];
    const RopeTable& table = ropes_[i];
    for (size_t row = 0; row < rows; ++row) {
      const auto p = static_cast<float>(position + row);
      for (size_t d = 0; d < table.half; ++d) {
        // The angle in f32, as the checkpoints' own code has it; the rest exact.
        const auto angle = static_cast<double>(p * rope.inv_freq[d]);
        table.cosine[row * table.half + d] = static_cast<float>(std::cos(angle)) * rope.magnitude;
        table.sine[row * table.half + d] = static_cast<float>(std::sin(angle)) * rope.magnitude;
      }
    }
  }
}

void Decoder::Layer(size_t index, const Chunk& chunk) {
  const LayerWeights& layer = model_->weights.layers[index];
  Project(index, chunk);
  Store(index, chunk);
  if (chunk.live == 0) return;
  Attend(index, chunk);
  const Product output = {&layer.o, Prepare(attended_, chunk.live, {&layer.o}), h_};
  Multiply(Phase::kOutput, {&output, 1});
  FeedForward(layer, chunk);
}

/// Queries of the live rows, keys and values of all.
void Decoder::Project(size_t index, const Chunk& chunk) {
  const LayerWeights& layer = model_->weights.layers[index];
  const BlockNorms* ended = index == 0 ? nullptr : &model_->weights.layers[index - 1].ffn;
  const Input in =
      NextInput(ended, layer.attention.before, x_, chunk.rows, {&layer.q, &layer.k, &layer.v});
  // In the file's order: the end of one matrix fetches the beginning of the next one.
  const Product products[] = {
      {&layer.q, in.Last(chunk.live), q_}, {&layer.k, in, k_}, {&layer.v, in, v_}};
  Multiply(Phase::kQkv, std::span(products).subspan(chunk.live == 0 ? 1 : 0));
}

/// Norms and rotates the heads, and puts keys and values into the cache.
void Decoder::Store(size_t index, const Chunk& chunk) {
  const LayerWeights& layer = model_->weights.layers[index];
  const LayerCache& cache = caches_[index];
  const int32_t rope = arch_->layers[index].rope;
  const size_t H = arch_->heads, G = arch_->kv_heads, D = arch_->head_dim;
  const size_t dead = chunk.rows - chunk.live;
  Begin(Phase::kCache);
  const auto head_bytes = static_cast<size_t>(kernels::KvBytes(settings_.kv, cache.slots, D));
  team_.Rows(chunk.rows, (H + 2 * G) * D * 4, [&](size_t row) {
    if (row >= dead) {
      float* q = q_ + (row - dead) * H * D;
      Normalize(layer.q_norm, q, q, H, D);
      Rotate(rope, row, q, H);
    }
    float* k = k_ + row * G * D;
    const float* v = v_ + row * G * D;
    Normalize(layer.k_norm, k, k, G, D);
    Rotate(rope, row, k, G);
    const size_t slot = (chunk.position + row) % cache.slots;
    for (size_t g = 0; g < G; ++g) {
      StoreVector(k + g * D, cache.keys + g * head_bytes, slot, cache.slots);
      StoreVector(v + g * D, cache.values + g * head_bytes, slot, cache.slots);
    }
  });
}

/// Puts `x` [head_dim] into a slot of one KV head's keys or values.
void Decoder::StoreVector(const float* x, std::byte* cache, size_t slot, size_t slots) const {
  const size_t D = arch_->head_dim;
  switch (settings_.kv) {
    case kernels::KvKind::kF16:
      return table_->to_f16(x, reinterpret_cast<uint16_t*>(cache) + slot * D, D);
    case kernels::KvKind::kF32:
      std::memcpy(reinterpret_cast<float*>(cache) + slot * D, x, D * sizeof(float));
      return;
    case kernels::KvKind::kInt8:
      kernels::KvScales(cache, slots, D)[slot] =
          table_->to_int8(x, reinterpret_cast<int8_t*>(cache) + slot * D, D);
      return;
  }
}

void Decoder::Attend(size_t index, const Chunk& chunk) {
  const LayerCache& cache = caches_[index];
  const size_t G = arch_->kv_heads, D = arch_->head_dim;
  const size_t group = arch_->heads / G;
  const auto head_bytes = static_cast<size_t>(kernels::KvBytes(settings_.kv, cache.slots, D));
  const size_t first_live = chunk.position + chunk.rows - chunk.live;

  BeginAttention(cache, chunk);
  const size_t even = chunk.live * G / (static_cast<size_t>(team_.threads()) * kTilesPerThread);
  const size_t tall = std::clamp<size_t>(even, 1, kernels::kAttentionRows);
  const size_t width = arch_->heads * D;
  team_.Tiles((chunk.live + tall - 1) / tall * G, [&](size_t tile, int worker) {
    const size_t row = tile / G * tall;
    const size_t g = tile % G;
    const size_t at = row * width + g * group * D;
    table_->attention({.q = q_ + at,
                       .out = attended_ + at,
                       .scratch = scratch_ + static_cast<size_t>(worker) * scratch_stride_,
                       .k = cache.keys + g * head_bytes,
                       .v = cache.values + g * head_bytes,
                       .kv = settings_.kv,
                       .group = static_cast<uint32_t>(group),
                       .head_dim = static_cast<uint32_t>(D),
                       .slots = cache.slots,
                       .end = static_cast<uint32_t>(first_live + row + 1),
                       .window = cache.window,
                       .scale = arch_->attention_scale,
                       .softcap = arch_->attention_softcap,
                       .rows = static_cast<uint32_t>(std::min(tall, chunk.live - row)),
                       .row_stride = width});
  });
}

void Decoder::FeedForward(const LayerWeights& layer, const Chunk& chunk) {
  const size_t F = arch_->ffn;
  const size_t rows = chunk.live;
  const Input in = NextInput(&layer.attention, layer.ffn.before, LiveStream(chunk), rows,
                             {&layer.up, &layer.gate});
  const bool gated = arch_->gated;
  const auto activation = static_cast<kernels::Activation>(arch_->activation);
  const Product first[] = {{&layer.up, in, nullptr}, {&layer.gate, in, nullptr}};
  Begin(Phase::kGateUp, {first, gated ? size_t{2} : size_t{1}});

  // Ranges of columns are made in a place of each thread's own, which stays in its cache: only what
  // they are activated to goes through memory. (At least F floats of the same memory are in front
  // of that place, so that it has such a column 0.)
  const size_t work = ColumnWork(first[0]) + (gated ? ColumnWork(first[1]) : 0);
  const size_t step = std::min(ActivatedColumns(rows), F);
  team_.Columns(F, work, [&](size_t begin, size_t end, int worker) {
    float* const ups = parts_ + static_cast<size_t>(worker) * 2 * part_stride_;
    float* const gates = gated ? ups + part_stride_ : ups;
    for (size_t at = begin, to = 0; at < end; at = to) {
      to = std::min(end, at + step);
      if (gated) MultiplyColumns({&layer.gate, in, gates - at}, step, at, to);
      MultiplyColumns({&layer.up, in, ups - at}, step, at, to);
      for (size_t row = 0; row < rows; ++row) {
        table_->activate(activation, gates + row * step, gated ? ups + row * step : nullptr,
                         activated_ + row * F + at, to - at);
      }
    }
  });
  const Product down = {&layer.down, Prepare(activated_, rows, {&layer.down}), h_};
  Multiply(Phase::kDown, {&down, 1});
}

std::span<const float> Decoder::Logits(const Chunk& chunk) {
  if (chunk.live == 0) return {};
  const size_t V = arch_->vocab;
  const ModelWeights& weights = model_->weights;
  const BlockNorms& last = weights.layers[weights.layers.size() - 1].ffn;
  const Input in =
      NextInput(&last, weights.final_norm, LiveStream(chunk), chunk.live, {&weights.head});
  const Product head = {&weights.head, in, logits_};
  Multiply(Phase::kHead, {&head, 1});
  const size_t count = chunk.live * V;
  if (arch_->logit_scale != 1) table_->scale(logits_, arch_->logit_scale, logits_, count);
  if (arch_->logit_softcap != 0) table_->softcap(logits_, arch_->logit_softcap, logits_, count);
  return {logits_, count};
}

// --- Pieces ---------------------------------------------------------------------------

float* Decoder::LiveStream(const Chunk& chunk) const {
  return x_ + (chunk.rows - chunk.live) * arch_->hidden;
}

Decoder::Input Decoder::NextInput(const BlockNorms* ended, const NormWeights& norm, float* stream,
                                  size_t rows, std::initializer_list<const Linear*> readers) const {
  const size_t D = arch_->hidden, bytes = kernels::QuantizedBytes(D);
  const bool normed = norm.gain != nullptr, quantized = AnyReadsQuantized(readers);
  Begin(ended != nullptr || normed ? Phase::kNorm : Phase::kQuantize);
  // A row is in the first-level cache all the while, and threads wait for each other once.
  team_.Rows(rows, D * (8 + kQuantizeWork), [&](size_t row) {
    float* h = h_ + row * D;
    float* x = stream + row * D;
    if (ended != nullptr) {
      Normalize(ended->inside, h, h, 1, D);
      table_->add_scaled(h, arch_->residual_scale, x, D);
      Normalize(ended->after, x, x, 1, D);
    }
    Normalize(norm, x, h, 1, D);
    if (quantized) table_->quantize(normed ? h : x, D, quantized_ + row * bytes);
  });
  return Told({normed ? h_ : stream, quantized ? quantized_ : nullptr, rows, D}, readers);
}

/// y = norm(x), where there is such a norm.
void Decoder::Normalize(const NormWeights& norm, const float* x, float* y, size_t rows,
                        size_t d) const {
  if (norm.gain == nullptr) return;
  table_->norm({.kind = static_cast<kernels::Norm>(arch_->norm),
                .eps = arch_->norm_eps,
                .eps_outside = arch_->norm_eps_outside,
                .gain = norm.gain,
                .bias = norm.bias},
               x, y, rows, d);
}

void Decoder::Rotate(int32_t rope, size_t row, float* x, size_t heads) const {
  if (rope < 0) return;
  const RopeTable& table = ropes_[static_cast<size_t>(rope)];
  const auto pairing = arch_->ropes[static_cast<size_t>(rope)].pairing;
  table_->rope(x, table.cosine + row * table.half, table.sine + row * table.half, heads,
               arch_->head_dim, table.half, static_cast<kernels::Pairing>(pairing));
}

Decoder::Input Decoder::Input::Last(size_t count) const {
  const size_t skipped = rows - count;
  return {x + skipped * k,
          quantized == nullptr ? nullptr : quantized + skipped * kernels::QuantizedBytes(k), count,
          k};
}

Decoder::Input Decoder::Prepare(const float* x, size_t rows,
                                std::initializer_list<const Linear*> readers) const {
  const size_t k = (*readers.begin())->w.k;
  if (!AnyReadsQuantized(readers)) return Told({x, nullptr, rows, k}, readers);
  Begin(Phase::kQuantize);
  const size_t bytes = kernels::QuantizedBytes(k);
  team_.Rows(rows, k * kQuantizeWork,
             [&](size_t row) { table_->quantize(x + row * k, k, quantized_ + row * bytes); });
  return Told({x, quantized_, rows, k}, readers);
}

Decoder::Input Decoder::Told(const Input& input,
                             std::initializer_list<const Linear*> readers) const {
  if (observer_.on_input != nullptr) {
    observer_.on_input(observer_.context, (*readers.begin())->w.data, input.x, input.rows, input.k);
  }
  return input;
}

/// What a column of a product costs, in multiply-adds of floats.
size_t Decoder::ColumnWork(const Product& product) {
  const kernels::Weights& w = product.linear->w;
  const size_t work = product.input.rows * w.k;
  return kernels::ReadsQuantized(w.panel) ? work / kQuantizedSpeed : work;
}

void Decoder::MultiplyColumns(const Product& product, size_t y_stride, size_t begin,
                              size_t end) const {
  const kernels::Weights& w = product.linear->w;
  table_->matmul[static_cast<size_t>(w.panel)]({.w = &w,
                                                .bias = product.linear->bias,
                                                .x = product.input.x,
                                                .quantized = product.input.quantized,
                                                .y = product.y,
                                                .y_stride = y_stride,
                                                .rows = static_cast<uint32_t>(product.input.rows),
                                                .begin = static_cast<uint32_t>(begin),
                                                .end = static_cast<uint32_t>(end)});
}

/// All products in one go: their columns lie side by side, each matrix beginning
/// where a tile may.
void Decoder::Multiply(Phase phase, std::span<const Product> products) const {
  Begin(phase, products);
  const auto padded = [](const Product& product) {
    return (size_t{product.linear->w.n} + kTileColumns - 1) / kTileColumns * kTileColumns;
  };
  size_t columns = 0;
  size_t work = 0;
  for (const Product& product : products) {
    columns += padded(product);
    work = std::max(work, ColumnWork(product));
  }
  team_.Columns(columns, work, [&](size_t begin, size_t end, int) {
    size_t at = 0;
    for (const Product& product : products) {
      const size_t from = std::max(begin, at) - at;
      const size_t to = std::min<size_t>(std::max(end, at) - at, product.linear->w.n);
      if (from < to) MultiplyColumns(product, product.linear->w.n, from, to);
      at += padded(product);
    }
  });
}

// --- Profiles -------------------------------------------------------------------------

void Decoder::TellProducts(Phase phase, std::span<const Product> products) const {
  PhaseWork work;
  for (const Product& product : products) {
    const kernels::Weights& w = product.linear->w;
    work.weight_bytes += MatrixBytes(w);
    work.multiply_adds += uint64_t{w.n} * w.k * product.input.rows;
  }
  observer_.on_phase(observer_.context, phase, work);
}

void Decoder::BeginAttention(const LayerCache& cache, const Chunk& chunk) const {
  if (observer_.on_phase == nullptr) return;
  uint64_t seen = 0;
  for (size_t row = chunk.rows - chunk.live; row < chunk.rows; ++row) {
    const size_t end = chunk.position + row + 1;
    seen += cache.window != 0 ? std::min<size_t>(end, cache.window) : end;
  }
  const uint64_t width = uint64_t{arch_->kv_heads} * arch_->head_dim;
  const uint64_t element = settings_.kv == kernels::KvKind::kInt8  ? 1
                           : settings_.kv == kernels::KvKind::kF16 ? 2
                                                                   : 4;
  observer_.on_phase(observer_.context, Phase::kAttention,
                     {.weight_bytes = 0,
                      .cache_bytes = 2 * seen * width * element,
                      .multiply_adds = 2 * seen * arch_->heads * arch_->head_dim});
}

}  // namespace quanta::llm
