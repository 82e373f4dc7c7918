// A server at work, until a signal ends it.
#pragma once

#include <set>
#include <string>

#include "staronnx/base/units.h"
#include "staronnx/serve/grpc_server.h"
#include "staronnx/serve/http_server.h"
#include "staronnx/serve/server.h"

namespace staronnx::apps {

// Says when the models are ready, on standard output and to the service manager; returns the exit status after SIGTERM or SIGINT, when what
// is under way is answered or `exit_timeout` has passed, or when a model of `must_be_ready` cannot be loaded. A second signal ends the process. At SIGHUP models, certificates and
// the log's file are looked at again; until this is called, that should be ignored.
int run_service(Server& server, HttpServer& http, GrpcServer& grpc, std::set<std::string> must_be_ready, Seconds exit_timeout);

}  // namespace staronnx::apps
