# staronnx_room(<name> SOURCES .. [DEPENDS room ..] [LIBRARIES target ..]
#               [TESTS x_test.cpp ..] [BENCHES x_bench.cpp ..] [TEST_LIBRARIES target ..] [FUZZERS fuzz/x_fuzzer.cpp ..])
# One static library `staronnx_<name>` for a room. DEPENDS are rooms whose headers its headers show; LIBRARIES are third-party
# targets, private because no public header shows their types. All tests of a room are one GoogleTest program, `<name>_test`;
# each benchmark is a program of its own, and so is each fuzzer, built by the preset `fuzz`.
function(staronnx_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPENDS;LIBRARIES;TESTS;BENCHES;TEST_LIBRARIES;FUZZERS" ${ARGN})
  set(target staronnx_${name})
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  list(TRANSFORM ROOM_DEPENDS PREPEND staronnx_)
  target_link_libraries(${target} PUBLIC ${ROOM_DEPENDS} PRIVATE staronnx_flags ${ROOM_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY STARONNX_ROOMS ${target})
  set_property(GLOBAL APPEND PROPERTY STARONNX_LIBRARIES ${ROOM_LIBRARIES})

  if(STARONNX_TESTS AND ROOM_TESTS)
    add_executable(${name}_test ${ROOM_TESTS})
    target_link_libraries(${name}_test PRIVATE ${target} staronnx_flags ${ROOM_TEST_LIBRARIES} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE STARONNX_DEPS_DIR="${STARONNX_DEPS_DIR}")
    # StarPU's watchdog: a test whose tasks stand still for a minute crashes, with a core that shows where.
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 300 ENVIRONMENT "STARPU_WATCHDOG_TIMEOUT=60000000;STARPU_WATCHDOG_CRASH=1")
  endif()
  if(STARONNX_TESTS)
    foreach(source IN LISTS ROOM_BENCHES)
      get_filename_component(bench ${source} NAME_WE)
      add_executable(${bench} ${source})
      target_link_libraries(${bench} PRIVATE ${target} staronnx_flags ${ROOM_TEST_LIBRARIES} benchmark::benchmark_main)
    endforeach()
  endif()
  if(STARONNX_FUZZERS)
    foreach(source IN LISTS ROOM_FUZZERS)
      get_filename_component(fuzzer ${source} NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE ${target} staronnx_flags)
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
