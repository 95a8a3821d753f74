#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: third_party.sh DIR
# Copies the sources of arctrm's libraries to DIR, as far as arctrm needs them,
# so that it can be built without internet access:
#   absl, simdjson, zstd,  from Python source packages, with versions and
#   zlib                   hashes pinned in third_party/requirements.txt
#   CLI11, nlohmann_json   from the system's packages libcli11-dev and
#                          nlohmann-json3-dev
# Adds the licence of each library and its CMakeLists.txt from third_party/.
# Replaces DIR unless it is up to date.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "third_party.sh: $*"; exit 2; }

(($# == 1)) || die "usage: third_party.sh DIR"
out=$1
mark=$out/arctrm-third-party
# Differs if an input of this script differs.
state=$(cd "$here" && sha256sum third_party.sh third_party/*.txt \
  third_party/*/CMakeLists.txt third_party/zstd/build/cmake/CMakeLists.txt)
if [[ -e $mark && $(cat "$mark") == "$state" ]]; then
  exit 0
fi
[[ ! -e $out || -e $mark ]] ||
  die "$out exists, but this script did not make it; name another folder" \
      "or remove it"
for file in CLI/CLI.hpp nlohmann/json.hpp; do
  [[ -e /usr/include/$file ]] ||
    die "/usr/include/$file is missing; install libcli11-dev and" \
        "nlohmann-json3-dev"
done

scratch=$(mktemp -d "${TMPDIR:-/tmp}/arctrm-third-party.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
quietly() {
  "$@" >>"$log" 2>&1 && return
  tail -n 25 "$log" >&2
  die "failed: $*"
}

say "fetching the sources of Abseil, simdjson, zstd and zlib (16 MB)"
quietly python3 -m venv "$scratch/venv"
pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check --no-input)
quietly "${pip[@]}" install --no-deps --require-hashes \
  -r "$here/third_party/tools.txt"
# pip runs each package's set-up to read its description; nothing is compiled.
quietly "${pip[@]}" download --no-deps --no-binary :all: --require-hashes \
  --no-build-isolation -d "$scratch" -r "$here/third_party/requirements.txt"
for package in grpcio pysimdjson zstandard; do
  mkdir "$scratch/$package"
  quietly tar -xzf "$scratch/$package"-*.tar.gz -C "$scratch/$package" \
    --strip-components=1
done

fresh=$scratch/fresh
cp -r "$here/third_party" "$fresh"
rm -f "$fresh"/*.txt

# Abseil: the headers of the used folders and the sources that CMakeLists.txt
# names.
abseil=$scratch/grpcio/third_party/abseil-cpp
(
  cd "$abseil"
  find absl/{algorithm,base,cleanup,container,crc,debugging,functional} \
       absl/{hash,memory,meta,numeric,profiling,status,strings} \
       absl/{synchronization,time,types,utility} \
       \( -name '*.h' -o -name '*.inc' \) \
       ! -name '*test*' ! -name '*benchmark*' ! -name '*mock*'
  sed -n 's|^ *\(absl/.*\.cc\))\{0,1\}$|\1|p' "$fresh/absl/CMakeLists.txt"
) >"$scratch/files"
while read -r file; do
  mkdir -p "$fresh/absl/$(dirname "$file")"
  cp "$abseil/$file" "$fresh/absl/$file"
done <"$scratch/files"
# grpcio holds one text of the Apache License for itself and Abseil, followed by
# other licences. simdjson's package names the licence without its text.
apache() {
  printf '%s is used under the Apache License 2.0.\n\n' "$1"
  sed '/END OF TERMS/q' "$scratch/grpcio/LICENSE"
}
apache Abseil >"$fresh/absl/LICENSE"
apache simdjson >"$fresh/simdjson/LICENSE"

cp "$scratch/pysimdjson/simdjson"/simdjson.{h,cpp} "$fresh/simdjson/"

cp "$scratch/zstandard/zstd"/{zstd.c,zstd.h,zstd_errors.h,zdict.h,LICENSE} \
  "$fresh/zstd/"

cp "$scratch/grpcio/third_party/zlib"/*.[ch] "$fresh/zlib/"
# The package omits the licence, but zlib.h begins with it.
sed -n '/Copyright (C)/,/madler@/p' "$fresh/zlib/zlib.h" >"$fresh/zlib/LICENSE"
[[ -s $fresh/zlib/LICENSE ]] || die "zlib.h doesn't begin with its licence"

mkdir "$fresh/CLI11/include" "$fresh/nlohmann_json/include"
cp -rL /usr/include/CLI "$fresh/CLI11/include/"
cp -L /usr/share/doc/libcli11-dev/copyright "$fresh/CLI11/LICENSE"
cp -rL /usr/include/nlohmann "$fresh/nlohmann_json/include/"
cp -L /usr/share/doc/nlohmann-json3-dev/copyright "$fresh/nlohmann_json/LICENSE"

printf '%s\n' "$state" >"$fresh/arctrm-third-party"
rm -rf "$out"
mkdir -p "$(dirname "$out")"
mv "$fresh" "$out"
say "$out: $(du -sh "$out" | cut -f1), $(find "$out" -type f | wc -l) files"
