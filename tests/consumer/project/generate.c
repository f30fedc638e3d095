/* generate MODEL.qfb: feeds one token and prints the ids of the next eight. */
#include <quanta/quanta.h>
#include <stdio.h>

static int failed(const quanta_error* error) {
  fprintf(stderr, "generate: %s: %s\n", error->what, error->detail);
  return 1;
}

int main(int argc, char** argv) {
  quanta_error error;
  quanta_model* model = NULL;
  quanta_session* session = NULL;
  quanta_session_options options = {.struct_size = sizeof(options), .context = 32, .threads = 2};
  int32_t id = 1;

  if (argc != 2) {
    fprintf(stderr, "usage: generate MODEL.qfb\n");
    return 2;
  }
  if (quanta_model_open_file(argv[1], NULL, &model, &error)) return failed(&error);
  if (quanta_session_create(model, &options, NULL, 0, &session, &error)) return failed(&error);
  for (int step = 0; step < 8; ++step) {
    if (quanta_session_feed(session, &id, 1, NULL, NULL, &error)) return failed(&error);
    if (quanta_session_sample(session, NULL, &id, &error)) return failed(&error);
    printf("%d ", (int)id);
  }
  printf("\n");
  quanta_session_free(session);
  quanta_model_free(model);
  return 0;
}
