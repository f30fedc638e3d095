# Recipes: clang as cross compiler with Debian's arm64 libraries, qemu-user, and the libraries for
# 64-bit ARM.
# shellcheck shell=bash

recipe_arm_sysroot() {
  unpack_debs arm-sysroot --exclude='./usr/share'
  # A linker script with the absolute paths of an installed system.
  sed -i 's|/usr/aarch64-linux-gnu/lib/||g' "$OUT/usr/aarch64-linux-gnu/lib/libc.so"
}

# The static build: it needs no other package. (The dynamic one has qemu's plugin interface; if
# installed with apt it can be used too.)
recipe_qemu() {
  unpack_debs qemu --wildcards '*/qemu-aarch64-static'
  mkdir -p "$OUT/bin"
  mv "$OUT/usr/bin/qemu-aarch64-static" "$OUT/bin/qemu-aarch64"
  rm -rf "${OUT:?}/usr"
  "$OUT/bin/qemu-aarch64" --version || fail "qemu-aarch64 does not start"
}

setup_arm() {
  local dir=$ROOT/platforms/arm
  apt_require "${COMMON_PACKAGES[@]}" "${LLVM_PACKAGES[@]}"
  [ -e "$CACHE/tools/arm-sysroot" ] || require_space 800
  setup_sources
  step llvm tools/llvm "$(pins deb llvm)" recipe_llvm
  step arm-sysroot tools/arm-sysroot "$(pins deb arm-sysroot)" recipe_arm_sysroot
  step qemu tools/qemu "$(pins deb qemu)" recipe_qemu
  setup_libraries arm64 "$(stamp_of llvm arm-sysroot) $(without_comments "$dir"/*.cmake)" \
    "-DCMAKE_TOOLCHAIN_FILE=$dir/toolchain.cmake" "-DQUANTA_CACHE=$CACHE" \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON
}
