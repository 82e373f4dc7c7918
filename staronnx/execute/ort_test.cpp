#include "staronnx/execute/ort.h"

#include <gtest/gtest.h>

namespace staronnx::ort {
namespace {

TEST(OrtError, DoesNotSayWhereOnnxRuntimesSourceLies) {
  const Ort::Exception exception(
      "Non-zero status code returned while running Reshape node. Status Message: "
      "/onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:47 onnxruntime::ReshapeHelper() "
      "size != 0 was false. The tensor a/b.c cannot be reshaped: 4:3\n",
      ORT_RUNTIME_EXCEPTION);
  EXPECT_EQ(error_of("model 'm'", exception).message,
            "model 'm': ONNX Runtime: Non-zero status code returned while running Reshape node. Status Message: "
            "onnxruntime::ReshapeHelper() size != 0 was false. The tensor a/b.c cannot be reshaped: 4:3");
}

}  // namespace
}  // namespace staronnx::ort
