# Recipes: clang as cross compiler with Debian's arm64 libraries, qemu-user, and the libraries for 64-bit ARM.
# shellcheck shell=bash

recipe_arm_sysroot() {
  unpack_debs arm-sysroot --exclude='./usr/share'
  # Linker scripts with absolute paths of an installed system.
  sed -i 's|/usr/aarch64-linux-gnu/lib/||g' "$OUT/usr/aarch64-linux-gnu/lib/libc.so" "$OUT/usr/aarch64-linux-gnu/lib/libm.so" 2> /dev/null || true
  if grep -q /usr/aarch64-linux-gnu "$OUT/usr/aarch64-linux-gnu/lib/libc.so"; then fail "libc.so of the arm64 libraries is not understood"; fi
}

# The static build: it needs no other package. (The dynamic one has qemu's plugin interface; if installed with apt it can be used too.)
recipe_qemu() {
  unpack_debs qemu --wildcards '*/qemu-aarch64-static'
  mkdir -p "$OUT/bin"
  mv "$OUT/usr/bin/qemu-aarch64-static" "$OUT/bin/qemu-aarch64"
  rm -rf "${OUT:?}/usr"
  "$OUT/bin/qemu-aarch64" --version || fail "qemu-aarch64 does not start"
}

setup_arm() {
  local dir=$ROOT/platforms/arm
  apt_require cmake:cmake ninja:ninja-build curl:curl xz:xz-utils /usr/bin/python3:python3 \
    '/usr/lib/*/libz3.so.4:libz3-4' '/usr/lib/*/libedit.so.2:libedit2' '/usr/lib/*/libxml2.so.2:libxml2'
  [ -e "$CACHE/tools/arm-sysroot" ] || require_space 800
  setup_sources
  step llvm tools/llvm "$(pins deb llvm)" recipe_llvm
  step arm-sysroot tools/arm-sysroot "$(pins deb arm-sysroot)" recipe_arm_sysroot
  step qemu tools/qemu "$(pins deb qemu)" recipe_qemu
  setup_libraries arm64 "$(stamp_of llvm arm-sysroot) $(cat "$dir"/*.cmake)" "-DCMAKE_TOOLCHAIN_FILE=$dir/toolchain.cmake" \
    "-DQUANTA_CACHE=$CACHE" -DCMAKE_POSITION_INDEPENDENT_CODE=ON
}
