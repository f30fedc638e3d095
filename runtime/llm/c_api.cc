// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "quanta/chat.h"
#include "quanta/generator.h"
#include "quanta/model.h"
#include "quanta/quanta.h"
#include "quanta/self_test.h"
#include "quanta/session.h"
#include "runtime/core/array.h"
#include "runtime/platform/platform.h"

using quanta::Array;
using quanta::Code;
using quanta::ErrorDetail;
using quanta::Result;
using quanta::Status;

struct quanta_model {
  quanta::Model model;
};

struct quanta_session {
  quanta::platform::PageBlock arena;  ///< empty if the arena is the caller's
  quanta::Session session;
};

struct quanta_generator {
  Array<char> storage;
  Array<char> stop_bytes;
  Array<std::string_view> stops;
  Array<quanta::SamplingOptions::Bias> bias;
  std::optional<quanta::Generator> generator;
};

static_assert(QUANTA_UNVERIFIED == static_cast<int>(Code::kUnverified));
static_assert(QUANTA_STOP_CONTEXT_FULL == static_cast<int>(quanta::StopReason::kContextFull));
static_assert(QUANTA_KV_F32 == static_cast<int>(quanta::KvType::kF32));
static_assert(QUANTA_KV_INT8 == static_cast<int>(quanta::KvType::kInt8));
static_assert(QUANTA_ROLE_ASSISTANT == static_cast<int>(quanta::ChatRole::kAssistant));
static_assert(sizeof(quanta_error::detail) == ErrorDetail::kCapacity);

namespace {

constexpr size_t kAlign = 64;

quanta_code Report(Status status, const ErrorDetail& detail, quanta_error* error) {
  if (!status.ok() && error != nullptr) {
    error->code = static_cast<quanta_code>(status.code());
    error->what = status.what();
    std::snprintf(error->detail, sizeof(error->detail), "%s", detail.text());
  }
  return static_cast<quanta_code>(status.code());
}

/// Runs `body(ErrorDetail*)`, a Status, and reports what it says.
template <class Body>
quanta_code Guarded(quanta_error* error, const Body& body) {
  ErrorDetail detail;
  const Status status = body(&detail);
  return Report(status, detail, error);
}

Status NullArgument(ErrorDetail* detail, const char* name) {
  return Fail(detail, Code::kInvalidArgument, "an argument is NULL", "%s is NULL", name);
}

#define QUANTA_NOT_NULL(pointer) \
  if ((pointer) == nullptr) return NullArgument(detail, #pointer)

/// The caller's options, those fields that it knows; the others zero. Fields that
/// only a newer header has must be zero.
template <class Options>
Result<Options> ReadOptions(const Options* options, ErrorDetail* detail) {
  Options known = {};
  if (options == nullptr) return known;
  const size_t size = options->struct_size;
  if (size < sizeof(uint32_t)) {
    return Fail(detail, Code::kInvalidArgument, "struct_size is not set",
                "struct_size is %zu: set it to sizeof the struct", size);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(options);
  const auto set = [](unsigned char byte) { return byte != 0; };
  if (size > sizeof(Options) && std::any_of(bytes + sizeof(Options), bytes + size, set)) {
    return Fail(detail, Code::kUnsupported, "an option is newer than this library",
                "an option struct of %zu bytes sets what this library does not know", size);
  }
  std::memcpy(&known, options, std::min(size, sizeof(Options)));
  return known;
}

template <class T, class... Arguments>
Status New(T** out, Arguments&&... arguments) {
  T* object = new (std::nothrow) T{std::forward<Arguments>(arguments)...};
  if (object == nullptr) return {Code::kOutOfMemory, "the heap is exhausted"};
  *out = object;
  return {};
}

/// Copies to the caller's buffer, or says how large it must be.
template <class T>
Status CopyOut(std::span<const T> from, T* to, size_t capacity, size_t* count,
               ErrorDetail* detail) {
  *count = from.size();
  if (from.size() > capacity) {
    return Fail(detail, Code::kOutOfMemory, "the buffer is too small",
                "the result has %zu elements, the buffer has room for %zu", from.size(), capacity);
  }
  std::copy(from.begin(), from.end(), to);
  return {};
}

quanta_text ToC(std::string_view text) { return {text.data(), text.size()}; }
std::string_view FromC(const quanta_text& text) { return {text.data, text.size}; }

/// Text that is measured and written in one pass: what does not fit is counted only.
struct TextSink {
  char* text;
  size_t capacity;
  size_t size = 0;

  void Add(std::string_view piece) {
    if (size <= capacity && piece.size() <= capacity - size) {
      std::copy(piece.begin(), piece.end(), text + size);
    }
    size += piece.size();
  }
};

// --- Options ----------------------------------------------------------------------

Result<quanta::OpenOptions> OpenOptionsFrom(const quanta_open_options* options,
                                            ErrorDetail* detail) {
  QUANTA_ASSIGN(const quanta_open_options c, ReadOptions(options, detail));
  quanta::OpenOptions result;
  result.verify_data = c.verify_data != 0;
  if (c.public_key != nullptr) result.require_signature = {c.public_key, 32};
  return result;
}

Result<quanta::SessionOptions> SessionOptionsFrom(const quanta_session_options* options,
                                                  ErrorDetail* detail) {
  QUANTA_ASSIGN(const quanta_session_options c, ReadOptions(options, detail));
  quanta::SessionOptions result;
  result.context = c.context;
  result.chunk = c.chunk;
  if (c.kv_type > QUANTA_KV_INT8) {
    return Fail(detail, Code::kInvalidArgument, "unknown kv_type", "kv_type is %u", c.kv_type);
  }
  result.kv = static_cast<quanta::KvType>(c.kv_type);
  result.threads = c.threads;
  result.all_logits = c.all_logits != 0;
  return result;
}

using Bias = quanta::SamplingOptions::Bias;
static_assert(sizeof(Bias) == sizeof(quanta_logit_bias) &&
              offsetof(Bias, id) == offsetof(quanta_logit_bias, id) &&
              offsetof(Bias, value) == offsetof(quanta_logit_bias, value));

/// The caller's own array, read in place: sampling allocates nothing.
std::span<const Bias> BiasOf(const quanta_sampling_options& options) {
  return {reinterpret_cast<const Bias*>(options.logit_bias), options.logit_bias_count};
}

quanta::SamplingOptions SamplingFrom(const quanta_sampling_options& c) {
  quanta::SamplingOptions result;
  if (c.repetition_penalty != 0) result.repetition_penalty = c.repetition_penalty;
  if (c.repetition_window == UINT32_MAX) {
    result.repetition_window = 0;
  } else if (c.repetition_window != 0) {
    result.repetition_window = c.repetition_window;
  }
  result.temperature = c.temperature;
  result.top_k = c.top_k;
  if (c.top_p != 0) result.top_p = c.top_p;
  result.min_p = c.min_p;
  result.seed = c.seed;
  return result;
}

/// Copies the stop strings, so that the caller's may go.
Status CopyStops(const quanta_generate_options& options, quanta_generator* generator,
                 ErrorDetail* detail) {
  if (options.stop_count > quanta::Generator::kMaxStops) {
    return Fail(detail, Code::kInvalidArgument, "too many stop strings",
                "%zu stop strings were given: at most %zu can be", options.stop_count,
                quanta::Generator::kMaxStops);
  }
  constexpr size_t kEach = quanta::Generator::kMaxStopBytes + 1;  // one too long is seen as such
  QUANTA_ASSIGN(generator->stop_bytes, Array<char>::Create(options.stop_count * kEach));
  QUANTA_ASSIGN(generator->stops, Array<std::string_view>::Create(options.stop_count));
  for (size_t i = 0; i < options.stop_count; ++i) {
    char* copy = generator->stop_bytes.begin() + i * kEach;
    const std::string_view stop = FromC(options.stops[i]).substr(0, kEach);
    std::copy(stop.begin(), stop.end(), copy);
    generator->stops[i] = {copy, stop.size()};
  }
  return {};
}

// --- Chat --------------------------------------------------------------------------

quanta::RenderOptions RenderOptionsFrom(uint32_t flags) {
  return {.generation_prompt = (flags & QUANTA_CHAT_NO_GENERATION_PROMPT) == 0,
          .parse_special = (flags & QUANTA_CHAT_PARSE_SPECIAL) != 0};
}

Result<Array<quanta::ChatMessage>> MessagesFrom(const quanta_message* messages, size_t count,
                                                ErrorDetail* detail) {
  auto result = Array<quanta::ChatMessage>::Create(count);
  if (!result.ok()) return result;
  for (size_t i = 0; i < count; ++i) {
    if (messages[i].role > QUANTA_ROLE_ASSISTANT) {
      return Fail(detail, Code::kInvalidArgument, "a message has an unknown role",
                  "message %zu has role %u", i, messages[i].role);
    }
    (*result)[i] = {static_cast<quanta::ChatRole>(messages[i].role), FromC(messages[i].content)};
  }
  return result;
}

}  // namespace

uint32_t quanta_abi_version(void) { return QUANTA_ABI_VERSION; }

void* quanta_aligned_alloc(size_t size) {
  return ::operator new (size, std::align_val_t{kAlign}, std::nothrow);
}

void quanta_aligned_free(void* memory) {
  ::operator delete (memory, std::align_val_t{kAlign}, std::nothrow);
}

// --- Models --------------------------------------------------------------------------

quanta_code quanta_model_open_file(const char* path, const quanta_open_options* options,
                                   quanta_model** out, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(path);
    QUANTA_NOT_NULL(out);
    QUANTA_ASSIGN(const quanta::OpenOptions open, OpenOptionsFrom(options, detail));
    QUANTA_ASSIGN(quanta::Model model, quanta::Model::Open(path, open, detail));
    return New(out, std::move(model));
  });
}

quanta_code quanta_model_open_bytes(const void* bytes, size_t size,
                                    const quanta_open_options* options, quanta_model** out,
                                    quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(bytes);
    QUANTA_NOT_NULL(out);
    const std::span<const std::byte> file(static_cast<const std::byte*>(bytes), size);
    QUANTA_ASSIGN(const quanta::OpenOptions open, OpenOptionsFrom(options, detail));
    QUANTA_ASSIGN(quanta::Model model, quanta::Model::Open(file, open, detail));
    return New(out, std::move(model));
  });
}

void quanta_model_free(quanta_model* model) { delete model; }

quanta_code quanta_model_get_info(const quanta_model* model, quanta_model_info* info,
                                  quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_NOT_NULL(info);
    const quanta::ModelInfo& from = model->model.info();
    quanta_model_info to = {};
    to.struct_size = info->struct_size;
    to.layers = from.layers;
    to.hidden = from.hidden;
    to.heads = from.heads;
    to.kv_heads = from.kv_heads;
    to.head_dim = from.head_dim;
    to.ffn = from.ffn;
    to.vocab = from.vocab;
    to.context = from.context;
    to.compressed = from.compressed;
    to.is_signed = from.is_signed;
    to.has_chat_template = from.has_chat_template;
    to.has_self_test = from.has_self_test;
    std::copy_n(from.public_key, 32, to.public_key);
    to.parameters = from.parameters;
    to.data_bytes = from.data_bytes;
    to.decode_bytes = from.decode_bytes;
    to.file_bytes = from.file_bytes;
    to.family = ToC(from.family);
    to.source = ToC(from.source);
    to.license = ToC(from.license);
    to.quantization = ToC(from.quantization);
    to.tool = ToC(from.tool);
    if (to.struct_size < sizeof(uint32_t)) {
      return Fail(detail, Code::kInvalidArgument, "struct_size is not set",
                  "info->struct_size is %u: set it to sizeof(quanta_model_info)", to.struct_size);
    }
    std::memcpy(info, &to, std::min<size_t>(to.struct_size, sizeof(to)));
    return {};
  });
}

quanta_code quanta_model_verify(const quanta_model* model, quanta_progress progress, void* context,
                                quanta_error* error) {
  struct Caller {
    quanta_progress progress;
    void* context;
  } caller = {progress, context};
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    if (progress == nullptr) return model->model.VerifyData(detail);
    const auto forward = [](void* pointer, uint64_t done, uint64_t total) {
      const auto* to = static_cast<const Caller*>(pointer);
      return to->progress(to->context, done, total) != 0;
    };
    return model->model.VerifyData(detail, forward, &caller);
  });
}

quanta_code quanta_model_self_test(const quanta_model* model, int32_t threads, uint32_t* judged,
                                   quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_ASSIGN(const quanta::SelfTestReport report,
                  quanta::RunSelfTest(model->model, threads, detail));
    if (judged != nullptr) *judged = report.judged;
    return {};
  });
}

// --- Text and ids ---------------------------------------------------------------------

quanta_code quanta_encode(const quanta_model* model, const char* text, size_t size, uint32_t flags,
                          int32_t* ids, size_t capacity, size_t* count, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_NOT_NULL(count);
    quanta::EncodeOptions options;
    options.add_special = (flags & QUANTA_ENCODE_NO_SPECIAL) == 0;
    options.parse_special = (flags & QUANTA_ENCODE_PARSE_SPECIAL) != 0;
    quanta::TokenBuffer buffer;
    QUANTA_TRY(model->model.tokenizer().Encode({text, size}, options, &buffer));
    return CopyOut(buffer.ids(), ids, capacity, count, detail);
  });
}

quanta_code quanta_decode(const quanta_model* model, const int32_t* ids, size_t count,
                          uint32_t flags, char* text, size_t capacity, size_t* size,
                          quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_NOT_NULL(size);
    const quanta::Tokenizer& tokenizer = model->model.tokenizer();
    QUANTA_ASSIGN(Array<char> storage,
                  Array<char>::Create(quanta::TextDecoder::StorageBytes(tokenizer)));
    quanta::TextDecoder decoder(tokenizer, {storage.data(), storage.size()},
                                (flags & QUANTA_DECODE_SKIP_SPECIAL) != 0);
    // Measured first, so that a buffer that is too small stays as it was.
    TextSink measured = {nullptr, 0};
    for (size_t i = 0; i < count; ++i) measured.size += decoder.Push(ids[i]).size();
    measured.size += decoder.Finish().size();
    *size = measured.size;
    if (measured.size > capacity) {
      return Fail(detail, Code::kOutOfMemory, "the buffer is too small",
                  "the text has %zu bytes, the buffer has room for %zu", measured.size, capacity);
    }
    TextSink sink = {text, capacity};
    for (size_t i = 0; i < count; ++i) sink.Add(decoder.Push(ids[i]));
    sink.Add(decoder.Finish());
    return {};
  });
}

int32_t quanta_is_stop_token(const quanta_model* model, int32_t id) {
  return model->model.tokenizer().IsStop(id) ? 1 : 0;
}

quanta_code quanta_chat_encode(const quanta_model* model, const quanta_message* messages,
                               size_t message_count, uint32_t flags, int32_t* ids, size_t capacity,
                               size_t* count, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_NOT_NULL(count);
    QUANTA_ASSIGN(const Array<quanta::ChatMessage> chat,
                  MessagesFrom(messages, message_count, detail));
    quanta::TokenBuffer buffer;
    QUANTA_TRY(
        quanta::EncodeChat(model->model, chat.span(), RenderOptionsFrom(flags), &buffer, detail));
    return CopyOut(buffer.ids(), ids, capacity, count, detail);
  });
}

quanta_code quanta_chat_render(const quanta_model* model, const quanta_message* messages,
                               size_t message_count, uint32_t flags, char* text, size_t capacity,
                               size_t* size, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_NOT_NULL(size);
    QUANTA_ASSIGN(const Array<quanta::ChatMessage> chat,
                  MessagesFrom(messages, message_count, detail));
    const auto render = [&](TextSink* sink) {
      const auto add = [](void* context, std::string_view piece, bool) {
        static_cast<TextSink*>(context)->Add(piece);
        return Status();
      };
      return quanta::RenderChat(model->model, chat.span(), RenderOptionsFrom(flags), add, sink,
                                detail);
    };
    TextSink measured = {nullptr, 0};
    QUANTA_TRY(render(&measured));
    *size = measured.size;
    if (measured.size > capacity) {
      return Fail(detail, Code::kOutOfMemory, "the buffer is too small",
                  "the text has %zu bytes, the buffer has room for %zu", measured.size, capacity);
    }
    TextSink sink = {text, capacity};
    return render(&sink);
  });
}

// --- Sessions --------------------------------------------------------------------------

quanta_code quanta_session_bytes(const quanta_model* model, const quanta_session_options* options,
                                 size_t* bytes, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_NOT_NULL(bytes);
    QUANTA_ASSIGN(const quanta::SessionOptions session, SessionOptionsFrom(options, detail));
    QUANTA_ASSIGN(*bytes, quanta::Session::Bytes(model->model, session, detail));
    return {};
  });
}

quanta_code quanta_session_create(const quanta_model* model, const quanta_session_options* options,
                                  void* arena, size_t arena_size, quanta_session** out,
                                  quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(model);
    QUANTA_NOT_NULL(out);
    QUANTA_ASSIGN(const quanta::SessionOptions from, SessionOptionsFrom(options, detail));
    std::span<std::byte> storage(static_cast<std::byte*>(arena), arena_size);
    quanta::platform::PageBlock own;
    if (arena == nullptr && arena_size == 0) {
      QUANTA_ASSIGN(const size_t bytes, quanta::Session::Bytes(model->model, from, detail));
      QUANTA_ASSIGN(own, quanta::platform::PageBlock::Create(bytes, detail));
      storage = own.bytes();
    }
    QUANTA_ASSIGN(quanta::Session session,
                  quanta::Session::Create(model->model, from, storage, detail));
    return New(out, std::move(own), std::move(session));
  });
}

void quanta_session_free(quanta_session* session) { delete session; }

quanta_code quanta_session_feed(quanta_session* session, const int32_t* tokens, size_t count,
                                const quanta_feed_hooks* hooks, const float** logits,
                                quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(session);
    QUANTA_ASSIGN(quanta_feed_hooks caller, ReadOptions(hooks, detail));
    quanta::Session::FeedHooks forward;
    struct Context {
      const quanta_feed_hooks* hooks;
      size_t vocab;
    } context = {&caller, session->session.model().info().vocab};
    forward.context = &context;
    if (caller.proceed != nullptr) {
      forward.proceed = [](void* pointer, size_t done, size_t total) {
        const auto* to = static_cast<const Context*>(pointer)->hooks;
        return to->proceed(to->context, done, total) != 0;
      };
    }
    if (caller.on_logits != nullptr) {
      forward.on_logits = [](void* pointer, size_t first, std::span<const float> rows) {
        const auto* to = static_cast<const Context*>(pointer);
        to->hooks->on_logits(to->hooks->context, first, rows.data(), rows.size() / to->vocab);
      };
    }
    QUANTA_ASSIGN(const std::span<const float> last,
                  session->session.Feed({tokens, count}, forward, detail));
    if (logits != nullptr) *logits = last.data();
    return {};
  });
}

quanta_code quanta_session_sample(quanta_session* session, const quanta_sampling_options* options,
                                  int32_t* id, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(session);
    QUANTA_NOT_NULL(id);
    QUANTA_ASSIGN(const quanta_sampling_options c, ReadOptions(options, detail));
    quanta::SamplingOptions sampling = SamplingFrom(c);
    sampling.logit_bias = BiasOf(c);
    QUANTA_ASSIGN(*id, session->session.Sample(sampling, detail));
    return {};
  });
}

void quanta_session_seed(quanta_session* session, uint64_t seed) { session->session.Seed(seed); }

quanta_code quanta_session_truncate(quanta_session* session, size_t tokens, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(session);
    return session->session.Truncate(tokens);
  });
}

size_t quanta_session_position(const quanta_session* session) {
  return session->session.position();
}

const int32_t* quanta_session_tokens(const quanta_session* session) {
  return session->session.tokens().data();
}

uint32_t quanta_session_context(const quanta_session* session) {
  return session->session.context();
}

int32_t quanta_session_threads(const quanta_session* session) { return session->session.threads(); }

// --- Generation --------------------------------------------------------------------------

quanta_code quanta_generator_create(quanta_session* session, const quanta_generate_options* options,
                                    quanta_generator** out, quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(session);
    QUANTA_NOT_NULL(out);
    QUANTA_ASSIGN(const quanta_generate_options c, ReadOptions(options, detail));
    QUANTA_ASSIGN(const quanta_sampling_options sampling, ReadOptions(c.sampling, detail));
    quanta_generator* made = nullptr;
    QUANTA_TRY(New(&made));
    std::unique_ptr<quanta_generator> generator(made);
    QUANTA_TRY(CopyStops(c, made, detail));
    QUANTA_ASSIGN(made->bias, Array<Bias>::Create(sampling.logit_bias_count));
    const std::span<const Bias> bias = BiasOf(sampling);
    std::copy(bias.begin(), bias.end(), made->bias.begin());
    QUANTA_ASSIGN(made->storage,
                  Array<char>::Create(quanta::Generator::StorageBytes(session->session.model())));

    quanta::GenerateOptions generate;
    generate.sampling = SamplingFrom(sampling);
    generate.sampling.logit_bias = made->bias.span();
    if (c.max_tokens != 0) generate.max_tokens = c.max_tokens;
    generate.stops = made->stops.span();
    generate.ignore_stop_tokens = c.ignore_stop_tokens != 0;
    QUANTA_ASSIGN(made->generator,
                  quanta::Generator::Create(session->session, generate,
                                            {made->storage.data(), made->storage.size()}, detail));
    *out = generator.release();
    return {};
  });
}

quanta_code quanta_generator_next(quanta_generator* generator, quanta_step* step,
                                  quanta_error* error) {
  return Guarded(error, [&](ErrorDetail* detail) -> Status {
    QUANTA_NOT_NULL(generator);
    QUANTA_NOT_NULL(step);
    QUANTA_ASSIGN(const quanta::Generator::Step next, generator->generator->Next(detail));
    *step = {next.id, static_cast<int32_t>(next.stop), ToC(next.text)};
    return {};
  });
}

void quanta_generator_free(quanta_generator* generator) { delete generator; }
