/* SPDX-License-Identifier: MIT */
#ifndef QUANTA_QUANTA_H_
#define QUANTA_QUANTA_H_

/* C API of the quanta runtime: a stable ABI, and what the wasm module exports.
 *
 * (1) Handles are opaque. Each `_open`/`_create` has one `_free`, which takes NULL.
 * (2) Fallible functions return a quanta_code and touch their outputs only on
 *     QUANTA_OK (the two exceptions say so). `error`, which may be NULL, is filled
 *     only on failure.
 * (3) Option structs begin with `struct_size`: zero-initialise, set it to sizeof the
 *     struct, then set what matters. Zero is always the default, and a NULL pointer
 *     to options means all defaults.
 * (4) Pointers are borrowed for the call unless a comment says "must outlive".
 *     Texts are UTF-8 with a length; what the library hands out has no final NUL.
 * (5) Sizes are in bytes, counts in elements, token ids are int32_t >= 0.
 * (6) No locks: use one session from one thread at a time. Models are immutable: any
 *     number of threads may share one. The process's pool of threads is the only
 *     global state.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a program built against an older header could break. */
#define QUANTA_ABI_VERSION 1
uint32_t quanta_abi_version(void);

/* The kind of failure. */
typedef int32_t quanta_code;
enum {
  QUANTA_OK = 0,
  QUANTA_INVALID_ARGUMENT = 1, /* a documented precondition does not hold */
  QUANTA_OUT_OF_MEMORY = 2,    /* an arena, a buffer or the heap is too small */
  QUANTA_CORRUPT = 3,          /* bytes that are not what their format promises */
  QUANTA_UNSUPPORTED = 4,      /* well formed, but beyond this build */
  QUANTA_DENIED = 5,           /* a capability is missing */
  QUANTA_LIMIT = 6,            /* a stated bound (context, size) was reached */
  QUANTA_INTERNAL = 7,         /* a bug in quanta */
  QUANTA_NOT_FOUND = 8,        /* no such file or part */
  QUANTA_IO = 9,               /* the operating system failed */
  QUANTA_NO_SPACE = 10,        /* the device is full */
  QUANTA_CANCELLED = 11,       /* the caller asked to stop */
  QUANTA_UNVERIFIED = 12       /* a hash, a signature or a self-test does not match */
};

/* Why a call failed. Strings end in NUL. */
typedef struct quanta_error {
  quanta_code code;
  const char* what; /* in general: a static string */
  char detail[512]; /* in particular: which file, value, how much; may be empty */
} quanta_error;

/* A piece of UTF-8. */
typedef struct quanta_text {
  const char* data;
  size_t size;
} quanta_text;

typedef struct quanta_model quanta_model;
typedef struct quanta_session quanta_session;
typedef struct quanta_generator quanta_generator;

/* Memory at a multiple of 64 bytes, as model bytes and arenas must be; NULL if there
 * is none. Free it with quanta_aligned_free, which takes NULL. */
void* quanta_aligned_alloc(size_t size);
void quanta_aligned_free(void* memory);

/* --- Models ------------------------------------------------------------------- */

typedef struct quanta_open_options {
  uint32_t struct_size;
  uint32_t verify_data;      /* not 0: hash all tensor data while opening */
  const uint8_t* public_key; /* [32] Ed25519: refuse a file not signed with it; or NULL */
} quanta_open_options;

/* Maps and checks a .qfb file. */
quanta_code quanta_model_open_file(const char* path, const quanta_open_options* options,
                                   quanta_model** out, quanta_error* error);
/* The same over `bytes`, which must outlive the model and, unless the file is
 * compressed, lie at a multiple of 64. */
quanta_code quanta_model_open_bytes(const void* bytes, size_t size,
                                    const quanta_open_options* options, quanta_model** out,
                                    quanta_error* error);
/* After every session and generator of it. */
void quanta_model_free(quanta_model* model);

/* Texts point into the model. */
typedef struct quanta_model_info {
  uint32_t struct_size;
  uint32_t layers, hidden, heads, kv_heads, head_dim, ffn, vocab, context;
  uint32_t compressed, is_signed, has_chat_template, has_self_test; /* 0 or 1 */
  uint8_t public_key[32]; /* of the signature, if is_signed */
  uint64_t parameters;    /* elements of all tensors */
  uint64_t data_bytes;    /* of all tensors, padding included */
  uint64_t decode_bytes;  /* weight bytes read to decode one token */
  uint64_t file_bytes;    /* uncompressed */
  quanta_text family, source, license, quantization, tool;
} quanta_model_info;

/* Set info->struct_size before the call; fields beyond it are left alone. */
quanta_code quanta_model_get_info(const quanta_model* model, quanta_model_info* info,
                                  quanta_error* error);

/* Hashes every chunk of tensor data. `progress` may be NULL; returning 0 cancels. */
typedef int32_t (*quanta_progress)(void* context, uint64_t done_bytes, uint64_t total_bytes);
quanta_code quanta_model_verify(const quanta_model* model, quanta_progress progress,
                                void* context, quanta_error* error);

/* Runs the test that the file carries; see quanta/self_test.h. `threads`: 0 = the
 * usable cores. `judged` may be NULL; it receives the greedy steps compared. */
quanta_code quanta_model_self_test(const quanta_model* model, int32_t threads, uint32_t* judged,
                                   quanta_error* error);

/* --- Text and ids ------------------------------------------------------------- */

/* Functions that fill a caller's buffer set *count (or *size) to what the whole
 * result takes also where the buffer is too small: QUANTA_OUT_OF_MEMORY, and nothing
 * is written to it. A buffer of capacity 0 may be NULL. */

enum {
  QUANTA_ENCODE_NO_SPECIAL = 1,   /* leave out the ids around a text, such as BOS */
  QUANTA_ENCODE_PARSE_SPECIAL = 2 /* special tokens spelled out in the text count as such */
};
quanta_code quanta_encode(const quanta_model* model, const char* text, size_t size,
                          uint32_t flags, int32_t* ids, size_t capacity, size_t* count,
                          quanta_error* error);

enum { QUANTA_DECODE_SKIP_SPECIAL = 1 };
/* Bytes that are no UTF-8 become U+FFFD. */
quanta_code quanta_decode(const quanta_model* model, const int32_t* ids, size_t count,
                          uint32_t flags, char* text, size_t capacity, size_t* size,
                          quanta_error* error);

/* Not 0 if generation ends at this token. */
int32_t quanta_is_stop_token(const quanta_model* model, int32_t id);

enum { QUANTA_ROLE_SYSTEM = 0, QUANTA_ROLE_USER = 1, QUANTA_ROLE_ASSISTANT = 2 };
typedef struct quanta_message {
  uint32_t role;
  quanta_text content;
} quanta_message;

enum {
  QUANTA_CHAT_NO_GENERATION_PROMPT = 1, /* do not ask for an answer at the end */
  QUANTA_CHAT_PARSE_SPECIAL = 2         /* also in messages: their authors are trusted */
};
/* The prompt that a conversation becomes under the model's chat template, as ids or
 * as text. QUANTA_NOT_FOUND if the model has none; QUANTA_INVALID_ARGUMENT if it
 * refuses this conversation. */
quanta_code quanta_chat_encode(const quanta_model* model, const quanta_message* messages,
                               size_t message_count, uint32_t flags, int32_t* ids,
                               size_t capacity, size_t* count, quanta_error* error);
quanta_code quanta_chat_render(const quanta_model* model, const quanta_message* messages,
                               size_t message_count, uint32_t flags, char* text, size_t capacity,
                               size_t* size, quanta_error* error);

/* --- Sessions ----------------------------------------------------------------- */

enum { QUANTA_KV_F16 = 0, QUANTA_KV_F32 = 1, QUANTA_KV_INT8 = 2 };

typedef struct quanta_session_options {
  uint32_t struct_size;
  uint32_t context;    /* tokens it can hold; 0 = the model's own */
  uint32_t chunk;      /* tokens per prefill step; 0 = what suits the machine */
  uint32_t kv_type;    /* QUANTA_KV_ */
  int32_t threads;     /* 0 = the usable cores */
  uint32_t all_logits; /* not 0: room for the logits of every token of a chunk */
} quanta_session_options;

/* Bytes of arena that a session with these options takes; exact. */
quanta_code quanta_session_bytes(const quanta_model* model, const quanta_session_options* options,
                                 size_t* bytes, quanta_error* error);

/* `arena` (at a multiple of 64) and `model` must outlive the session. With a NULL
 * arena of size 0 the session takes its memory itself. Nothing is allocated later. */
quanta_code quanta_session_create(const quanta_model* model, const quanta_session_options* options,
                                  void* arena, size_t arena_size, quanta_session** out,
                                  quanta_error* error);
void quanta_session_free(quanta_session* session);

typedef struct quanta_feed_hooks {
  uint32_t struct_size;
  void* context;
  /* Asked before each chunk; 0 cancels: whole chunks stay fed. May be NULL. */
  int32_t (*proceed)(void* context, size_t done, size_t total);
  /* Given each chunk's logits [rows, vocab]; needs all_logits. `first` counts from the
   * first token of this call. May be NULL. */
  void (*on_logits)(void* context, size_t first, const float* logits, size_t rows);
} quanta_feed_hooks;

/* Appends `count` tokens to the context; then *logits (`logits` may be NULL) is the
 * last one's [vocab], valid until the next call. */
quanta_code quanta_session_feed(quanta_session* session, const int32_t* tokens, size_t count,
                                const quanta_feed_hooks* hooks, const float** logits,
                                quanta_error* error);

typedef struct quanta_logit_bias {
  int32_t id;
  float value; /* added to the logit; -INFINITY excludes the token */
} quanta_logit_bias;

/* How the next token is chosen; see quanta/session.h. */
typedef struct quanta_sampling_options {
  uint32_t struct_size;
  float repetition_penalty;   /* 0 = none (1) */
  uint32_t repetition_window; /* 0 = the last 64 tokens; UINT32_MAX = all */
  float temperature;          /* 0 = greedy */
  uint32_t top_k;             /* 0 = all */
  float top_p;                /* 0 = all (1) */
  float min_p;                /* 0 = all */
  const quanta_logit_bias* logit_bias;
  size_t logit_bias_count;
  uint64_t seed; /* used by quanta_generator_create alone */
} quanta_sampling_options;

/* Chooses a token from the last feed's logits; does not feed it. */
quanta_code quanta_session_sample(quanta_session* session, const quanta_sampling_options* options,
                                  int32_t* id, quanta_error* error);
/* Restarts the random numbers. */
void quanta_session_seed(quanta_session* session, uint64_t seed);
/* Forgets all but the first `tokens` tokens. */
quanta_code quanta_session_truncate(quanta_session* session, size_t tokens, quanta_error* error);

size_t quanta_session_position(const quanta_session* session); /* tokens fed */
/* [position], valid until the next call. */
const int32_t* quanta_session_tokens(const quanta_session* session);
uint32_t quanta_session_context(const quanta_session* session);
int32_t quanta_session_threads(const quanta_session* session);

/* --- Generation --------------------------------------------------------------- */

typedef struct quanta_generate_options {
  uint32_t struct_size;
  uint32_t max_tokens;                     /* 0 = 256 */
  const quanta_sampling_options* sampling; /* NULL = greedy */
  const quanta_text* stops;                /* the text ends before the first of these */
  size_t stop_count;
  uint32_t ignore_stop_tokens; /* not 0: go on where the model would end */
} quanta_generate_options;

enum {
  QUANTA_STOP_NONE = 0, /* still going */
  QUANTA_STOP_TOKEN = 1,
  QUANTA_STOP_STRING = 2,
  QUANTA_STOP_MAX_TOKENS = 3,
  QUANTA_STOP_CONTEXT_FULL = 4
};

typedef struct quanta_step {
  int32_t id;       /* the token chosen; -1 where none was */
  int32_t stop;     /* a QUANTA_STOP_ */
  quanta_text text; /* newly certain text, whole characters, valid until the next call */
} quanta_step;

/* Text from a session that was fed a prompt. `session` must outlive the generator;
 * options are copied. Between two steps the session must not be fed by others. */
quanta_code quanta_generator_create(quanta_session* session,
                                    const quanta_generate_options* options,
                                    quanta_generator** out, quanta_error* error);
/* Chooses and feeds one token; the step that stops carries the rest of the text. */
quanta_code quanta_generator_next(quanta_generator* generator, quanta_step* step,
                                  quanta_error* error);
void quanta_generator_free(quanta_generator* generator);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* QUANTA_QUANTA_H_ */
