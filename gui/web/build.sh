#!/usr/bin/env bash
# Builds the page: viewer, simulator and lessons for a browser, as static files.
#   gui/web/build.sh [FOLDER] [PROFILE]
# FOLDER (default: gui/web/page, which the next build of weftscope takes in, for `weftscope web`) receives index.html,
# worker.js, weftscope.js, weftscope_bg.wasm.lzma, what unpacks that, and samples. PROFILE (default: web; dev builds faster,
# runs slower and says where it fails).
#
# Needs xz, wasm-bindgen of the version in Cargo.lock, and a Rust that builds for wasm32-unknown-unknown: rustup's
# (`rustup target add wasm32-unknown-unknown`), or Debian's rustc-web, rust-web-src and lld-22, whose standard library is
# built along, so that it can do without the words of panics. Where they are there, wasm-opt (binaryen, from 132 on: 108
# breaks the table of functions) and pyftsubset (fonttools) make the page smaller.
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
if ! command -v xz >/dev/null; then
  echo "xz is needed, of xz-utils" >&2
  exit 2
fi

cargo=$(rustup which cargo 2>/dev/null || command -v cargo)
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

# The characters of European languages, and symbols; of icons all.
subset=$(command -v pyftsubset || true)
if [ "$profile" != dev ] && [ -n "$subset" ]; then
  manifest=$("$cargo" metadata --format-version 1 --locked | grep -o '"manifest_path":"[^"]*epaint_default_fonts[^"]*"' | cut -d'"' -f4)
  mkdir "$new/fonts"
  for font in Hack-Regular Ubuntu-Light; do
    "$subset" "$(dirname "$manifest")/fonts/$font.ttf" --unicodes=U+0020-024F,U+0370-052F,U+2000-2BFF,U+E000-F8FF,U+FFFD \
      --no-hinting --output-file="$new/fonts/$font.ttf"
  done
  export WEFTSCOPE_PAGE_FONTS=$new/fonts
fi

build=("$cargo" build --target $target --profile "$profile")
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
  if [ "$profile" != dev ]; then
    # What panics is a fault, and ends the page or its worker either way: a sixth of the program would say where.
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none"
  fi
fi
"${build[@]}" -p weftscope --bin weftscope --no-default-features --features live
"${build[@]}" -p weftscope-unpack

built=${CARGO_TARGET_DIR:-target}/$target/$([ "$profile" = dev ] && echo debug || echo "$profile")
opt=$(wasm-opt --version 2>/dev/null | grep -o '[0-9]*' | head -n 1 || true)
for program in weftscope weftscope_unpack; do
  env -u LD_LIBRARY_PATH wasm-bindgen --target web --no-typescript --out-dir "$new" "$built/$program.wasm"
  if [ "$profile" != dev ] && [ "${opt:-0}" -ge 132 ]; then
    wasm-opt -Oz --strip-debug --strip-producers --enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int \
      --enable-reference-types --enable-multivalue --enable-mutable-globals \
      -o "$new/smaller.wasm" "$new/${program}_bg.wasm"
    mv "$new/smaller.wasm" "$new/${program}_bg.wasm"
  fi
done
# A development build is thrown away sooner than it is packed well.
xz --format=lzma --lzma1=preset="$([ "$profile" = dev ] && echo 1 || echo 9e),lc=4,lp=0,pb=0" "$new/weftscope_bg.wasm"
mkdir -p "$folder/samples"
page=(gui/web/index.html gui/web/worker.js "$new"/weftscope{.js,_bg.wasm.lzma} "$new"/weftscope_unpack{.js,_bg.wasm})
cp "${page[@]}" "$folder/"
cp traces/samples/*.weft "$folder/samples/"
size=$(($(cat "${page[@]}" | wc -c) / 1000))
packed=$(for file in "${page[@]}"; do gzip -9c "$file" | wc -c; done | awk '{ sum += $1 } END { print int(sum / 1000) }')
echo "$folder: $size kB to load ($packed kB from a server that packs with gzip), and samples"
