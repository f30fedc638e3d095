/* SPDX-License-Identifier: MIT */
/* The C API as a C11 program uses it. Returns 0, or the line of the first surprise. */
#include <string.h>

#include "quanta/quanta.h"

int quanta_c_usage(const void* file, size_t size);

#define EXPECT(condition) \
  do {                    \
    if (!(condition)) {   \
      return __LINE__;    \
    }                     \
  } while (0)

static int32_t count_chunks(void* context, size_t done, size_t total) {
  (void)done;
  (void)total;
  ++*(int*)context;
  return 1;
}

static int32_t cancel(void* context, size_t done, size_t total) {
  (void)context;
  (void)total;
  return done == 0;
}

static void count_rows(void* context, size_t first, const float* logits, size_t rows) {
  (void)first;
  (void)logits;
  *(size_t*)context += rows;
}

static int32_t stop_at_once(void* context, uint64_t done, uint64_t total) {
  (void)context;
  (void)done;
  (void)total;
  return 0;
}

static int check_models(const void* file, size_t size) {
  quanta_error error;
  quanta_model* model = NULL;
  memset(&error, 0, sizeof(error));
  EXPECT(quanta_model_open_file("/no/such.qfb", NULL, &model, &error) == QUANTA_NOT_FOUND);
  EXPECT(model == NULL && error.code == QUANTA_NOT_FOUND && error.what[0] != '\0');
  EXPECT(strstr(error.detail, "/no/such.qfb") != NULL);
  EXPECT(quanta_model_open_bytes(NULL, size, NULL, &model, &error) == QUANTA_INVALID_ARGUMENT);
  EXPECT(quanta_model_open_bytes(file, size, NULL, NULL, NULL) == QUANTA_INVALID_ARGUMENT);
  EXPECT(quanta_model_open_bytes(file, size / 2, NULL, &model, NULL) == QUANTA_CORRUPT);

  quanta_open_options options;
  memset(&options, 0, sizeof(options));
  EXPECT(quanta_model_open_bytes(file, size, &options, &model, &error) == QUANTA_INVALID_ARGUMENT);
  EXPECT(strstr(error.detail, "struct_size") != NULL);
  options.struct_size = sizeof(options);
  options.verify_data = 1;
  EXPECT(quanta_model_open_bytes(file, size, &options, &model, &error) == QUANTA_OK);

  quanta_model_info info;
  memset(&info, 0xEE, sizeof(info));
  info.struct_size = sizeof(info);
  EXPECT(quanta_model_get_info(model, &info, NULL) == QUANTA_OK);
  EXPECT(info.vocab == 272 && info.context == 64 && info.struct_size == sizeof(info));
  EXPECT(info.family.size == 4 && memcmp(info.family.data, "tiny", 4) == 0);
  /* An older program's struct is filled as far as it goes. */
  memset(&info, 0xEE, sizeof(info));
  info.struct_size = (uint32_t)offsetof(quanta_model_info, context);
  EXPECT(quanta_model_get_info(model, &info, NULL) == QUANTA_OK);
  EXPECT(info.vocab == 272 && info.context == 0xEEEEEEEEu);

  EXPECT(quanta_model_verify(model, NULL, NULL, NULL) == QUANTA_OK);
  EXPECT(quanta_model_verify(model, stop_at_once, NULL, NULL) == QUANTA_CANCELLED);
  EXPECT(quanta_model_self_test(model, 1, NULL, NULL) == QUANTA_NOT_FOUND);
  quanta_model_free(model);
  quanta_model_free(NULL);
  return 0;
}

static int check_text(const quanta_model* model) {
  int32_t ids[16];
  char text[32];
  size_t count = 99;
  quanta_error error;
  EXPECT(quanta_encode(model, "hello", 5, 0, ids, 16, &count, NULL) == QUANTA_OK);
  EXPECT(count == 3 && ids[0] == 259 && ids[1] == 258 && ids[2] == 'o');
  EXPECT(quanta_encode(model, "hello", 5, QUANTA_ENCODE_NO_SPECIAL, ids, 16, &count, NULL) == 0);
  EXPECT(count == 2 && ids[0] == 258);
  EXPECT(quanta_encode(model, "</s>", 4, 0, ids, 16, &count, NULL) == QUANTA_OK && count == 5);
  EXPECT(quanta_encode(model, "</s>", 4, QUANTA_ENCODE_PARSE_SPECIAL, ids, 16, &count, NULL) == 0);
  EXPECT(count == 2 && ids[1] == 260 && quanta_is_stop_token(model, 260));
  EXPECT(!quanta_is_stop_token(model, 'a') && !quanta_is_stop_token(model, -5));
  /* Too small a buffer: the size is told, nothing is written. */
  ids[0] = -7;
  EXPECT(quanta_encode(model, "hello", 5, 0, ids, 2, &count, &error) == QUANTA_OUT_OF_MEMORY);
  EXPECT(count == 3 && ids[0] == -7);
  EXPECT(quanta_encode(model, "hello", 5, 0, NULL, 0, &count, NULL) == QUANTA_OUT_OF_MEMORY);

  const int32_t said[] = {259, 258, 'o', 0xE6, 0xBC, 0xA2};
  EXPECT(quanta_decode(model, said, 6, QUANTA_DECODE_SKIP_SPECIAL, text, 32, &count, NULL) == 0);
  EXPECT(count == 8 && memcmp(text, "hello\xE6\xBC\xA2", 8) == 0);
  EXPECT(quanta_decode(model, said, 3, 0, text, 32, &count, NULL) == QUANTA_OK);
  EXPECT(count == 8 && memcmp(text, "<s>hello", 8) == 0);
  text[0] = '!';
  EXPECT(quanta_decode(model, said, 3, 0, text, 7, &count, NULL) == QUANTA_OUT_OF_MEMORY);
  EXPECT(count == 8 && text[0] == '!');

  quanta_message messages[2];
  memset(messages, 0, sizeof(messages));
  messages[0].role = QUANTA_ROLE_USER;
  messages[0].content.data = "llo";
  messages[0].content.size = 3;
  EXPECT(quanta_chat_encode(model, messages, 1, 0, ids, 16, &count, NULL) == QUANTA_OK);
  EXPECT(count == 6 && ids[1] == 261 && ids[2] == 258 && ids[5] == 263);
  EXPECT(quanta_chat_encode(model, messages, 1, QUANTA_CHAT_NO_GENERATION_PROMPT, ids, 16, &count,
                            NULL) == QUANTA_OK);
  EXPECT(count == 5);
  EXPECT(quanta_chat_render(model, messages, 1, 1, text, 32, &count, NULL) == QUANTA_OK);
  EXPECT(count == 23 && memcmp(text, "<s><|user|>hello<|end|>", 23) == 0);
  EXPECT(quanta_chat_render(model, messages, 1, 1, text, 22, &count, NULL) == QUANTA_OUT_OF_MEMORY);
  EXPECT(count == 23);
  messages[0].role = QUANTA_ROLE_SYSTEM;
  EXPECT(quanta_chat_encode(model, messages, 1, 0, ids, 16, &count, &error) ==
         QUANTA_INVALID_ARGUMENT);
  EXPECT(strcmp(error.detail, "no system messages") == 0);
  messages[0].role = 3;
  EXPECT(quanta_chat_encode(model, messages, 1, 0, ids, 16, &count, NULL) ==
         QUANTA_INVALID_ARGUMENT);
  return 0;
}

static int check_session(const quanta_model* model) {
  quanta_session_options options;
  quanta_session* session = NULL;
  quanta_error error;
  size_t bytes = 0;
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.threads = 1;
  options.chunk = 4;
  options.all_logits = 1;
  options.kv_type = 3;
  EXPECT(quanta_session_bytes(model, &options, &bytes, NULL) == QUANTA_INVALID_ARGUMENT);
  size_t int8_bytes = 0;
  options.kv_type = QUANTA_KV_INT8;
  EXPECT(quanta_session_bytes(model, &options, &int8_bytes, NULL) == QUANTA_OK);
  options.kv_type = QUANTA_KV_F32;
  EXPECT(quanta_session_bytes(model, &options, &bytes, NULL) == QUANTA_OK && bytes > 1000);
  EXPECT(int8_bytes < bytes);

  char* arena = quanta_aligned_alloc(bytes);
  EXPECT(arena != NULL && (uintptr_t)arena % 64 == 0);
  EXPECT(quanta_session_create(model, &options, arena, bytes - 64, &session, &error) ==
         QUANTA_OUT_OF_MEMORY);
  EXPECT(session == NULL && strstr(error.detail, "the session needs") != NULL);
  EXPECT(quanta_session_create(model, &options, arena, bytes, &session, NULL) == QUANTA_OK);

  const int32_t tokens[] = {259, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'};
  const float* logits = NULL;
  int chunks = 0;
  size_t rows = 0;
  quanta_feed_hooks hooks;
  memset(&hooks, 0, sizeof(hooks));
  hooks.struct_size = sizeof(hooks);
  hooks.proceed = count_chunks;
  hooks.context = &chunks;
  EXPECT(quanta_session_feed(session, tokens, 10, &hooks, &logits, NULL) == QUANTA_OK);
  EXPECT(chunks == 3 && logits != NULL && quanta_session_position(session) == 10);
  EXPECT(memcmp(quanta_session_tokens(session), tokens, sizeof(tokens)) == 0);
  EXPECT(quanta_session_context(session) == 64 && quanta_session_threads(session) == 1);

  int32_t best = -1, id = -1;
  EXPECT(quanta_session_sample(session, NULL, &best, NULL) == QUANTA_OK && best >= 0);
  for (int i = 0; i < 272; ++i) EXPECT(logits[i] <= logits[best]);
  quanta_sampling_options sampling;
  memset(&sampling, 0, sizeof(sampling));
  sampling.struct_size = sizeof(sampling);
  EXPECT(quanta_session_sample(session, &sampling, &id, NULL) == QUANTA_OK && id == best);
  const quanta_logit_bias bias[] = {{best, -1000.0f}, {17, 1000.0f}};
  sampling.logit_bias = bias;
  sampling.logit_bias_count = 2;
  EXPECT(quanta_session_sample(session, &sampling, &id, NULL) == QUANTA_OK && id == 17);
  sampling.temperature = -1;
  EXPECT(quanta_session_sample(session, &sampling, &id, NULL) == QUANTA_INVALID_ARGUMENT);
  sampling.temperature = 2;
  sampling.logit_bias_count = 0;
  quanta_session_seed(session, 5);
  EXPECT(quanta_session_sample(session, &sampling, &best, NULL) == QUANTA_OK);
  quanta_session_seed(session, 5);
  EXPECT(quanta_session_sample(session, &sampling, &id, NULL) == QUANTA_OK && id == best);

  EXPECT(quanta_session_truncate(session, 11, NULL) == QUANTA_INVALID_ARGUMENT);
  EXPECT(quanta_session_truncate(session, 2, NULL) == QUANTA_OK);
  EXPECT(quanta_session_position(session) == 2);
  hooks.proceed = cancel;
  EXPECT(quanta_session_feed(session, tokens + 2, 8, &hooks, &logits, NULL) == QUANTA_CANCELLED);
  EXPECT(quanta_session_position(session) == 6);
  hooks.proceed = NULL;
  hooks.on_logits = count_rows;
  hooks.context = &rows;
  EXPECT(quanta_session_feed(session, tokens + 6, 4, &hooks, NULL, NULL) == QUANTA_OK && rows == 4);
  EXPECT(quanta_session_feed(session, tokens, 1000, NULL, NULL, &error) == QUANTA_LIMIT);
  quanta_session_free(session);
  quanta_session_free(NULL);
  quanta_aligned_free(arena);
  quanta_aligned_free(NULL);
  return 0;
}

static int check_generator(const quanta_model* model) {
  quanta_session* session = NULL;
  quanta_generator* generator = NULL;
  quanta_step step;
  /* The session's own memory, all defaults. */
  EXPECT(quanta_session_create(model, NULL, NULL, 0, &session, NULL) == QUANTA_OK);
  EXPECT(quanta_generator_create(session, NULL, &generator, NULL) == QUANTA_INVALID_ARGUMENT);
  const int32_t prompt[] = {259, 'x'};
  EXPECT(quanta_session_feed(session, prompt, 2, NULL, NULL, NULL) == QUANTA_OK);

  /* Options are copied: what they point to may go. */
  char stop[] = "never said";
  quanta_text stops[1];
  stops[0].data = stop;
  stops[0].size = strlen(stop);
  quanta_logit_bias bias[] = {{'z', 1000.0f}};
  quanta_sampling_options sampling;
  memset(&sampling, 0, sizeof(sampling));
  sampling.struct_size = sizeof(sampling);
  sampling.logit_bias = bias;
  sampling.logit_bias_count = 1;
  quanta_generate_options options;
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.max_tokens = 5;
  options.sampling = &sampling;
  options.stops = stops;
  options.stop_count = 1;
  EXPECT(quanta_generator_create(session, &options, &generator, NULL) == QUANTA_OK);
  memcpy(stop, "z", 2);
  bias[0].id = 'y';
  memset(stops, 0, sizeof(stops));

  char text[64];
  size_t size = 0;
  int steps = 0;
  do {
    EXPECT(quanta_generator_next(generator, &step, NULL) == QUANTA_OK);
    EXPECT(step.id == 'z' && ++steps <= 5);
    memcpy(text + size, step.text.data, step.text.size);
    size += step.text.size;
  } while (step.stop == QUANTA_STOP_NONE);
  EXPECT(step.stop == QUANTA_STOP_MAX_TOKENS && size == 5 && memcmp(text, "zzzzz", 5) == 0);
  quanta_generator_free(generator);
  quanta_generator_free(NULL);

  char longer[200];
  memset(longer, 'x', sizeof(longer));
  stops[0].data = longer;
  stops[0].size = sizeof(longer);
  EXPECT(quanta_generator_create(session, &options, &generator, NULL) == QUANTA_INVALID_ARGUMENT);
  quanta_session_free(session);
  return 0;
}

int quanta_c_usage(const void* file, size_t size) {
  quanta_model* model = NULL;
  EXPECT(quanta_abi_version() == QUANTA_ABI_VERSION);
  int line = check_models(file, size);
  if (line != 0) return line;
  EXPECT(quanta_model_open_bytes(file, size, NULL, &model, NULL) == QUANTA_OK);
  if (line == 0) line = check_text(model);
  if (line == 0) line = check_session(model);
  if (line == 0) line = check_generator(model);
  quanta_model_free(model);
  return line;
}
