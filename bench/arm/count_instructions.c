/* SPDX-License-Identifier: MIT
 *
 * A plugin for qemu's user mode that counts the guest's instructions and prints the sum to
 * standard error when the program ends. The few declarations it needs are stated here, as QEMU's
 * manual gives them ("QEMU TCG Plugins", API version 1), since no package has the header.
 */
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_info_t;
struct qemu_plugin_tb;
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t,
                                                            struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* block,
                                          void (*callback)(unsigned, void*), int flags,
                                          void* context);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t, void*),
                                    void* context);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t instructions; /* of a program with one thread */

static void Executed(unsigned cpu, void* count) {
  (void)cpu;
  instructions += (uintptr_t)count;
}

static void Translated(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_cb(block, Executed, QEMU_PLUGIN_CB_NO_REGS,
                                       (void*)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void Ended(qemu_plugin_id_t id, void* context) {
  (void)id;
  (void)context;
  fprintf(stderr, "guest instructions: %llu\n", (unsigned long long)instructions);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const struct qemu_info_t* info,
                                                               int argc, char** argv) {
  (void)info;
  (void)argc;
  (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, Translated);
  qemu_plugin_register_atexit_cb(id, Ended, NULL);
  return 0;
}
