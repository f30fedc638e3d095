# WebAssembly with SIMD, one thread. Takes Emscripten from scripts/setup's cache, else from $EMSDK,
# else from PATH.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/Cache.cmake)
if(NOT DEFINED QUANTA_WASM_THREADS)
  set(QUANTA_WASM_THREADS OFF)
endif()
set(QUANTA_PLATFORM wasm)
set(quanta_wasm_flags "-msimd128")
if(QUANTA_WASM_THREADS)
  set(QUANTA_PLATFORM wasm-threads)
  # Engines with threads and without relaxed SIMD take the build without either.
  string(APPEND quanta_wasm_flags " -mrelaxed-simd -pthread")
endif()
set(QUANTA_THREADS ${QUANTA_WASM_THREADS} CACHE BOOL "Use threads")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES QUANTA_CACHE)

set(quanta_emscripten ${QUANTA_CACHE}/tools/emscripten)
if(EXISTS ${quanta_emscripten}/bin/emcc)
  # Launchers that carry their configuration, so that building works in any shell.
  set(EMSCRIPTEN_ROOT_PATH ${quanta_emscripten}/bin)
elseif(DEFINED ENV{EMSDK})
  set(EMSCRIPTEN_ROOT_PATH $ENV{EMSDK}/upstream/emscripten)
else()
  find_program(quanta_em_config em-config)
  if(NOT quanta_em_config)
    message(FATAL_ERROR "Emscripten not found: run scripts/setup wasm, or activate an emsdk")
  endif()
  execute_process(COMMAND ${quanta_em_config} EMSCRIPTEN_ROOT OUTPUT_VARIABLE EMSCRIPTEN_ROOT_PATH
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()

set(CMAKE_C_FLAGS_INIT "${quanta_wasm_flags}")
set(CMAKE_CXX_FLAGS_INIT "${quanta_wasm_flags}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${quanta_wasm_flags}")

include(${EMSCRIPTEN_ROOT_PATH}/cmake/Modules/Platform/Emscripten.cmake)

set(quanta_node ${QUANTA_CACHE}/tools/node/bin/node)
if(EXISTS ${quanta_node})
  set(CMAKE_CROSSCOMPILING_EMULATOR ${quanta_node} CACHE FILEPATH "Runs WebAssembly programs" FORCE)
endif()
