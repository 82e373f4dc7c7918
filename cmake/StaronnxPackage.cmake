# What belongs to an installed command beside it, and `cpack -G DEB`: a Debian package of the command, which brings the libraries that Debian
# does not have.
if(NOT STARONNX_SANITIZER)  # which would look into help2man, too
  find_program(HELP2MAN help2man REQUIRED)
  set(manual "${PROJECT_BINARY_DIR}/manual")
  add_custom_command(OUTPUT "${manual}/staronnx.1" COMMAND "${PROJECT_SOURCE_DIR}/cmake/manual" $<TARGET_FILE:staronnx_command> "${manual}"
                     DEPENDS staronnx_command "${PROJECT_SOURCE_DIR}/cmake/manual" VERBATIM)
  add_custom_target(staronnx_manual ALL DEPENDS "${manual}/staronnx.1")
  install(DIRECTORY "${manual}/" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT command)
endif()
install(FILES apps/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME staronnx COMPONENT command)
install(FILES deploy/staronnx.service DESTINATION lib/systemd/system COMPONENT command)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/staronnx RENAME copyright COMPONENT command)

set(CPACK_COMPONENTS_ALL command)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX "/usr")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME staronnx)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The StarONNX maintainers <maintainers@staronnx.invalid>")
set(CPACK_DEBIAN_COMMAND_DESCRIPTION "${PROJECT_DESCRIPTION}
 Cuts ONNX models into segments that all processors of the machine work on at
 once, and serves them to clients of the KServe v2 protocol.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${private_library_folders})
include(CPack)
