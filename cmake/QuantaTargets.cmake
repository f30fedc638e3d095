# quanta_library(<name> SOURCES ... [DEPS ...] [PRIVATE_DEPS ...])       device code: static
# quanta_<name>, alias quanta::<name>
# quanta_host_library(<name> SOURCES ... [DEPS ...] [PRIVATE_DEPS ...])  the same with exceptions
# and RTTI, for host tools
# quanta_program(<name> SOURCES ... [DEPS ...] [EXCEPTIONS])             bin/<name>
# quanta_test(<module> SOURCES ... [DEPS ...] [HOST_ONLY] [EXCEPTIONS])  bin/<module>_tests, a
# GoogleTest binary
# quanta_fuzzer(<name> SOURCES ... [DEPS ...])                           bin/<name>: libFuzzer with
# QUANTA_FUZZ, else a small driver

# Warnings and the language, for every target of the project and nobody else's.
add_library(quanta_flags INTERFACE)
target_compile_features(quanta_flags INTERFACE cxx_std_20)
target_compile_options(quanta_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion $<$<BOOL:${QUANTA_WERROR}>:-Werror>)
# At -O3, GCC 12 sees overlapping copies in std::string's operator+ (GCC bug 105651) and writes
# beyond the end where a container grows.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(quanta_flags INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()
target_include_directories(quanta_flags INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/runtime/include)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  # gcc takes the sanitizers' own code for uses of uninitialized memory.
  target_compile_options(quanta_flags INTERFACE -Wno-maybe-uninitialized)
endif()

add_library(quanta_device_flags INTERFACE)
target_link_libraries(quanta_device_flags INTERFACE quanta_flags)
target_compile_options(quanta_device_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)

add_library(quanta_host_flags INTERFACE)
target_link_libraries(quanta_host_flags INTERFACE quanta_flags)

add_library(quanta_program_flags INTERFACE)
if(EMSCRIPTEN)
  # Off unless asked for at every step; GoogleTest's own code asks for it.
  target_compile_options(quanta_host_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fexceptions>)
  target_link_options(quanta_host_flags INTERFACE -fexceptions)
  # Under node, with the real file system.
  target_link_options(quanta_program_flags INTERFACE
    -sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1 -sINITIAL_MEMORY=64MB -sSTACK_SIZE=1MB
    -sENVIRONMENT=node$<$<BOOL:${QUANTA_THREADS}>:,worker>)
  if(QUANTA_THREADS)
    target_link_options(quanta_program_flags INTERFACE
      -sPTHREAD_POOL_SIZE=4 -Wno-pthreads-mem-growth)
  endif()
endif()

set(quanta_threads)
set(quanta_threads_definition QUANTA_THREADS=0)
if(QUANTA_THREADS)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
  set(quanta_threads Threads::Threads)
  set(quanta_threads_definition QUANTA_THREADS=1)
endif()

# quanta_precompile(<target> <flags> lib|program|test): with QUANTA_PRECOMPILE, what targets of one
# kind read precompiled, TESTS: those of tests alone. A fifth of a sanitizing compiler's time and
# of GCC's with tests; that sources include what they need is for the other builds to see.
# For clang, which wants the same options throughout: what is compiled with others sets
# DISABLE_PRECOMPILE_HEADERS or SKIP_PRECOMPILE_HEADERS.
function(quanta_precompile target flags kind)
  if(NOT QUANTA_PRECOMPILE OR (QUANTA_PRECOMPILE STREQUAL TESTS AND NOT kind STREQUAL test))
    return()
  endif()
  set(owner ${flags}_${kind}_headers)
  if(NOT TARGET ${owner})
    set(source ${PROJECT_BINARY_DIR}/${owner}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "")
    add_library(${owner} OBJECT ${source})
    target_link_libraries(${owner} PRIVATE ${quanta_threads} ${flags})
    target_precompile_headers(${owner} PRIVATE <algorithm> <array> <cmath> <cstdint> <cstdio>
      <cstdlib> <cstring> <filesystem> <fstream> <functional> <map> <memory> <optional> <set>
      <sstream> <string> <string_view> <utility> <variant> <vector>)
    if(kind STREQUAL lib AND NOT EMSCRIPTEN)
      set_target_properties(${owner} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    elseif(kind STREQUAL test)
      target_link_libraries(${owner} PRIVATE GTest::gmock)
      target_compile_options(${owner} PRIVATE ${QUANTA_TEST_OPTIONS})
      target_precompile_headers(${owner} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${owner})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # From precompiled headers GCC 12 sees copies beyond the end in std::string's operator+ as well.
    target_compile_options(${target} PRIVATE -Wno-array-bounds)
  endif()
endfunction()

function(quanta_add_static name flags)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;DEPS;PRIVATE_DEPS")
  add_library(quanta_${name} STATIC ${arg_SOURCES})
  add_library(quanta::${name} ALIAS quanta_${name})
  set_target_properties(quanta_${name} PROPERTIES EXPORT_NAME ${name})
  if(NOT EMSCRIPTEN)
    set_target_properties(quanta_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
  target_compile_features(quanta_${name} PUBLIC cxx_std_20)
  target_compile_definitions(quanta_${name} PUBLIC ${quanta_threads_definition})
  target_include_directories(quanta_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(quanta_${name}
    PUBLIC ${arg_DEPS} ${quanta_threads}
    PRIVATE ${arg_PRIVATE_DEPS} $<BUILD_INTERFACE:${flags}>)
  quanta_precompile(quanta_${name} ${flags} lib)
endfunction()

function(quanta_library name)
  quanta_add_static(${name} quanta_device_flags ${ARGN})
endfunction()

function(quanta_host_library name)
  quanta_add_static(${name} quanta_host_flags ${ARGN})
endfunction()

function(quanta_add_program name flags)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "HEADERS" "SOURCES;DEPS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ${quanta_threads} ${flags} quanta_program_flags)
  target_compile_definitions(${name} PRIVATE ${quanta_threads_definition})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(NOT arg_HEADERS)
    set(arg_HEADERS program)
  endif()
  quanta_precompile(${name} ${flags} ${arg_HEADERS})
endfunction()

function(quanta_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EXCEPTIONS" "" "SOURCES;DEPS")
  if(arg_EXCEPTIONS)
    set(flags quanta_host_flags)
  else()
    set(flags quanta_device_flags)
  endif()
  quanta_add_program(${name} ${flags} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS})
endfunction()

function(quanta_test module)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HOST_ONLY;EXCEPTIONS" "" "SOURCES;DEPS")
  if(arg_HOST_ONLY AND NOT QUANTA_PLATFORM STREQUAL host)
    return()
  endif()
  if(arg_EXCEPTIONS)
    set(flags quanta_host_flags)
  else()
    set(flags quanta_device_flags)
  endif()
  quanta_add_program(${module}_tests ${flags} HEADERS test SOURCES ${arg_SOURCES}
    DEPS ${arg_DEPS} GTest::gtest_main GTest::gmock)
  target_compile_options(${module}_tests PRIVATE ${QUANTA_TEST_OPTIONS})
  target_compile_definitions(${module}_tests PRIVATE
    QUANTA_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  # In WebAssembly optimising a whole test's code once more takes ten times as long as linking it.
  target_link_options(${module}_tests PRIVATE
    $<$<BOOL:${EMSCRIPTEN}>:-fexceptions> $<$<BOOL:${EMSCRIPTEN}>:${QUANTA_TEST_OPTIONS}>)
  if(CMAKE_CROSSCOMPILING)
    # Starting node or qemu costs more than most tests: one entry for the whole binary.
    add_test(NAME ${module}_tests COMMAND ${module}_tests --gtest_brief=1)
    set_tests_properties(${module}_tests PROPERTIES LABELS ${module} TIMEOUT 600)
  else()
    gtest_discover_tests(${module}_tests TEST_PREFIX ${module}. DISCOVERY_MODE PRE_TEST
      PROPERTIES LABELS ${module} TIMEOUT 120)
  endif()
endfunction()

# A fuzzer's ctest entry feeds it tests/fuzz/corpus/<name>, if that exists, and a short run of
# mutations. Both kinds of binary take libFuzzer's -runs=N and -max_total_time=SECONDS.
function(quanta_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  if(QUANTA_FUZZ)
    quanta_add_program(${name} quanta_device_flags SOURCES ${arg_SOURCES} DEPS ${arg_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set(options -max_total_time=10 -timeout=10 -rss_limit_mb=2048)
  else()
    quanta_add_program(${name} quanta_device_flags
      SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/standalone_main.cc DEPS ${arg_DEPS})
    set(options -runs=2000)
  endif()
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(EXISTS ${corpus})
    # libFuzzer writes what it finds to the first folder.
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz/${name})
    list(APPEND options ${PROJECT_BINARY_DIR}/fuzz/${name} ${corpus})
  endif()
  add_test(NAME fuzz.${name} COMMAND ${name} ${options} WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 300)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${name})
endfunction()
