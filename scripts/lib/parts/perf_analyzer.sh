#!/usr/bin/env bash
# perf_analyzer for the tests of the server: .deps/perf_analyzer/perf_analyzer. It needs a newer C library than Debian 12 has, so
# Debian 13's lies beside it and is used by it alone; nothing is installed.
source scripts/lib/recipe.sh
source scripts/lib/debian.sh
source scripts/lib/wheels.sh

make_part() {
  local into=$1 wheels=$work/perf-analyzer-wheel packages=$work/perf-analyzer-packages package
  rm -rf "$wheels" "$packages"
  mkdir -p "$packages"
  stage 'perf_analyzer: fetching its wheel'
  fetch_wheels scripts/lib/wheels/perf_analyzer.txt "$wheels" --platform manylinux_2_38_x86_64
  "$python" scripts/lib/unpack_wheel.py "$wheels"/perf_analyzer-*.whl "$into/bin" --flat 'perf_analyzer/bin/perf_analyzer'
  "$python" scripts/lib/unpack_wheel.py "$wheels"/perf_analyzer-*.whl "$into/licence" --flat '*.dist-info/*LICENSE*' '*.dist-info/METADATA'
  stage "perf_analyzer: fetching the libraries of Debian 13 that it needs"
  use_suite trixie "$work"
  (cd "$packages" && apt-get download libc6 libstdc++6 libgcc-s1 zlib1g libssl3t64 libzstd1)
  for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$packages/root"; done
  mkdir "$into/lib"
  cp -a "$packages"/root/usr/lib/x86_64-linux-gnu/*.so* "$into/lib/"
  chmod +x "$into/bin/perf_analyzer"
  cat >"$into/perf_analyzer" <<'END'
#!/usr/bin/env bash
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
exec "$here/lib/ld-linux-x86-64.so.2" --library-path "$here/lib" "$here/bin/perf_analyzer" "$@"
END
  chmod +x "$into/perf_analyzer"
  version_of_wheel "$wheels"/perf_analyzer-*.whl >"$into/.version"
  rm -rf "$wheels" "$packages"
}

check_part() { "$1/perf_analyzer" --version; }

run_recipe "$@"
