# Recipes: the sources, flatc, and the libraries for a platform. A recipe fills $OUT; $WORK is its
# scratch folder.
# shellcheck shell=bash

COMMON_PACKAGES=(cmake:cmake ninja:ninja-build curl:curl xz:xz-utils /usr/bin/python3:python3
  /etc/ssl/certs/ca-certificates.crt:ca-certificates)
SOURCES="flatbuffers zstd sodium hwy utf8proc gtest json cli11"

source_dir() { # NAME
  local version
  read -r version _ <<< "$(pin source "$1")"
  printf 'src/%s-%s' "$1" "$version"
}

recipe_source() { unpack_source "$1"; }

# For tests: the few files of it that cmake/deps/xnnpack builds (all are 165 MB).
recipe_xnnpack_source() {
  fetch_source xnnpack
  tar -xf "$(download_of xnnpack)" -C "$OUT" --no-same-owner --wildcards \
    include src/xnnpack src/reference/packing.cc src/microparams-init.c \
    'src/qd8-f32-q[bc][48]w-gemm/gen/*x16c8-minmax-avx512vnni.c' \
    'src/qd8-f32-q[bc][48]w-gemm/gen/*x16c8-minmax-neoni8mm.c'
}

recipe_xnnpack() {
  cmake_install "$ROOT/cmake/deps/xnnpack" -DXNNPACK_SOURCE_DIR="$CACHE/$(source_dir xnnpack)" \
    -DPTHREADPOOL_SOURCE_DIR="$CACHE/$(source_dir pthreadpool)"
}

recipe_minja() {
  unpack_debs minja
  mv "$OUT/usr/include" "$WORK/include"
  rm -rf "${OUT:?}"/*
  mv "$WORK/include" "$OUT/include"
}

# The variant with pthreads: the trainer's threads call it at once, each for itself, and the
# serial one is not safe for that (products_test fails with it).
recipe_openblas() {
  unpack_debs openblas ./usr/lib ./usr/include
  mkdir -p "$WORK/prefix/include/openblas" "$WORK/prefix/lib"
  cp "$OUT"/usr/include/*/openblas-pthread/*.h "$WORK/prefix/include/openblas/"
  cp -L "$OUT"/usr/lib/*/openblas-pthread/libopenblas.a "$WORK/prefix/lib/"
  rm -rf "${OUT:?}"/*
  mv "$WORK/prefix"/* "$OUT/"
}

recipe_loader() { unpack_debs loader; }

# run_with_loader TOOLDIR BINARY NAME: a launcher in $OUT/bin that starts a newer Debian's binary
# with that Debian's C library.
run_with_loader() {
  local lib=$CACHE/tools/loader/usr/lib/x86_64-linux-gnu
  mkdir -p "$OUT/bin"
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nexec "%s/ld-linux-x86-64.so.2" --library-path "%s:%s" --argv0 "$0" "%s" "$@"\n' \
    "$lib" "$lib" "$CACHE/$1/usr/lib/x86_64-linux-gnu" "$CACHE/$1/$2" > "$OUT/bin/$3"
  chmod +x "$OUT/bin/$3"
}

recipe_flatc() {
  unpack_debs flatc
  run_with_loader tools/flatc usr/bin/flatc flatc
}

# cmake_install SOURCE [OPTION...]: configure, build, install into $OUT with the platform options in
# PLATFORM_OPTIONS.
cmake_install() {
  local source=$1
  shift
  cmake -S "$source" -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$OUT" -DCMAKE_INSTALL_LIBDIR=lib \
    -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF "${PLATFORM_OPTIONS[@]}" "$@"
  nice cmake --build "$WORK/build" -j "$JOBS"
  cmake --install "$WORK/build"
}

recipe_zstd() {
  cmake_install "$CACHE/$(source_dir zstd)/build/cmake" \
    -DZSTD_BUILD_SHARED=OFF -DZSTD_BUILD_PROGRAMS=OFF -DZSTD_BUILD_TESTS=OFF \
    -DZSTD_BUILD_DICTBUILDER=OFF -DZSTD_LEGACY_SUPPORT=OFF -DZSTD_MULTITHREAD_SUPPORT=OFF
}

recipe_sodium() {
  cmake_install "$ROOT/cmake/deps/sodium" -DSODIUM_SOURCE_DIR="$CACHE/$(source_dir sodium)"
}

recipe_hwy() {
  cmake_install "$CACHE/$(source_dir hwy)" -DHWY_ENABLE_CONTRIB=OFF -DHWY_ENABLE_EXAMPLES=OFF \
    -DHWY_ENABLE_TESTS=OFF -DHWY_ENABLE_INSTALL=ON
}

recipe_utf8proc() { cmake_install "$CACHE/$(source_dir utf8proc)"; }

recipe_gtest() { cmake_install "$CACHE/$(source_dir gtest)" "$@"; }

# Header-only: the include folders are all there is.
recipe_headers() {
  mkdir -p "$OUT/include"
  cp -R "$CACHE/$(source_dir flatbuffers)/include/flatbuffers" \
    "$CACHE/$(source_dir json)/include/nlohmann" \
    "$CACHE/$(source_dir cli11)/include/CLI" "$OUT/include/"
}

recipe_minja_headers() {
  mkdir -p "$OUT/include"
  cp -R "$CACHE/tools/minja/include/." "$OUT/include/"
}

setup_sources() {
  local name
  [ -e "$CACHE/stamps/flatc" ] || require_space 600
  for name in $SOURCES; do
    step "source-$name" "$(source_dir "$name")" "$(pin source "$name")" recipe_source "$name"
  done
  step source-pthreadpool "$(source_dir pthreadpool)" "$(pin source pthreadpool)" recipe_source \
    pthreadpool
  step source-xnnpack "$(source_dir xnnpack)" "$(pin source xnnpack)" recipe_xnnpack_source
  step loader tools/loader "$(pins deb loader)" recipe_loader
  step flatc tools/flatc "$CACHE $(pins deb flatc) $(stamp_of loader)" recipe_flatc
}

# setup_libraries PLATFORM KEY [CMAKE-OPTION...]: every library of SOURCES in prefix/PLATFORM. KEY
# changes when the toolchain does.
setup_libraries() {
  local platform=$1 key=$2 name extra common
  shift 2
  PLATFORM_OPTIONS=("$@")
  # Where the work tree and the cache are does not matter: several work trees may share a cache.
  common="$(declare -f cmake_install) ${*//"$ROOT"/}"
  common=${common//"$CACHE"/}
  for name in zstd sodium hwy utf8proc gtest xnnpack; do
    extra=()
    case "$name $platform" in "xnnpack wasm"*) continue ;; esac
    if [ "$platform $name" = "wasm gtest" ]; then extra=(-Dgtest_disable_pthreads=ON); fi
    step "$platform-$name" "prefix/$platform" \
      "$key $common $(stamp_of "source-$name") $(recipe_files "$name")" "recipe_$name" "${extra[@]}"
  done
  step "$platform-headers" "prefix/$platform" \
    "$(stamp_of source-flatbuffers source-json source-cli11)" recipe_headers
}

recipe_files() { # NAME: the content of our own build files for it
  if [ -d "$ROOT/cmake/deps/$1" ]; then cat "$ROOT/cmake/deps/$1"/*; fi
}

without_comments() { sed '/^ *#/d' "$@"; }

setup_native() {
  apt_require "${COMMON_PACKAGES[@]}" g++:g++ clang++:clang mpicc:libopenmpi-dev \
    mpirun:openmpi-bin bwrap:bubblewrap \
    '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a:libclang-rt-14-dev'
  setup_sources
  step minja tools/minja "$(pins deb minja)" recipe_minja
  setup_libraries host "$(c++ --version | head -1)" -DCMAKE_POSITION_INDEPENDENT_CODE=ON
  step host-openblas prefix/host "$(pins deb openblas)" recipe_openblas
  step host-minja prefix/host "$(stamp_of minja)" recipe_minja_headers
}
