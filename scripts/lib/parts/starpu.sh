#!/usr/bin/env bash
# StarPU out of Debian's newer source package. flavour=real: drives this machine, with CUDA where a toolkit is given by
# cuda_dir. flavour=simgrid: the same scheduling in virtual time, with simulated GPUs.
source scripts/lib/recipe.sh
source scripts/lib/debian.sh
: "${flavour:?}"
: "${cuda_dir:=}" "${cuda_version:=}"

# 1.4 only: 1.3 has no TCP/IP nodes and spins, and a later series may change what the scheduler room relies on.
series=1.4

# Blocking drivers: an idle worker that spins takes its core from the others. Eight implementations of a codelet: one for
# each width of a core group. NUMA nodes and GPUs are given as numbers, so that the result does not depend on this machine. 16
# memories (maxnodes) are this machine's and those of 15 nodes; StarPU's tables of nodes (maxtcpipdev) hold this machine, too.
options=(
  --enable-blocking-drivers --enable-maxnodes=16 --enable-maxcpus=256 --enable-maxnumanodes=8 --enable-maxcudadev=8
  --enable-maxtcpipdev=16
  --enable-maximplementations=8 --disable-static --disable-opencl --disable-mpi --disable-openmp --disable-socl
  --disable-starpufft --disable-starpupy --disable-fortran --disable-glpk --disable-papi --disable-fxt
  --disable-build-doc --disable-build-examples --disable-build-tests
)

# The newest source of the series: from the user's cache, else from Debian's unstable suite (apt checks the signatures).
fetch_source() {
  local into=$1 kept version
  kept=$(compgen -G "${cache:-/none}/sources/starpu-$series.*.tar" | sort -V | tail -n 1) || true
  if [[ -n $kept ]]; then
    cp "$kept" "$into/"
    return
  fi
  stage "StarPU: asking Debian's unstable suite for the newest source of $series"
  use_suite sid "$work"
  version=$(apt-cache showsrc --only-source starpu | sed -n "s/^Version: \(${series/./\\.}\..*\)/\1/p" | sort -V | tail -n 1)
  [[ -n $version ]] || reason "Debian's unstable suite offers no StarPU $series; set STARPU_ROOT to a StarPU $series of your own"
  (cd "$into" && apt-get source --download-only --only-source "starpu=$version" && mv starpu_*.orig.tar.* "starpu-${version%%[+-]*}.tar")
  [[ -z $cache ]] || keep_source "$into"/starpu-*.tar
}

# A cache that cannot be written is no reason to fail.
keep_source() {
  local partial=$cache/sources/.partial.$$
  { mkdir -p "$cache/sources" && cp "$1" "$partial" && mv "$partial" "$cache/sources/$(basename "$1")"; } || rm -f "$partial"
}

helpers=(cublas cublas_v2 cublasLt cusparse cusolver)

# StarPU 1.4.10 reads a field that CUDA 13 took away. And its library drags in cuBLAS, cuSPARSE and cuSOLVER for helpers
# that StarONNX does not call: 0.1 s and 100 MB at every start of a program, also where there is no GPU.
patch_for_cuda() {
  local source=$1 helper
  sed -i 's/^\tif (props\[devid\]\.computeMode == cudaComputeModeExclusive)$/\tint mode = 0;\n\tif (cudaDeviceGetAttribute(\&mode, cudaDevAttrComputeMode, devid) == cudaSuccess \&\& mode == cudaComputeModeExclusive)/' \
    "$source/src/drivers/cuda/driver_cuda.c"
  # shellcheck disable=SC2016  # configure expands it
  sed -i 's/^\(\tSTARPU_CUDA_LDFLAGS="$STARPU_CUDA_LDFLAGS -lcudart\) -lcublas"$/\1"/' "$source/configure"
  for helper in "${helpers[@]}"; do
    sed -i 's/^#ifdef STARPU_USE_CUDA$/#if 0/' "$source/src/drivers/cuda/starpu_$helper.c"
  done
}

# StarPU 1.4.10 takes away a GPU's second worker where drivers block, as one thread cannot wait for two; also where each has a thread of its own.
patch_gpu_workers() {
  sed -i 's/if (nworker_per_cuda > 1)$/if (nworker_per_cuda > 1 \&\& starpu_getenv_number_default("STARPU_CUDA_THREAD_PER_WORKER", -1) != 1)/' "$1"
  [[ $(grep -c 'nworker_per_cuda > 1 && starpu_getenv' "$1") == 1 ]] ||
    reason 'this StarPU counts the workers of a GPU in another way; its recipe must be looked at'
}

# Where drivers block, StarPU 1.4.10 locks its lists of transfers before it looks whether they are empty, 32 of them whenever a worker wakes. A
# simulated worker is alone when it looks, and its locks were three quarters of all there were.
patch_empty_lists() {
  sed -i '/^#ifdef STARPU_NON_BLOCKING_DRIVERS$/{N;s/^#ifdef STARPU_NON_BLOCKING_DRIVERS\(\n.*\(This is racy, but\|Here helgrind\)\)/#if 1\1/}' "$1"
  [[ $(grep -c '^#if 1$' "$1") == 2 ]] || reason 'this StarPU looks for transfers in another way; its recipe must be looked at'
}

# StarPU 1.4.10 fetches a task's data in the order of the handles' addresses, which the size of the environment changes: here in that of the numbers
# that StarONNX gives them (DataBuffer), so that simulations repeat.
patch_order_of_data() {
  sed -i 's/return (dataA->root_handle < dataB->root_handle)?-1:1;/return (dataA->root_handle->user_data < dataB->root_handle->user_data)?-1:1;/' "$1"
  [[ $(grep -c 'dataA->root_handle->user_data <' "$1") == 1 ]] ||
    reason 'this StarPU orders the data of tasks in another way; its recipe must be looked at'
}

# The simulator's nodes are OpenCL devices to StarPU (staronnx/simulate/platform.h). StarPU 1.4.10 takes OpenCL's devices for the same as CUDA's,
# and ends when data goes to one of each at once.
patch_simulated_nodes() {
  sed -i '/_starpu_devices_gpu_clear(config, STARPU_OPENCL_WORKER);/d' "$1/src/drivers/opencl/driver_opencl.c"
  sed -i '/STARPU_ASSERT(!((new_is_cuda && old_is_opencl) || (old_is_cuda && new_is_opencl)));/d' "$1/src/core/simgrid.c"
  ! grep -qE 'gpu_clear\(config, STARPU_OPENCL|\(new_is_cuda && old_is_opencl\)' "$1"/src/{core/simgrid.c,drivers/opencl/driver_opencl.c} ||
    reason 'this StarPU tells GPUs of two kinds apart in another way; its recipe must be looked at'
}

# What StarPU 1.4.10 does with its nodes, and shall not. Its master listens on every address: here on the one that the environment names,
# this machine's own without. A node that is earlier than its master complains and tries again after a second: here quietly, after
# 10 ms. A side that sends more than a socket holds waits for the other to read, so two that send at once wait for ever: here each
# sends what the socket takes, and goes on with the rest when it takes more. Small messages wait for the acknowledgement of the last:
# 40 ms each; here they do not (TCP_NODELAY, which is 1). And sending without a copy makes a socket seem readable that is not.
patch_for_nodes() {
  local tcpip=$1/src/drivers/tcpip
  sed -i 's/perror("fail to connect socket");//
    s/sock = accept(sockfd, addr, addrlen);/& int now = 1; setsockopt(sock, IPPROTO_TCP, 1, \&now, sizeof(now));/
    s/if (connect(sockfd, addr, addrlen) < 0)/int now = 1; setsockopt(sockfd, IPPROTO_TCP, 1, \&now, sizeof(now)); &/
    s/int ret = setsockopt(sockfd, SOL_SOCKET, optname, &one, sizeof(one));/int ret = -1; errno = EOPNOTSUPP; (void) one;/' \
    "$tcpip/driver_tcpip_common_func.h"
  sed -i 's/htonl(INADDR_ANY)/(getenv("STARPU_TCPIP_MS_LISTEN") ? inet_addr(getenv("STARPU_TCPIP_MS_LISTEN")) : htonl(INADDR_LOOPBACK))/
    s/try++ >= 10)/try++ >= 1000)/
    s/sleep(1);/usleep(10000);/
    s/res = what(remote_sock, \(.*\));/res = req->is_sender ? send(remote_sock, \1, MSG_DONTWAIT) : recv(remote_sock, \1, MSG_DONTWAIT); if (res < 0 \&\& errno == EAGAIN) return;/' \
    "$tcpip/driver_tcpip_common.c"
  [[ $(cat "$tcpip"/driver_tcpip_common{,_func}.[ch] | grep -cE 'STARPU_TCPIP_MS_LISTEN|>= 1000|usleep\(10000\)|MSG_DONTWAIT|int now = 1|\(void\) one') == 7 ]] ||
    reason 'this StarPU serves its nodes in another way; its recipe must be looked at'
  patch_meetings "$tcpip/driver_tcpip_common.c"
  assume_links "$1/src/core/perfmodel/perfmodel_bus.c"
}

# Two processes of StarPU have three connections, told apart by the order in which they come; so a node that two others reach at once
# takes the connections of one for those of the other. Here each connection says first whose it is, and which of the three.
patch_meetings() {
  sed -i -E 's/WRITE\(((serv|source)_(async_|notif_)?sock), &index_sink, sizeof\(index_sink\)\);/{ int call[2] = {index_sink, kind_of_\3sock}; WRITE(\1, call, sizeof(call)); }/
    s/kind_of_sock/0/; s/kind_of_async_sock/1/; s/kind_of_notif_sock/2/
    s/READ\(sink_sock2, &i_sink, sizeof\(i_sink\)\);/int call[2] = {0}; READ(sink_sock2, call, sizeof(call)); i_sink = call[0]; STARPU_ASSERT(i_sink > 0 \&\& i_sink <= nb_sink);/
    s/if\(tcpip_sock\[i_sink\]\.async_sock == 0\)/if(call[1] == 1)/' "$1"
  # From where a node waits for those of higher numbers, until it waits no more.
  sed -i '/\/\*the passive part\*\//,/^\t\tclose(sink_serv_sock);/c\
		for (j = 3*index_sink; j < 3*nb_sink; j++)\
		{\
			int sock, is_local, call[2] = {0};\
			if (master_accept(\&sock, sink_serv_sock, sink_local_sock, NULL, \&is_local) != 0)\
				return -1;\
			READ(sock, call, sizeof(call));\
			STARPU_ASSERT(call[0] > index_sink \&\& call[0] <= nb_sink);\
			*(call[1] == 0 ? \&tcpip_sock[call[0]].sync_sock : call[1] == 1 ? \&tcpip_sock[call[0]].async_sock : \&tcpip_sock[call[0]].notif_sock) = sock;\
			local_flag[call[0]] = is_local;\
		}\
		close(sink_serv_sock);' "$1"
  [[ $(grep -cE 'int call\[2\] = \{index_sink, [012]\}|READ\(sink_sock2, call,|if\(call\[1\] == 1\)|READ\(sock, call,' "$1") == 8 ]] ||
    reason 'the nodes of this StarPU meet in another way; its recipe must be looked at'
}

# A process that finds no speeds of links in its cache measures them, and waits for the others to take part, which do not where they
# find theirs. StarONNX measures links by itself; the policies of StarPU's own are to assume 1 GB/s and 100 us.
assume_links() {
  sed -i 's/^\t_starpu_tcpip_common_measure_bandwidth_latency(tcpip_time_device_to_device, tcpip_latency_device_to_device);/\tfor (i = 0; i < STARPU_MAXTCPIPDEVS * STARPU_MAXTCPIPDEVS; i++) (\&tcpip_time_device_to_device[0][0])[i] = 1e-3, (\&tcpip_latency_device_to_device[0][0])[i] = 100;/' "$1"
  ! grep -q '_starpu_tcpip_common_measure_bandwidth_latency' "$1" || reason 'this StarPU measures links elsewhere; its recipe must be looked at'
}

# A file of the cache is there before it is written, and a process that reads it then ends. Here it is there when it is whole.
patch_cache() {
  sed -i '/f = fopen(path, "a+");/,/fclose(f);/{
    s/f = fopen(path, "a+");/char partial[PATH_LENGTH + 16]; snprintf(partial, sizeof(partial), "%s.%d", path, (int) getpid()); f = fopen(partial, "w");/
    s/fclose(f);/& rename(partial, path);/
  }' "$1"
  [[ $(grep -cE 'f = fopen\(partial, "w"\);|rename\(partial, path\);' "$1") == 10 ]] ||
    reason 'this StarPU writes its cache in another way; its recipe must be looked at'
}

# The headers find those of the same toolkit by themselves, and say nothing of the helpers.
complete_headers_for_cuda() {
  local headers=$1 helper
  sed -i "s|^#include <\(cuda[a-z_]*\.h\)>|#include \"$cuda_dir/include/\1\"|" "$headers"/*.h
  for helper in "${helpers[@]}"; do
    sed -i 's/^#ifdef STARPU_USE_CUDA$/#if 0/' "$headers/starpu_$helper.h"
  done
}

make_part() {
  local into=$1 build=$work/starpu-$flavour source version configure=()
  rm -rf "$build"
  mkdir -p "$build/archive" "$build/source" "$build/objects"
  fetch_source "$build/archive"
  version=$(basename "$build"/archive/starpu-*.tar .tar)
  version=${version#starpu-}
  tar -x -C "$build/source" --strip-components=1 -f "$build"/archive/starpu-*.tar
  source=$build/source
  patch_gpu_workers "$source/src/drivers/cuda/driver_cuda.c"
  case $flavour in
    simgrid)
      patch_empty_lists "$source/src/datawizard/data_request.c"
      patch_order_of_data "$source/src/datawizard/sort_data_handles.c"
      patch_simulated_nodes "$source"
      configure=(--enable-simgrid --disable-cuda)
      ;;
    real)
      patch_for_nodes "$source"
      patch_cache "$source/src/core/perfmodel/perfmodel_bus.c"
      configure=(--enable-tcpip-master-slave --disable-cuda)
      if [[ -n $cuda_dir ]]; then
        patch_for_cuda "$source"
        configure=(--enable-tcpip-master-slave --with-cuda-dir="$cuda_dir" NVCC="$cuda_dir/bin/nvcc"
          LDFLAGS="-Wl,-rpath,$cuda_dir/lib64"
          ac_cv_lib_cublasLt_cublasLtCreate=no ac_cv_lib_cusparse_cusparseCreate=no ac_cv_lib_cusolver_cusolverDnCreate=no)
      fi
      ;;
  esac
  # The prefix is a name, not a place: the folder is moved, copied and linked afterwards. So StarPU need not look there for
  # performance models, and warn at every start that it finds none.
  sed -i '/_perf_model_add_dir(STARPU_SAMPLING_DIR, /d' "$source/src/core/perfmodel/perfmodel.c"
  stage "StarPU $version: configuring (${configure[*]:0:2})"
  (cd "$build/objects" && env -u CFLAGS -u CPPFLAGS -u LDFLAGS -u CXXFLAGS ../source/configure --prefix=/starpu \
    CC=gcc CXX=g++ CFLAGS='-O2 -g1 -w' AUTOCONF=: AUTOMAKE=: ACLOCAL=: AUTOHEADER=: "${options[@]}" "${configure[@]}")
  stage "StarPU $version: compiling on $(nproc) cores"
  # The library alone: no tools, no documentation.
  make -C "$build/objects/src" -j"$(nproc)" -s
  make -C "$build/objects/src" -s install DESTDIR="$build/install"
  make -C "$build/objects" -s install-versincludeHEADERS install-nodist_versincludeHEADERS install-pkgconfigDATA \
    DESTDIR="$build/install"
  mv "$build/install/starpu/include" "$build/install/starpu/lib" "$into/"
  cp "$source/COPYING.LGPL" "$into/"
  if [[ $flavour == real && -n $cuda_dir ]]; then complete_headers_for_cuda "$into/include/starpu/$series"; fi
  if [[ $flavour == simgrid ]]; then # descriptions of machines to simulate
    mkdir -p "$into/share/sampling"
    cp -r "$source/tools/perfmodels/sampling/bus" "$into/share/sampling/"
  fi
  rm -f "$into"/lib/*.la
  # shellcheck disable=SC2016  # pkg-config expands it
  sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|' "$into"/lib/pkgconfig/*.pc
  [[ -z $cuda_version || $flavour == simgrid ]] || version+=-cuda$cuda_version
  printf '%s\n' "$version" >"$into/.version"
  rm -rf "$build"
}

# A tiny program runs a task; and the library must load where no driver is installed.
check_part() {
  local part=$1 scratch=$work/starpu-check-$flavour flags
  need_file "$part/lib/libstarpu-$series.so"
  ! readelf -d "$part/lib/libstarpu-$series.so" | grep -E 'NEEDED.*(libcuda\.|libnvidia|libcublas)' ||
    reason "StarPU was linked against the GPU's driver or cuBLAS; run scripts/setup --no-cuda, or report it"
  rm -rf "$scratch" && mkdir -p "$scratch"
  read -ra flags < <(PKG_CONFIG_PATH=$part/lib/pkgconfig pkg-config --cflags --libs "starpu-$series")
  gcc -w -o "$scratch/program" "scripts/lib/parts/starpu_check_$flavour.c" "${flags[@]}" -Wl,-rpath,"$(realpath "$part")/lib"
  (
    unset "${!STARPU_@}"
    export STARPU_HOME=$scratch
    if [[ $flavour == simgrid ]]; then
      cp -r "$part/share/sampling" "$scratch/"
      export STARPU_PERF_MODEL_DIR=$scratch/sampling STARPU_HOSTNAME=attila STARPU_NCPU=2 STARPU_NCUDA=0 STARPU_SCHED=dmda
    fi
    timeout 60 "$scratch/program"
  ) || reason "StarPU was built, but a first task did not run on it; see the details, or set STARPU_ROOT"
  rm -rf "$scratch"
}

run_recipe "$@"
