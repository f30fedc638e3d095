// SPDX-License-Identifier: MIT
#include "quanta/session.h"

#include <algorithm>
#include <new>
#include <type_traits>
#include <utility>

#include "quanta/arena.h"
#include "runtime/core/thread_pool.h"
#include "runtime/llm/decoder.h"
#include "runtime/llm/model_impl.h"
#include "runtime/llm/sampler.h"

namespace quanta {

/// Lies in the arena, as everything it points to.
struct Session::State {
  const Model* model = nullptr;
  llm::DecoderSettings settings;
  llm::Decoder decoder;
  std::span<int32_t> tokens;             ///< [context]
  std::span<llm::Candidate> candidates;  ///< [vocab]
  std::span<const float> logits;         ///< of the last token; empty: none valid
  llm::Random random;
  size_t position = 0;
  size_t high = 0;  ///< the most positions the cache ever held since it was empty

  std::span<const int32_t> history() const { return tokens.first(position); }
};

namespace {

using State = Session::State;
static_assert(std::is_trivially_copyable_v<State>, "arenas run no constructors");

Status BadOption(const char* name, int64_t value, const char* range, ErrorDetail* detail) {
  return Fail(detail, Code::kInvalidArgument, "a session option is out of range",
              "%s is %lld: it must be %s", name, static_cast<long long>(value), range);
}

static_assert(static_cast<int>(KvType::kF16) == static_cast<int>(kernels::KvKind::kF16) &&
              static_cast<int>(KvType::kF32) == static_cast<int>(kernels::KvKind::kF32) &&
              static_cast<int>(KvType::kInt8) == static_cast<int>(kernels::KvKind::kInt8));

/// The options with their defaults filled in, checked against the model.
Result<llm::DecoderSettings> Resolve(const Model& model, const SessionOptions& options,
                                     ErrorDetail* detail) {
  const uint32_t limit = model.info().context;
  llm::DecoderSettings settings;
  settings.context = options.context == 0 ? limit : options.context;
  if (settings.context > limit) {
    return Fail(detail, Code::kLimit, "the context is longer than the model's",
                "a context of %u tokens was asked for: this model was made for at most %u",
                options.context, limit);
  }
  if (options.chunk > SessionOptions::kMaxChunk) {
    return BadOption("chunk", options.chunk, "from 0 (what suits the machine) to 4096", detail);
  }
  const uint32_t chunk = options.chunk != 0 ? options.chunk : model.impl().kernels->prompt_rows;
  settings.chunk = std::min(chunk, settings.context);
  if (options.kv > KvType::kInt8) {
    return BadOption("kv", static_cast<int>(options.kv), "f16, f32 or int8", detail);
  }
  settings.kv = static_cast<kernels::KvKind>(options.kv);
  if (options.threads < 0 || options.threads > SessionOptions::kMaxThreads) {
    return BadOption("threads", options.threads, "from 0 (the usable cores) to 256", detail);
  }
  settings.threads = options.threads != 0
                         ? options.threads
                         : std::min(ThreadPool::UsableCores(), SessionOptions::kMaxThreads);
  settings.all_logits = options.all_logits;
  return settings;
}

/// The one plan: measured by Bytes, executed by Create. Sets `state` up with what
/// it took; `self` is where the state shall lie.
Status Plan(const Model& model, const llm::DecoderSettings& settings, Arena* arena, State* state,
            std::span<State>* self) {
  QUANTA_TRY(arena->Take(1, self));
  QUANTA_TRY(arena->Take(settings.context, &state->tokens));
  QUANTA_TRY(arena->Take(model.info().vocab, &state->candidates));
  state->model = &model;
  state->settings = settings;
  return llm::Decoder::Plan(model.impl(), settings, arena, &state->decoder);
}

Result<size_t> Measure(const Model& model, const llm::DecoderSettings& settings,
                       ErrorDetail* detail) {
  Arena arena = Arena::Measure();
  State state;
  std::span<State> self;
  if (Status status = Plan(model, settings, &arena, &state, &self); !status.ok()) {
    return Fail(detail, status.code(), status.what(),
                "a session of %u tokens needs more memory than this machine can address: "
                "ask for a shorter context",
                settings.context);
  }
  return arena.used();
}

Status CheckTokens(const State& state, std::span<const int32_t> tokens, ErrorDetail* detail) {
  if (tokens.empty()) {
    return Fail(detail, Code::kInvalidArgument, "no tokens to feed", "no tokens to feed");
  }
  const size_t room = state.settings.context - state.position;
  if (tokens.size() > room) {
    return Fail(detail, Code::kLimit, "the tokens do not fit into the context",
                "%zu tokens do not fit: the context holds %u and %zu of them are taken",
                tokens.size(), state.settings.context, state.position);
  }
  const uint32_t vocab = state.model->info().vocab;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<uint32_t>(tokens[i]) >= vocab) {
      return Fail(detail, Code::kInvalidArgument, "a token is outside the vocabulary",
                  "token %zu is %d: the vocabulary has %u", i, tokens[i], vocab);
    }
  }
  return {};
}

}  // namespace

Result<size_t> Session::Bytes(const Model& model, const SessionOptions& options,
                              ErrorDetail* detail) {
  QUANTA_ASSIGN(const llm::DecoderSettings settings, Resolve(model, options, detail));
  return Measure(model, settings, detail);
}

Result<Session> Session::Create(const Model& model, const SessionOptions& options,
                                std::span<std::byte> storage, ErrorDetail* detail) {
  QUANTA_ASSIGN(const llm::DecoderSettings settings, Resolve(model, options, detail));
  QUANTA_ASSIGN(const size_t bytes, Measure(model, settings, detail));
  if (storage.size() < bytes) {
    return Fail(detail, Code::kOutOfMemory, "the arena is too small for the session",
                "the session needs %zu bytes, the arena has %zu", bytes, storage.size());
  }
  Arena arena(storage);
  State state;
  std::span<State> self;
  if (Status status = Plan(model, settings, &arena, &state, &self); !status.ok()) {
    return Fail(detail, status.code(), status.what(), "%s", status.what());
  }
  QUANTA_CHECK(arena.used() == bytes);
  // The scratch is planned for the threads asked for; fewer may come.
  state.settings.threads = ThreadPool::Process().Reserve(settings.threads);
  state.decoder.UseThreads(state.settings.threads);
  return Session(new (self.data()) State(state));
}

Session::Session(Session&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
Session& Session::operator=(Session&& other) noexcept {
  state_ = std::exchange(other.state_, nullptr);
  return *this;
}
Session::~Session() = default;

Result<std::span<const float>> Session::Feed(std::span<const int32_t> tokens,
                                             const FeedHooks& hooks, ErrorDetail* detail) {
  State& state = *state_;
  QUANTA_TRY(CheckTokens(state, tokens, detail));
  if (hooks.on_logits != nullptr && !state.settings.all_logits) {
    return Fail(detail, Code::kInvalidArgument, "the session has no room for all logits",
                "create the session with all_logits to see the logits of every token");
  }

  const size_t vocab = state.model->info().vocab;
  state.logits = {};
  state.decoder.Observe(
      {.context = hooks.context, .on_phase = hooks.on_phase, .on_input = hooks.on_input});
  for (size_t done = 0; done < tokens.size();) {
    if (hooks.proceed != nullptr && !hooks.proceed(hooks.context, done, tokens.size())) {
      return Fail(detail, Code::kCancelled, "cancelled", "cancelled after %zu of %zu tokens", done,
                  tokens.size());
    }
    const size_t rows = std::min<size_t>(state.settings.chunk, tokens.size() - done);
    const bool last = done + rows == tokens.size();
    const llm::Rows wanted = hooks.on_logits != nullptr ? llm::Rows::kAll
                             : last                     ? llm::Rows::kLast
                                                        : llm::Rows::kNone;
    const auto chunk = tokens.subspan(done, rows);
    const auto logits = state.decoder.Run(chunk, state.position, wanted);
    std::copy(chunk.begin(), chunk.end(),
              state.tokens.begin() + static_cast<ptrdiff_t>(state.position));
    state.position += rows;
    state.high = std::max(state.high, state.position);
    if (hooks.on_logits != nullptr) hooks.on_logits(hooks.context, done, logits);
    if (last) state.logits = logits.last(vocab);
    done += rows;
  }
  return state.logits;
}

Result<int32_t> Session::Sample(const SamplingOptions& options, ErrorDetail* detail) {
  State& state = *state_;
  if (state.logits.empty()) {
    return Fail(detail, Code::kInvalidArgument, "there are no logits to choose from",
                "there are no logits to choose from: feed at least one token first");
  }
  QUANTA_TRY(llm::CheckSampling(options, state.model->info().vocab, detail));
  return llm::ChooseToken(state.logits, options, state.history(), state.candidates, &state.random,
                          detail);
}

void Session::Seed(uint64_t seed) { state_->random = llm::Random(seed); }

Status Session::Truncate(size_t tokens) {
  State& state = *state_;
  if (tokens > state.position) {
    return {Code::kInvalidArgument, "the session has fewer tokens than shall be kept"};
  }
  if (tokens == state.position) return {};
  if (!state.decoder.CanResume(tokens, state.high)) {
    return {Code::kInvalidArgument, "a sliding window has dropped what would be needed"};
  }
  state.position = tokens;
  if (tokens == 0) state.high = 0;
  state.logits = {};
  return {};
}

size_t Session::position() const { return state_->position; }
uint32_t Session::context() const { return state_->settings.context; }
uint32_t Session::chunk() const { return state_->settings.chunk; }
int Session::threads() const { return state_->settings.threads; }
std::span<const int32_t> Session::tokens() const { return state_->history(); }
const Model& Session::model() const { return *state_->model; }

}  // namespace quanta
