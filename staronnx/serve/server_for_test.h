// A server without models, for tests of what listens.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "staronnx/serve/catalog.h"
#include "staronnx/serve/log.h"
#include "staronnx/serve/repository_control.h"
#include "staronnx/serve/server.h"
#include "staronnx/serve/shared_memory.h"
#include "staronnx/serve/tracer.h"

namespace staronnx {

class EmptyServerTest : public testing::Test {
 protected:
  Catalog catalog_{[](const LoadRequest&) -> Result<std::unique_ptr<ServedModel>> {
    return Error{ErrorCode::unsupported, "no models here"};
  }};
  RepositoryControl control_{catalog_, {}};
  SharedMemory memory_{false};
  std::unique_ptr<Log> log_ = *Log::open({});
  std::unique_ptr<Tracer> tracer_ = *Tracer::open({}, 1, *log_);
  Server server_{{"test", "1", {}}, catalog_, control_, memory_, *tracer_, *log_};
};

}  // namespace staronnx
