#!/usr/bin/env bash
# Builds the page: viewer, simulator and lessons for a browser, as static files.
#   gui/web/build.sh [FOLDER] [PROFILE]
# FOLDER (default: gui/web/page, which the next build of weftscope takes in, for `weftscope web`) receives index.html,
# weftscope.js, weftscope_bg.wasm.gz and samples. PROFILE (default: web; dev builds faster and runs slower).
#
# Needs wasm-bindgen of the version in Cargo.lock, and a Rust that builds for wasm32-unknown-unknown: rustup's
# (`rustup target add wasm32-unknown-unknown`), or Debian's rustc-web, rust-web-src and lld-22, whose standard library is
# built along. wasm-opt (binaryen, from 132 on: 108 breaks the table of functions) makes it a twelfth smaller where it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-gui/web/page}
profile=${2:-web}
target=wasm32-unknown-unknown

wanted=$(grep -A1 '^name = "wasm-bindgen"' Cargo.lock | sed -n 's/^version = "\(.*\)"/\1/p')
if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $wanted" ]; then
  echo "wasm-bindgen $wanted is needed: cargo install wasm-bindgen-cli --version $wanted" >&2
  exit 2
fi

cargo=$(rustup which cargo 2>/dev/null || command -v cargo)
build=("$cargo" build -p weftscope --bin weftscope --no-default-features --features live --target $target --profile "$profile")
if ! { rustup target list --installed 2>/dev/null || true; } | grep -qx $target; then
  # Debian's, wherever it was unpacked.
  root=${WEFTSCOPE_WASM_ROOT:-}
  rustc=$root/usr/bin/rustc
  if ! [ -x "$rustc" ]; then
    echo "no Rust for $target here: rustup target add $target, or Debian's rustc-web rust-web-src lld-22" >&2
    exit 2
  fi
  export RUSTC=$rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$root/usr/bin/wasm-ld-22
  [ -z "$root" ] || export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
  build+=(-Z build-std=std,panic_abort)
fi
"${build[@]}"

built=${CARGO_TARGET_DIR:-target}/$target/$([ "$profile" = dev ] && echo debug || echo "$profile")
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
env -u LD_LIBRARY_PATH wasm-bindgen --target web --no-typescript --out-dir "$new" "$built/weftscope.wasm"
opt=$(wasm-opt --version 2>/dev/null | grep -o '[0-9]*' | head -n 1 || true)
if [ "$profile" != dev ] && [ "${opt:-0}" -ge 132 ]; then
  wasm-opt -Oz --strip-debug --enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int \
    --enable-reference-types --enable-multivalue --enable-mutable-globals \
    -o "$new/smaller.wasm" "$new/weftscope_bg.wasm"
  mv "$new/smaller.wasm" "$new/weftscope_bg.wasm"
fi
gzip -9 -n "$new/weftscope_bg.wasm"
mkdir -p "$folder/samples"
cp gui/web/index.html "$new/weftscope.js" "$new/weftscope_bg.wasm.gz" "$folder/"
cp traces/samples/*.weft "$folder/samples/"
size=$(($(cat "$folder/index.html" "$folder/weftscope.js" "$folder/weftscope_bg.wasm.gz" | wc -c) / 1000))
echo "$folder: $size kB to load, and samples"
