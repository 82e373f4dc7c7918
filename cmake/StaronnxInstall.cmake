# `cmake --install`: the command, one shared library with all rooms, the headers, a CMake package file, and beside them the libraries
# that Debian does not have, so that the result runs from wherever it is put.
include(CMakePackageConfigHelpers)
get_property(rooms GLOBAL PROPERTY STARONNX_ROOMS)
get_property(libraries GLOBAL PROPERTY STARONNX_LIBRARIES)
list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
add_library(staronnx SHARED ${objects})
add_library(staronnx::staronnx ALIAS staronnx)
target_link_libraries(staronnx PRIVATE ${libraries})
target_include_directories(staronnx INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(staronnx INTERFACE cxx_std_20)
set_target_properties(staronnx PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# The libraries of .deps go to lib/staronnx and are found from there.
set(private_libraries "${CMAKE_INSTALL_LIBDIR}/staronnx")
set_target_properties(staronnx PROPERTIES INSTALL_RPATH "$ORIGIN/staronnx")
set_target_properties(staronnx_command PROPERTIES INSTALL_RPATH "$ORIGIN/../${private_libraries}")
if(STARONNX_WITH_CUDA)  # CUDA's own libraries stay where they are
  set_property(TARGET staronnx staronnx_command APPEND PROPERTY INSTALL_RPATH "${CUDAToolkit_LIBRARY_DIR}")
endif()
foreach(library ${StarPU_LIBRARY} ${OnnxRuntime_LIBRARY})
  get_filename_component(folder "${library}" DIRECTORY)
  get_filename_component(name "${library}" NAME)
  file(GLOB versions "${folder}/${name}.*")
  install(FILES ${library} ${versions} DESTINATION "${private_libraries}" COMPONENT command)
  list(APPEND private_library_folders "${folder}")
endforeach()

# The simulator, with the StarPU that it needs in a folder of its own: it has the name of the other.
if(TARGET staronnx_simulator)
  set_target_properties(staronnx_simulator PROPERTIES INSTALL_RPATH "$ORIGIN/simgrid:$ORIGIN")
  install(TARGETS staronnx_simulator RUNTIME DESTINATION "${private_libraries}" COMPONENT command)
  get_filename_component(folder "${StarPUSimGrid_LIBRARY}" DIRECTORY)
  file(GLOB versions "${StarPUSimGrid_LIBRARY}*")
  install(FILES ${versions} DESTINATION "${private_libraries}/simgrid" COMPONENT command)
  list(APPEND private_library_folders "${folder}")
endif()

if(STARONNX_WITH_OPENVINO OR STARONNX_WITH_CUDA)
  get_filename_component(folder "${OnnxRuntime_LIBRARY}" DIRECTORY)
  file(GLOB providers "${folder}/libonnxruntime_providers_*" "${folder}/libopenvino*" "${folder}/libtbb*" "${folder}/libcudnn*")
  install(FILES ${providers} DESTINATION "${private_libraries}" COMPONENT command)
endif()

# What only machines with a GPU have, the driver and TensorRT, cannot be looked at here: dpkg-shlibdeps gets empty libraries of these names.
if(STARONNX_WITH_CUDA)
  file(GET_RUNTIME_DEPENDENCIES LIBRARIES ${providers} DIRECTORIES "${folder}" "${CUDAToolkit_LIBRARY_DIR}"
       RESOLVED_DEPENDENCIES_VAR ignored UNRESOLVED_DEPENDENCIES_VAR absent)
  set(stand_ins "${PROJECT_BINARY_DIR}/absent")
  file(MAKE_DIRECTORY "${stand_ins}")
  foreach(name ${absent})
    execute_process(COMMAND "${CMAKE_C_COMPILER}" -shared -x c /dev/null "-Wl,-soname,${name}" -o "${stand_ins}/${name}" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  list(APPEND private_library_folders "${stand_ins}" "${CUDAToolkit_LIBRARY_DIR}")
endif()

# A StarPU that was built where there is a CUDA toolkit wants its libcudart, also in builds without CUDA.
if(NOT STARONNX_WITH_CUDA)
  file(GET_RUNTIME_DEPENDENCIES LIBRARIES "${StarPU_LIBRARY}" RESOLVED_DEPENDENCIES_VAR wanted UNRESOLVED_DEPENDENCIES_VAR ignored)
  list(FILTER wanted INCLUDE REGEX "/libcudart\\.so")
  if(wanted)
    get_filename_component(folder "${wanted}" DIRECTORY)
    get_filename_component(starpu "${StarPU_LIBRARY}" REALPATH)
    get_filename_component(starpu "${starpu}" NAME)
    list(APPEND private_library_folders "${folder}")
    install(CODE "
      set(private \"\${CMAKE_INSTALL_PREFIX}/${private_libraries}\")
      file(INSTALL \"${wanted}\" DESTINATION \"\${private}\" FOLLOW_SYMLINK_CHAIN)  # which heeds DESTDIR itself
      file(RPATH_CHANGE FILE \"\$ENV{DESTDIR}\${private}/${starpu}\" OLD_RPATH \"${folder}\" NEW_RPATH \"\\$ORIGIN\")" COMPONENT command)
  endif()
endif()

install(TARGETS staronnx_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
install(TARGETS staronnx EXPORT staronnxTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY staronnx/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/staronnx COMPONENT development
        FILES_MATCHING PATTERN "*.h" PATTERN "testing" EXCLUDE)
install(EXPORT staronnxTargets NAMESPACE staronnx:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/staronnx FILE staronnxConfig.cmake
        COMPONENT development)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/staronnxConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/staronnxConfigVersion.cmake" DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/staronnx
        COMPONENT development)
