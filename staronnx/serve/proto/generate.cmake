# Classes for the protocol's messages and gRPC services, in `protocol_sources`; generated code, so without our warnings.
set(protocol_folder "${CMAKE_CURRENT_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${protocol_folder}")
foreach(proto staronnx/serve/proto/model_config staronnx/serve/proto/grpc_service staronnx/serve/proto/health)
  set(outputs "${protocol_folder}/${proto}.pb.cc" "${protocol_folder}/${proto}.pb.h")
  set(service "")
  if(NOT proto MATCHES model_config)
    list(APPEND outputs "${protocol_folder}/${proto}.grpc.pb.cc" "${protocol_folder}/${proto}.grpc.pb.h")
    set(service --grpc_out "${protocol_folder}" "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
  endif()
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND protobuf::protoc --cpp_out "${protocol_folder}" ${service} --proto_path "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/${proto}.proto"
    DEPENDS "${PROJECT_SOURCE_DIR}/staronnx/serve/proto/model_config.proto" "${PROJECT_SOURCE_DIR}/${proto}.proto"
    VERBATIM)
  list(APPEND protocol_sources ${outputs})
endforeach()
list(FILTER protocol_sources INCLUDE REGEX "\\.cc$")
set_source_files_properties(${protocol_sources} PROPERTIES COMPILE_OPTIONS -w)
