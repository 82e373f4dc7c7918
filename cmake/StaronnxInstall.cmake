# `cmake --install`: the command, one shared library with all rooms, the headers, a CMake package file, and beside them the libraries
# that Debian does not have, so that the result runs from wherever it is put.
include(CMakePackageConfigHelpers)
get_property(rooms GLOBAL PROPERTY STARONNX_ROOMS)

file(WRITE "${PROJECT_BINARY_DIR}/version.cpp.in" "extern const char* const staronnx_version;\nconst char* const staronnx_version = \"@PROJECT_VERSION@\";\n")
configure_file("${PROJECT_BINARY_DIR}/version.cpp.in" "${PROJECT_BINARY_DIR}/version.cpp" @ONLY)
add_library(staronnx SHARED "${PROJECT_BINARY_DIR}/version.cpp")
add_library(staronnx::staronnx ALIAS staronnx)
target_link_libraries(staronnx PRIVATE ${rooms})
list(JOIN rooms "," whole_rooms)
set_target_properties(staronnx PROPERTIES LINK_LIBRARY_OVERRIDE "WHOLE_ARCHIVE,${whole_rooms}")
target_include_directories(staronnx INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(staronnx INTERFACE cxx_std_20)
set_target_properties(staronnx PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# The libraries of .deps go to lib/staronnx and are found from there.
set(private_libraries "${CMAKE_INSTALL_LIBDIR}/staronnx")
set_target_properties(staronnx PROPERTIES INSTALL_RPATH "$ORIGIN/staronnx")
set_target_properties(staronnx_command PROPERTIES INSTALL_RPATH "$ORIGIN/../${private_libraries}")
foreach(library ${StarPU_LIBRARY} ${OnnxRuntime_LIBRARY})
  get_filename_component(folder "${library}" DIRECTORY)
  get_filename_component(name "${library}" NAME)
  file(GLOB versions "${folder}/${name}.*")
  install(FILES ${library} ${versions} DESTINATION "${private_libraries}")
endforeach()

install(TARGETS staronnx_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS staronnx EXPORT staronnxTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY staronnx/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/staronnx FILES_MATCHING PATTERN "*.h" PATTERN "testing" EXCLUDE)
install(EXPORT staronnxTargets NAMESPACE staronnx:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/staronnx FILE staronnxConfig.cmake)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/staronnxConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/staronnxConfigVersion.cmake" DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/staronnx)
