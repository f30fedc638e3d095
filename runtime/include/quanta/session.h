// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quanta/model.h"
#include "quanta/status.h"

namespace quanta {

/// How keys and values are kept. kInt8: one scale for each head's vector, which costs
/// 1 + 4 / head_dim bytes a number.
enum class KvType : uint8_t { kF16 = 0, kF32 = 1, kInt8 = 2 };

struct SessionOptions {
  static constexpr uint32_t kMaxChunk = 4096;
  static constexpr int kMaxThreads = 256;

  uint32_t context = 0;  ///< tokens the session can hold; 0 = the model's own
  /// Tokens per prefill step, for which activations are sized; 0 = as many as make a prompt
  /// fast on this machine: 64, with AMX 128.
  uint32_t chunk = 0;
  KvType kv = KvType::kF16;
  int threads = 0;          ///< 0 = the usable cores, asked for anew each time
  bool all_logits = false;  ///< room for the logits of a whole chunk (eval)
};

/// How the next token is chosen. Filters apply in the order of the fields, each to
/// what the one before it left.
struct SamplingOptions {
  float repetition_penalty = 1;     ///< > 1: logits of seen tokens are divided (< 0: multiplied)
  uint32_t repetition_window = 64;  ///< last tokens that count as seen; 0 = all
  struct Bias {
    int32_t id;
    float value;
  };
  std::span<const Bias> logit_bias;  ///< added to the logits; borrowed during Sample
  float temperature = 0;             ///< 0 = greedy: the rest is not used
  uint32_t top_k = 0;                ///< keep the k likeliest; 0 = all
  float top_p = 1;                   ///< keep the likeliest until their sum reaches this share
  float min_p = 0;                   ///< keep those with at least min_p times the likeliest's
  /// Of the session's random numbers. Generator::Create applies it; who calls Sample
  /// alone calls Session::Seed.
  uint64_t seed = 0;
};

/// The parts of a forward pass that a profile tells apart.
enum class Phase : uint8_t {
  kEmbed,      ///< embedding rows, rotary angles
  kNorm,       ///< residual sums and norms, and what they give to int8
  kQuantize,   ///< other activations to int8
  kQkv,        ///< the products that make queries, keys and values
  kCache,      ///< norms and rotations of heads; keys and values into the cache
  kAttention,  ///< over the cache
  kOutput,     ///< attention's output product
  kGateUp,     ///< the feed-forward's first products, with the activation
  kDown,       ///< its last one
  kHead,       ///< logits
  kDone,       ///< the pass is over
};
inline constexpr int kPhases = static_cast<int>(Phase::kDone);

/// What a phase reads and computes.
struct PhaseWork {
  uint64_t weight_bytes = 0;
  uint64_t cache_bytes = 0;    ///< keys and values that the rows see, once for each row
  uint64_t multiply_adds = 0;  ///< of products and attention
};

/// One conversation with a model: its KV cache, activations, logits and sampler
/// state, all planned and taken from one arena when it is created. After that
/// nothing allocates.
///
/// Equal results: the same tokens give the same logits bit for bit on one machine,
/// whatever the thread count, the chunking and the history of the cache.
/// Threads: use one session from one thread at a time.
class Session {
 public:
  /// Bytes of arena that Create takes: exact, a multiple of Arena::kAlign.
  /// Errors: kInvalidArgument, kLimit (context beyond the model's), kOutOfMemory
  /// (the plan overflows the address space).
  static Result<size_t> Bytes(const Model& model, const SessionOptions& options,
                              ErrorDetail* detail = nullptr);

  /// `model` and `arena` (64-byte aligned) must outlive the session and stay where
  /// they are. Errors: those of Bytes; kOutOfMemory says how much is needed.
  static Result<Session> Create(const Model& model, const SessionOptions& options,
                                std::span<std::byte> arena, ErrorDetail* detail = nullptr);

  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;
  ~Session();  ///< The arena is the caller's: nothing is freed.

  struct FeedHooks {
    void* context = nullptr;
    /// Asked before each chunk; false cancels. May be null.
    bool (*proceed)(void* context, size_t done, size_t total) = nullptr;
    /// Given each chunk's logits [rows, vocab] (needs all_logits). `first` counts
    /// from the first token of this call. May be null.
    void (*on_logits)(void* context, size_t first, std::span<const float> logits) = nullptr;
    /// For profiles: told when a phase begins, on the thread that called Feed. May be null,
    /// which costs nothing.
    void (*on_phase)(void* context, Phase phase, const PhaseWork& work) = nullptr;
    /// For tools: given what the matrices read, x [rows, columns], before they do, layer by
    /// layer. `matrix`: where the first of those that read it lies in the model's bytes. Of the
    /// last layer only the rows that lead to logits. May be null, which costs nothing.
    void (*on_input)(void* context, const std::byte* matrix, const float* x, size_t rows,
                     size_t columns) = nullptr;
  };

  /// Appends `tokens` to the context, in chunks, and returns the last one's logits
  /// [vocab], valid until the next call.
  /// Errors: kInvalidArgument (no tokens, an id outside the vocabulary), kLimit
  /// (they do not fit; nothing was fed), kCancelled (whole chunks stay fed: see
  /// position()).
  Result<std::span<const float>> Feed(std::span<const int32_t> tokens, const FeedHooks& hooks,
                                      ErrorDetail* detail = nullptr);
  Result<std::span<const float>> Feed(std::span<const int32_t> tokens,
                                      ErrorDetail* detail = nullptr) {
    return Feed(tokens, FeedHooks(), detail);
  }

  /// Chooses a token from the logits of the last Feed; does not feed it. Greedy ties
  /// go to the lowest id.
  /// Errors: kInvalidArgument (nothing fed since the session was created, truncated
  /// or a Feed failed; a bias outside the vocabulary; an option that is NaN or out
  /// of range; no token left to choose).
  Result<int32_t> Sample(const SamplingOptions& options, ErrorDetail* detail = nullptr);

  /// Restarts the random numbers: the same seed gives the same choices.
  void Seed(uint64_t seed);

  /// Forgets all but the first `tokens` tokens, to go on from a shared prefix. Their
  /// last logits are gone: feed at least one token before the next Sample.
  /// Errors: kInvalidArgument if there are fewer, or if a sliding window has
  /// already dropped what would be needed (Truncate(0) always works).
  Status Truncate(size_t tokens);

  size_t position() const;                  ///< tokens fed
  uint32_t context() const;                 ///< tokens it can hold
  uint32_t chunk() const;                   ///< tokens per prefill step
  int threads() const;                      ///< in use
  std::span<const int32_t> tokens() const;  ///< fed so far, [position()]
  const Model& model() const;

  struct State;  ///< the runtime's own
  State& state() { return *state_; }

 private:
  explicit Session(State* state) : state_(state) {}
  State* state_ = nullptr;  ///< lies in the arena
};

}  // namespace quanta
