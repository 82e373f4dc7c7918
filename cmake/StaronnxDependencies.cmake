# Everything StarONNX is built on. `scripts/setup` puts what Debian 12 lacks into .deps/; STARPU_ROOT, ONNXRUNTIME_ROOT and
# METIS_ROOT (CMake variable or environment) point to a copy of one's own. What was found is said in one line each.
set(STARONNX_DEPS_DIR "${PROJECT_SOURCE_DIR}/.deps" CACHE PATH "Where scripts/setup put what Debian lacks")

# staronnx_find(<name> <root> <header> <library> <remedy>) defines the imported target <name>::<name>.
function(staronnx_find name root header library remedy)
  find_path(${name}_INCLUDE_DIR ${header} PATHS "${root}" PATH_SUFFIXES include include/starpu/1.4 NO_DEFAULT_PATH)
  find_library(${name}_LIBRARY ${library} PATHS "${root}" PATH_SUFFIXES lib lib64 lib/${CMAKE_LIBRARY_ARCHITECTURE} NO_DEFAULT_PATH)
  if(NOT ${name}_INCLUDE_DIR OR NOT ${name}_LIBRARY)
    message(FATAL_ERROR "${name} was not found under '${root}' (wanted ${header} and lib${library}). ${remedy}")
  endif()
  add_library(${name}::${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${name}::${name} PROPERTIES IMPORTED_LOCATION "${${name}_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${${name}_INCLUDE_DIR}")
  message(STATUS "StarONNX: ${name} ${${name}_LIBRARY}")
endfunction()

# staronnx_root(<variable> <default>): CMake variable, else environment, else the default.
macro(staronnx_root variable default)
  if(NOT ${variable})
    if(DEFINED ENV{${variable}})
      set(${variable} "$ENV{${variable}}")
    else()
      set(${variable} "${default}")
    endif()
  endif()
endmacro()

staronnx_root(STARPU_ROOT "${STARONNX_DEPS_DIR}/starpu")
if(STARONNX_WITH_CUDA AND STARONNX_WITH_OPENVINO)
  message(FATAL_ERROR "No ONNX Runtime has both CUDA's and OpenVINO's provider; take one of the presets cuda and release-openvino.")
elseif(STARONNX_WITH_CUDA)
  set(onnxruntime_folder "onnxruntime-gpu")
  set(onnxruntime_remedy "Run scripts/setup --gpu, or set ONNXRUNTIME_ROOT.")
elseif(STARONNX_WITH_OPENVINO)
  set(onnxruntime_folder "onnxruntime-openvino")
  set(onnxruntime_remedy "Run scripts/setup --openvino, or set ONNXRUNTIME_ROOT.")
else()
  set(onnxruntime_folder "onnxruntime")
  set(onnxruntime_remedy "Run scripts/setup, or set ONNXRUNTIME_ROOT.")
endif()
staronnx_root(ONNXRUNTIME_ROOT "${STARONNX_DEPS_DIR}/${onnxruntime_folder}")
staronnx_root(METIS_ROOT "/usr")
staronnx_find(StarPU "${STARPU_ROOT}" starpu.h starpu-1.4 "Run scripts/setup, or set STARPU_ROOT.")
staronnx_find(OnnxRuntime "${ONNXRUNTIME_ROOT}" onnxruntime_cxx_api.h onnxruntime "${onnxruntime_remedy}")
staronnx_find(Metis "${METIS_ROOT}" metis.h metis "Run scripts/setup (it installs libmetis-dev), or set METIS_ROOT.")
staronnx_find(Glpk "/usr" glpk.h glpk "Run scripts/setup (it installs libglpk-dev).")

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(Hwloc REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(Graphviz REQUIRED IMPORTED_TARGET libgvc libcgraph)
pkg_check_modules(Systemd REQUIRED IMPORTED_TARGET libsystemd)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost REQUIRED)  # headers only: Asio, Beast, Container, Graph
message(STATUS "StarONNX: hwloc ${Hwloc_VERSION}, protobuf ${Protobuf_VERSION}, gRPC ${gRPC_VERSION}, Graphviz ${Graphviz_VERSION}")

if(STARONNX_WITH_CUDA)
  find_package(CUDAToolkit REQUIRED)
  message(STATUS "StarONNX: CUDA ${CUDAToolkit_VERSION}")
  # The CUDA provider says nowhere where its own libraries lie. A program's RPATH holds for the libraries that it loads, too, other than
  # the newer RUNPATH. The folder lib/staronnx beside a program is where `scripts/gpu-check --pack` puts them.
  add_link_options(-Wl,--disable-new-dtags)
  set(CMAKE_BUILD_RPATH "$ORIGIN/../lib/staronnx")
else()
  find_package(CUDAToolkit QUIET)  # to see that the sources for CUDA compile
endif()

if(STARONNX_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
  include(GoogleTest)
endif()
