#!/usr/bin/env bash
# ONNX Runtime: the library out of its Python wheel (with flavour=gpu, of the wheel for CUDA, and cuDNN beside it where this machine has
# none; with flavour=openvino, of the wheel with OpenVINO, of which a CPU needs a few libraries only), the C and C++ headers out of a
# newer Debian suite. The C API is versioned: headers may be older than the library, never newer.
source scripts/lib/recipe.sh
source scripts/lib/debian.sh
source scripts/lib/wheels.sh
flavour=${flavour:-}
: "${cuda_dir:=}"

libraries=('onnxruntime/capi/libonnxruntime*.so*')
if [[ $flavour == openvino ]]; then
  libraries+=('onnxruntime/capi/libtbb.so.[0-9]*' 'onnxruntime/capi/libopenvino_intel_cpu_plugin.so')
  # Under the names that others load them by: libopenvino.so.2541, not libopenvino.so and libopenvino.so.2025.4.1.
  libraries+=('onnxruntime/capi/libopenvino.so.[0-9][0-9][0-9][0-9]' 'onnxruntime/capi/libopenvino_onnx_frontend.so.[0-9][0-9][0-9][0-9]')
fi

fetch_library() {
  local into=$1 wheels=$work/onnxruntime-wheel list=$work/onnxruntime.txt
  rm -rf "$wheels"
  if [[ $flavour == openvino ]]; then
    stage 'ONNX Runtime: fetching the wheel with OpenVINO (85 MB)'
    for_this_python scripts/lib/wheels/openvino.txt >"$list"
  elif [[ $flavour == gpu ]]; then
    stage 'ONNX Runtime: fetching the wheel for CUDA (250 MB)'
    for_this_python scripts/lib/wheels/gpu.txt >"$list"
  else
    stage 'ONNX Runtime: fetching the wheel'
    for_this_python <(only_requirement onnxruntime requirements.txt) >"$list"
  fi
  fetch_wheels "$list" "$wheels"
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into/lib" --flat "${libraries[@]}"
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into" --flat '*/LICENSE' '*/ThirdPartyNotices.txt'
  rm -rf "$wheels"
}

has_cudnn() { [[ -e $cuda_dir/lib64/libcudnn.so.9 ]] || /sbin/ldconfig -p | grep -q 'libcudnn\.so\.9'; }

fetch_cudnn() {
  local into=$1 wheels=$work/cudnn-wheel
  rm -rf "$wheels"
  stage 'ONNX Runtime: fetching cuDNN (520 MB)'
  fetch_wheels scripts/lib/wheels/cudnn.txt "$wheels"
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into/lib" --flat '*/libcudnn*.so.9'
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into/cudnn-licence" --flat '*/[Ll][Ii][Cc][Ee][Nn]*'
  rm -rf "$wheels"
}

link_library() {
  local lib=$1 library
  library=$(basename "$lib"/libonnxruntime.so.*)
  ln -s "$library" "$lib/libonnxruntime.so.1"
  ln -s libonnxruntime.so.1 "$lib/libonnxruntime.so"
  printf '%s' "${library#libonnxruntime.so.}"
}

# fetch_headers <folder> <minor version of the library>: of the newest suite whose headers are not newer than the library.
fetch_headers() {
  local into=$1 minor=$2 suite at version
  for suite in sid testing trixie; do
    stage "ONNX Runtime: asking Debian's suite $suite for the headers"
    use_suite "$suite" "$work"
    version=$(apt-cache policy libonnxruntime-dev | sed -n 's/^ *Candidate: //p')
    [[ $version =~ ^1\.([0-9]+) ]] || continue
    ((BASH_REMATCH[1] <= minor)) || continue
    at=$work/onnxruntime-headers
    rm -rf "$at" && mkdir -p "$at/unpacked"
    (cd "$at" && apt-get download libonnxruntime-dev && dpkg-deb -x libonnxruntime-dev_*.deb unpacked)
    mkdir -p "$into"
    cp -r "$at"/unpacked/usr/include/onnxruntime/. "$into/"
    rm -rf "$at"
    return
  done
  reason "Debian's newer suites offer no ONNX Runtime headers up to 1.$minor; set ONNXRUNTIME_ROOT to an ONNX Runtime of your own"
}

make_part() {
  local into=$1 version
  fetch_library "$into"
  if [[ $flavour == gpu ]] && ! has_cudnn; then fetch_cudnn "$into"; fi
  version=$(link_library "$into/lib")
  fetch_headers "$into/include" "$(cut -d . -f 2 <<<"$version")"
  printf '%s\n' "$version" >"$into/.version"
}

# What the CUDA provider needs of CUDA is the user's to install; the driver's own library comes with the driver.
check_provider() {
  local missing
  need_file "$1"
  missing=$(LD_LIBRARY_PATH=$cuda_dir/lib64 ldd "$1" | sed -n 's/ => not found//p' | grep -vE 'libcuda\.|libonnxruntime' | tr -d '\t' | tr '\n' ' ') || true
  [[ -z $missing ]] || stage "note: the CUDA provider will not load before CUDA 13 is installed; missing: $missing"
  has_cudnn || need_file "$(dirname "$1")/libcudnn.so.9"
}

check_part() {
  local part=$1 program=$work/onnxruntime-check
  need_file "$part/include/onnxruntime_cxx_api.h"
  need_file "$part/lib/libonnxruntime.so"
  if [[ $flavour == gpu ]]; then check_provider "$part/lib/libonnxruntime_providers_cuda.so"; fi
  g++ -std=c++17 -w -I "$part/include" -o "$program" scripts/lib/parts/onnxruntime_check.cpp \
    -L "$part/lib" -lonnxruntime -Wl,-rpath,"$(realpath "$part")/lib"
  "$program" ${flavour:+"$flavour"} || reason 'ONNX Runtime was unpacked, but a program built with its headers does not run with its library'
  rm -f "$program"
}

run_recipe "$@"
