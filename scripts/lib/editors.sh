# Recipes: what editors/vscode is tested and packed with.
# shellcheck shell=bash

# The packages that package-lock.json pins, each checked against its integrity there; no install
# script of theirs is run.
recipe_vscode() {
  cp "$ROOT"/editors/vscode/{package.json,package-lock.json,.npmrc} "$OUT"
  cd "$OUT" || return
  npm ci --ignore-scripts --no-update-notifier ||
    fail "cannot get the npm packages of editors/vscode: is the network up?"
}

setup_editors() {
  local dir=$ROOT/editors/vscode
  apt_require "${COMMON_PACKAGES[@]}" npm:npm
  step vscode tools/vscode "$(cat "$dir"/{package.json,package-lock.json,.npmrc})" recipe_vscode
}
