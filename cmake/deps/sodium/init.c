/* sodium_init() for the subset that CMakeLists.txt builds: libsodium's own also sets up ciphers that
 * are left out here. */
#include <stdlib.h>

#include "core.h"
#include "crypto_generichash.h"
#include "private/implementations.h"
#include "private/mutex.h"
#include "randombytes.h"
#include "runtime.h"
#include "utils.h"

extern int _sodium_runtime_get_cpu_features(void);
extern int _sodium_alloc_init(void);

static int initialized;

/* As in libsodium: 0 the first time, 1 afterwards. Call it before starting other threads. */
int sodium_init(void) {
  if (__atomic_load_n(&initialized, __ATOMIC_ACQUIRE)) return 1;
  _sodium_runtime_get_cpu_features();
  randombytes_stir();
  _sodium_alloc_init();
  _crypto_stream_chacha20_pick_best_implementation();
  _crypto_generichash_blake2b_pick_best_implementation();
  __atomic_store_n(&initialized, 1, __ATOMIC_RELEASE);
  return 0;
}

/* utils.c guards nothing with these in a static build, but refers to them. */
int sodium_crit_enter(void) { return 0; }
int sodium_crit_leave(void) { return 0; }

void sodium_misuse(void) { abort(); }

int sodium_set_misuse_handler(void (*handler)(void)) {
  (void)handler;
  return -1;
}
