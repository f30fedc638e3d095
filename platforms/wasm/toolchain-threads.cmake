# WebAssembly with relaxed SIMD and threads.
set(QUANTA_WASM_THREADS ON)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
