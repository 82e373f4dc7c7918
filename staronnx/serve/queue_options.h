// What a model's settings mean to its pipeline, and to each request. Pure; private to this room.
#pragma once

#include <cstdint>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/serve/inference.h"
#include "staronnx/serve/model_settings.h"

namespace staronnx {

PipelineOptions pipeline_options(const ModelSettings& settings);

// `rows`: of the request's batch. `arrival`: when it came.
RequestOptions request_options(const ModelSettings& settings, const InferenceRequest& request, std::int64_t rows,
                               Clock::time_point arrival);

}  // namespace staronnx
