# Defines, on every platform:
#   quanta_dep::flatbuffers quanta_dep::zstd quanta_dep::sodium quanta_dep::hwy quanta_dep::utf8proc
#   quanta_dep::json quanta_dep::cli11, natively also quanta_dep::minja quanta_dep::openblas
#   GTest::gtest GTest::gtest_main GTest::gmock (after quanta_find_gtest())
#   xnnpack::xnnpack (after quanta_find_xnnpack(); not for WebAssembly)
# and quanta_flatbuffer(<target> <schema.fbs>).
#
# Each library comes from the prefix that scripts/setup built (QUANTA_DEPS_PREFIX). Where that does
# not exist, FetchContent takes the same version from upstream. Versions: dependencies.txt beside
# this file.
include(FetchContent)
include(${CMAKE_CURRENT_LIST_DIR}/Cache.cmake)

set(QUANTA_DEPS_PREFIX "${QUANTA_CACHE}/prefix/${QUANTA_PLATFORM}" CACHE PATH
  "Prefix with the libraries Quanta needs")
set(quanta_dependencies_dir ${CMAKE_CURRENT_LIST_DIR})
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/dependencies.txt)

# quanta_dep(<name> [TARGET <target>] [INCLUDE <folder>]): quanta_dep::<name>, its headers as system
# headers.
function(quanta_dep name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TARGET;INCLUDE" "")
  add_library(quanta_dep::${name} INTERFACE IMPORTED GLOBAL)
  if(arg_INCLUDE)
    target_include_directories(quanta_dep::${name} SYSTEM INTERFACE ${arg_INCLUDE})
  endif()
  if(arg_TARGET)
    target_link_libraries(quanta_dep::${name} INTERFACE ${arg_TARGET})
    target_include_directories(quanta_dep::${name} SYSTEM INTERFACE
      $<TARGET_PROPERTY:${arg_TARGET},INTERFACE_INCLUDE_DIRECTORIES>)
    set_property(GLOBAL APPEND PROPERTY quanta_archive_names ${name})
    set_property(GLOBAL APPEND PROPERTY quanta_archive_targets ${arg_TARGET})
  endif()
endfunction()

# quanta_fetch(<name>): the pinned upstream release, its source folder in <name>_dir.
macro(quanta_fetch name)
  file(STRINGS ${quanta_dependencies_dir}/dependencies.txt quanta_pin REGEX "^source ${name} ")
  separate_arguments(quanta_pin)
  list(GET quanta_pin 5 quanta_pin_url)
  list(GET quanta_pin 6 quanta_pin_tag)
  message(STATUS
    "Quanta: ${name} is not in ${QUANTA_DEPS_PREFIX}; taking ${quanta_pin_tag} from upstream")
  FetchContent_Declare(quanta_${name} GIT_REPOSITORY ${quanta_pin_url} GIT_TAG ${quanta_pin_tag})
  FetchContent_GetProperties(quanta_${name})
  if(NOT quanta_${name}_POPULATED)
    FetchContent_Populate(quanta_${name})
  endif()
  set(${name}_dir ${quanta_${name}_SOURCE_DIR})
endmacro()

# quanta_add_fetched(<folder> <name> [VARIABLE=VALUE...]): its own build, out of our `all` and install.
function(quanta_add_fetched dir name)
  set(BUILD_SHARED_LIBS OFF)
  set(BUILD_TESTING OFF)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  foreach(setting ${ARGN})
    string(REPLACE "=" ";" setting ${setting})
    list(GET setting 0 variable)
    list(GET setting 1 value)
    set(${variable} ${value})
  endforeach()
  add_subdirectory(${dir} ${CMAKE_BINARY_DIR}/_deps/${name}-build EXCLUDE_FROM_ALL)
endfunction()

# Visible also where Quanta is a part of another project.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
set(quanta_find PATHS ${QUANTA_DEPS_PREFIX} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)

# --- headers ---
if(EXISTS ${QUANTA_DEPS_PREFIX}/include/flatbuffers/flatbuffers.h)
  quanta_dep(flatbuffers INCLUDE ${QUANTA_DEPS_PREFIX}/include)
else()
  quanta_fetch(flatbuffers)
  quanta_dep(flatbuffers INCLUDE ${flatbuffers_dir}/include)
endif()

if(EXISTS ${QUANTA_DEPS_PREFIX}/include/nlohmann/json.hpp)
  quanta_dep(json INCLUDE ${QUANTA_DEPS_PREFIX}/include)
else()
  quanta_fetch(json)
  quanta_dep(json INCLUDE ${json_dir}/include)
endif()

# What is not a template is compiled once, not in every file that reads options: half their time.
function(quanta_add_cli11 include)
  file(GLOB parts RELATIVE ${include} ${include}/CLI/impl/*.hpp)
  list(TRANSFORM parts REPLACE "(.+)" "#include <\\1>")
  list(JOIN parts "\n" parts)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/_deps/cli11.cc CONTENT "${parts}\n" @ONLY)
  add_library(quanta_cli11 STATIC EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/_deps/cli11.cc)
  add_library(quanta_dep::cli11 ALIAS quanta_cli11)
  target_compile_features(quanta_cli11 PUBLIC cxx_std_20)
  target_compile_definitions(quanta_cli11 PUBLIC CLI11_COMPILE)
  target_compile_options(quanta_cli11 PRIVATE $<$<BOOL:${EMSCRIPTEN}>:-fexceptions>)
  target_include_directories(quanta_cli11 SYSTEM PUBLIC ${include})
  set_target_properties(quanta_cli11 PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
if(EXISTS ${QUANTA_DEPS_PREFIX}/include/CLI/CLI.hpp)
  quanta_add_cli11(${QUANTA_DEPS_PREFIX}/include)
else()
  quanta_fetch(cli11)
  quanta_add_cli11(${cli11_dir}/include)
endif()

if(QUANTA_PLATFORM STREQUAL host)
  if(EXISTS ${QUANTA_DEPS_PREFIX}/include/minja)
    quanta_dep(minja INCLUDE ${QUANTA_DEPS_PREFIX}/include)
  else()
    quanta_fetch(minja)
    quanta_dep(minja INCLUDE ${minja_dir}/include)
  endif()
endif()

# --- archives ---
find_package(zstd CONFIG QUIET ${quanta_find})
if(NOT zstd_FOUND)
  quanta_fetch(zstd)
  quanta_add_fetched(${zstd_dir}/build/cmake zstd
    ZSTD_BUILD_SHARED=OFF ZSTD_BUILD_STATIC=ON ZSTD_BUILD_PROGRAMS=OFF
    ZSTD_BUILD_TESTS=OFF ZSTD_BUILD_DICTBUILDER=OFF ZSTD_LEGACY_SUPPORT=OFF
    ZSTD_MULTITHREAD_SUPPORT=OFF)
endif()
if(TARGET zstd::libzstd_static)
  quanta_dep(zstd TARGET zstd::libzstd_static)
else()
  quanta_dep(zstd TARGET libzstd_static INCLUDE ${zstd_dir}/lib)
endif()

find_package(sodium CONFIG QUIET ${quanta_find})
if(NOT sodium_FOUND)
  quanta_fetch(sodium)
  quanta_add_fetched(${quanta_dependencies_dir}/deps/sodium sodium SODIUM_SOURCE_DIR=${sodium_dir})
endif()
quanta_dep(sodium TARGET sodium::sodium)

find_package(hwy CONFIG QUIET ${quanta_find})
if(NOT hwy_FOUND)
  quanta_fetch(hwy)
  quanta_add_fetched(${hwy_dir} hwy HWY_ENABLE_CONTRIB=OFF HWY_ENABLE_EXAMPLES=OFF
    HWY_ENABLE_TESTS=OFF HWY_ENABLE_INSTALL=OFF)
endif()
if(TARGET hwy::hwy)
  quanta_dep(hwy TARGET hwy::hwy)
else()
  quanta_dep(hwy TARGET hwy)
endif()

find_library(QUANTA_UTF8PROC_LIBRARY utf8proc ${quanta_find} PATH_SUFFIXES lib)
mark_as_advanced(QUANTA_UTF8PROC_LIBRARY)
if(QUANTA_UTF8PROC_LIBRARY)
  add_library(quanta_utf8proc STATIC IMPORTED GLOBAL)
  set_target_properties(quanta_utf8proc PROPERTIES IMPORTED_LOCATION ${QUANTA_UTF8PROC_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${QUANTA_DEPS_PREFIX}/include
    INTERFACE_COMPILE_DEFINITIONS UTF8PROC_STATIC)
  quanta_dep(utf8proc TARGET quanta_utf8proc)
else()
  quanta_fetch(utf8proc)
  quanta_add_fetched(${utf8proc_dir} utf8proc UTF8PROC_INSTALL=OFF)
  quanta_dep(utf8proc TARGET utf8proc INCLUDE ${utf8proc_dir})
endif()

# Built with threads, without which calls from several threads at once are not safe. No part of
# what is installed: the trainer alone uses it.
if(QUANTA_PLATFORM STREQUAL host)
  find_library(QUANTA_OPENBLAS_LIBRARY openblas ${quanta_find} PATH_SUFFIXES lib)
  mark_as_advanced(QUANTA_OPENBLAS_LIBRARY)
  if(QUANTA_OPENBLAS_LIBRARY)
    add_library(quanta_dep::openblas STATIC IMPORTED GLOBAL)
    set_target_properties(quanta_dep::openblas PROPERTIES
      IMPORTED_LOCATION ${QUANTA_OPENBLAS_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${QUANTA_DEPS_PREFIX}/include/openblas)
  else()
    quanta_fetch(openblas)
    quanta_add_fetched(${openblas_dir} openblas BUILD_STATIC_LIBS=ON BUILD_WITHOUT_LAPACK=ON
      NOFORTRAN=ON DYNAMIC_ARCH=ON USE_THREAD=ON)
    add_library(quanta_dep::openblas INTERFACE IMPORTED GLOBAL)
    target_link_libraries(quanta_dep::openblas INTERFACE openblas_static)
    target_include_directories(quanta_dep::openblas SYSTEM INTERFACE
      ${openblas_dir} ${CMAKE_BINARY_DIR})
  endif()
endif()

# Of the machine: the launcher (mpirun), its libraries and the network's belong together.
if(QUANTA_PLATFORM STREQUAL host AND QUANTA_MPI)
  find_package(MPI QUIET COMPONENTS C)
  if(NOT MPI_C_FOUND)
    message(STATUS "no MPI found: quanta-train will run in one process only")
  endif()
endif()

# --- tests only ---
macro(quanta_find_xnnpack)
  find_package(xnnpack CONFIG QUIET ${quanta_find})
  if(NOT xnnpack_FOUND)
    quanta_fetch(xnnpack)
    quanta_fetch(pthreadpool)
    quanta_add_fetched(${quanta_dependencies_dir}/deps/xnnpack xnnpack
      XNNPACK_SOURCE_DIR=${xnnpack_dir} PTHREADPOOL_SOURCE_DIR=${pthreadpool_dir})
  endif()
endmacro()
macro(quanta_find_gtest)
  find_package(GTest CONFIG QUIET ${quanta_find})
  if(NOT GTest_FOUND)
    quanta_fetch(gtest)
    quanta_add_fetched(${gtest_dir} gtest INSTALL_GTEST=OFF)
  endif()
endmacro()

# --- flatc ---
# Generated code compiles with the headers of the very same version only.
function(quanta_right_flatc result program)
  execute_process(COMMAND ${program} --version OUTPUT_VARIABLE version ERROR_QUIET)
  file(STRINGS ${quanta_dependencies_dir}/dependencies.txt pin REGEX "^source flatbuffers ")
  separate_arguments(pin)
  list(GET pin 2 wanted)
  if(NOT version MATCHES " ${wanted}[ \n]*$")
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()
find_program(QUANTA_FLATC flatc HINTS ${QUANTA_CACHE}/tools/flatc/bin
  VALIDATOR quanta_right_flatc NO_CMAKE_FIND_ROOT_PATH)
if(NOT QUANTA_FLATC)
  if(CMAKE_CROSSCOMPILING)
    message(FATAL_ERROR "no flatc of the pinned version: run scripts/setup, or set QUANTA_FLATC")
  endif()
  quanta_fetch(flatbuffers)
  quanta_add_fetched(${flatbuffers_dir} flatbuffers FLATBUFFERS_BUILD_TESTS=OFF
    FLATBUFFERS_INSTALL=OFF FLATBUFFERS_BUILD_FLATHASH=OFF)
  set(QUANTA_FLATC flatc)
endif()

# quanta_flatbuffer(<target> <schema.fbs>): <dir>/<name>_generated.h in the build folder, for
# <target> and whoever links it.
function(quanta_flatbuffer target schema)
  get_filename_component(schema ${schema} ABSOLUTE)
  get_filename_component(name ${schema} NAME_WE)
  get_filename_component(dir ${schema} DIRECTORY)
  file(RELATIVE_PATH dir ${PROJECT_SOURCE_DIR} ${dir})
  set(root ${PROJECT_BINARY_DIR}/generated)
  set(header ${root}/${dir}/${name}_generated.h)
  add_custom_command(OUTPUT ${header}
    COMMAND ${QUANTA_FLATC} --cpp --cpp-std c++17 --scoped-enums -o ${root}/${dir} ${schema}
    DEPENDS ${schema} VERBATIM COMMENT "flatc ${dir}/${name}.fbs")
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${root}>)
endfunction()
