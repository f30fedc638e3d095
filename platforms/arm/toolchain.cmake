# 64-bit ARM Linux: clang with Debian's arm64 libraries, both from scripts/setup's cache; programs
# run under qemu-user. Choose the emulated CPU with QEMU_CPU (max, cortex-a76, cortex-a72).
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/Cache.cmake)
set(QUANTA_PLATFORM arm64)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES QUANTA_CACHE)

set(quanta_llvm ${QUANTA_CACHE}/tools/llvm/usr/bin)
set(quanta_arm ${QUANTA_CACHE}/tools/arm-sysroot/usr)
if(NOT EXISTS ${quanta_llvm}/clang-19 OR NOT EXISTS ${quanta_arm}/aarch64-linux-gnu)
  message(FATAL_ERROR "The ARM cross compiler is missing: run scripts/setup arm")
endif()

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER ${quanta_llvm}/clang-19)
set(CMAKE_CXX_COMPILER ${quanta_llvm}/clang++-19)
set(CMAKE_AR ${quanta_llvm}/llvm-ar-19 CACHE FILEPATH "Archiver")
set(CMAKE_RANLIB ${quanta_llvm}/llvm-ranlib-19 CACHE FILEPATH "Archive indexer")
foreach(lang C CXX ASM)
  set(CMAKE_${lang}_COMPILER_TARGET aarch64-linux-gnu)
  set(CMAKE_${lang}_FLAGS_INIT "--gcc-toolchain=${quanta_arm}")
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=${quanta_llvm}/ld.lld-19")

find_program(quanta_qemu qemu-aarch64 HINTS ${QUANTA_CACHE}/tools/qemu/bin)
if(quanta_qemu)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${quanta_qemu};-L;${quanta_arm}/aarch64-linux-gnu")
endif()

set(CMAKE_FIND_ROOT_PATH ${quanta_arm}/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
