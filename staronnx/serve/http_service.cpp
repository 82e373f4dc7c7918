#include "staronnx/serve/http_service.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "staronnx/serve/compression.h"
#include "staronnx/serve/http_infer.h"
#include "staronnx/serve/http_shared_memory.h"
#include "staronnx/serve/log_settings.h"
#include "staronnx/serve/message_json.h"
#include "staronnx/serve/messages.h"
#include "staronnx/serve/parse_json.h"
#include "staronnx/serve/proto/model_config.pb.h"
#include "staronnx/serve/repository_request.h"
#include "staronnx/serve/trace_record.h"
#include "staronnx/serve/trace_settings.h"

namespace staronnx {
namespace {

HttpAnswer ready_answer(bool ready, std::string_view why) {
  return ready ? HttpAnswer() : error_answer(400, why);
}

HttpAnswer document(std::string body) {
  return HttpAnswer{200, std::move(body)};
}

Result<HttpInference> parse(const HttpRoute& route, const HttpRequest& request, const Catalog& catalog) {
  if (!is_raw(request.inference_header_length)) return parse_infer(request.body, request.inference_header_length);
  const Result<std::shared_ptr<ServedModel>> model = catalog.find(route.model, route.version);
  if (!model) return model.error();
  return parse_raw_infer(request.body, (*model)->signature().clients());
}

Result<HttpAnswer> inference_answer(const InferenceResponse& response, const OutputForms& forms, Encoding encoding) {
  Result<EncodedInference> encoded = encode(response, forms);
  if (!encoded) return encoded.error();
  HttpAnswer answer = document(std::move(encoded->json));
  answer.encoding = encoding;
  answer.lent = std::move(encoded->binary);
  if (!answer.lent.empty()) {
    answer.content_type = "application/octet-stream";
    answer.fields.emplace_back("Inference-Header-Content-Length", std::to_string(answer.body.size()));
  }
  return answer;
}

}  // namespace

// An inference until it is answered.
struct HttpService::Call {
  HttpRoute route;
  Answered answered;
  Encoding encoding;
  std::string logged_id = {};
  std::shared_ptr<TraceRecord> trace = {};  // null: it is not traced
  OutputForms forms = {};
};

RunningInference HttpService::handle(HttpRequest request, Answered answered) {
  const std::variant<HttpRoute, HttpAnswer> routed = http_route(request.method, request.target);
  if (const auto* refused = std::get_if<HttpAnswer>(&routed)) {
    answered(*refused);
    return {};
  }
  const auto& route = std::get<HttpRoute>(routed);
  if (const Restriction* restriction = refusing(route, request)) {
    answered(error_answer(403, restriction->refusal()));
    return {};
  }
  Result<HttpBody> body = uncompressed(std::move(request.body), request.content_encoding, max_body_.count);
  if (!body) {
    answered(error_answer(body.error()));
    return {};
  }
  if (body->size() > request.bytes.has() && !request.bytes.grow(body->size() - request.bytes.has())) {
    answered(busy_answer(too_much_in_flight(server_.bytes_in_flight())));
    return {};
  }
  request.body = *std::move(body);
  if (route.endpoint == HttpEndpoint::infer) return infer(route, std::move(request), std::move(answered));
  if (route.endpoint == HttpEndpoint::repository_load)
    load(route, request, std::move(answered));
  else
    answered(answer(route, request));
  return {};
}

const Restriction* HttpService::refusing(const HttpRoute& route, const HttpRequest& request) const {
  const Restriction* restriction = restrictions_.on(route.api());
  if (restriction == nullptr) return nullptr;
  const std::ptrdiff_t position = restriction - restrictions_.all().data();
  return restriction->opens_to(request.keys.at(static_cast<std::size_t>(position))) ? nullptr : restriction;
}

HttpAnswer HttpService::answer(const HttpRoute& route, const HttpRequest& request) {
  switch (route.endpoint) {
    case HttpEndpoint::live: return {};
    case HttpEndpoint::ready: return ready_answer(server_.ready(), "the server is not ready");
    case HttpEndpoint::server_metadata: return document(json_of(metadata_of(server_.identity())));
    case HttpEndpoint::all_statistics: return document(json_of(statistics_of(server_.catalog().all_ready())));
    case HttpEndpoint::repository_index: return index_answer(request);
    case HttpEndpoint::repository_unload: return unload_answer(route, request);
    case HttpEndpoint::shared_memory_status:
    case HttpEndpoint::shared_memory_register:
    case HttpEndpoint::shared_memory_unregister:
    case HttpEndpoint::cuda_shared_memory_status:
    case HttpEndpoint::cuda_shared_memory_register:
    case HttpEndpoint::cuda_shared_memory_unregister: return shared_memory_answer(route, request);
    case HttpEndpoint::log_settings: return document(json_of(settings_of(server_.log())));
    case HttpEndpoint::change_log_settings: return log_settings_answer(request);
    case HttpEndpoint::trace_settings:
    case HttpEndpoint::change_trace_settings: return trace_settings_answer(route, request);
    default: return model_answer(route);
  }
}

HttpAnswer HttpService::log_settings_answer(const HttpRequest& request) {
  const Result<inference::LogSettingsRequest> wanted = parse_log_settings(request.body.text());
  if (!wanted) return error_answer(wanted.error());
  if (Status changed = change(server_.log(), *wanted); !changed) return error_answer(changed.error());
  return document(json_of(settings_of(server_.log())));
}

HttpAnswer HttpService::trace_settings_answer(const HttpRoute& route, const HttpRequest& request) {
  const bool changes = route.endpoint == HttpEndpoint::change_trace_settings;
  Result<inference::TraceSettingRequest> wanted =
      changes ? parse_trace_settings(request.body.text()) : inference::TraceSettingRequest();
  if (!wanted) return error_answer(wanted.error());
  wanted->set_model_name(route.model);
  const Result<inference::TraceSettingResponse> settings = trace_setting(server_, *wanted);
  return settings ? document(json_of(*settings)) : error_answer(settings.error());
}

HttpAnswer HttpService::shared_memory_answer(const HttpRoute& route, const HttpRequest& request) {
  switch (route.endpoint) {
    case HttpEndpoint::shared_memory_status: return shared_memory_status(server_.shared_memory(), route.region);
    case HttpEndpoint::shared_memory_register:
      return register_shared_memory(server_.shared_memory(), route.region, request.body.text());
    case HttpEndpoint::shared_memory_unregister: server_.shared_memory().remove(route.region); return {};
    case HttpEndpoint::cuda_shared_memory_status: return cuda_shared_memory_status(server_.shared_memory(), route.region);
    case HttpEndpoint::cuda_shared_memory_register:
      return register_cuda_shared_memory(server_.shared_memory(), route.region, request.body.text());
    default: server_.shared_memory().remove_cuda(route.region); return {};
  }
}

HttpAnswer HttpService::model_answer(const HttpRoute& route) {
  const Result<std::shared_ptr<ServedModel>> model = server_.catalog().find(route.model, route.version);
  if (route.endpoint == HttpEndpoint::model_ready) return ready_answer(model.ok(), model ? "" : model.error().message);
  if (!model) return error_answer(model.error());
  const Result<std::vector<std::shared_ptr<ServedModel>>> versions = server_.catalog().versions(route.model);
  if (!versions) return error_answer(versions.error());
  switch (route.endpoint) {
    case HttpEndpoint::model_config: return document(json_of((*model)->config().message()));
    case HttpEndpoint::model_statistics:
      return document(json_of(statistics_of(route.version ? std::span(&*model, 1) : std::span(*versions))));
    default: return document(json_of(metadata_of(**model, *versions)));
  }
}

HttpAnswer HttpService::index_answer(const HttpRequest& request) {
  bool ready_only = false;
  if (request.body.size() > 0) {
    const Result<nlohmann::json> wanted = parse_json(request.body.text());
    if (!wanted) return error_answer(wanted.error());
    if (!wanted->is_object()) return error_answer(400, "the request must be an object, such as {\"ready\": true}");
    const auto ready = wanted->find("ready");
    if (ready != wanted->end() && !ready->is_boolean()) return error_answer(400, "'ready' must be true or false");
    ready_only = ready != wanted->end() && ready->get<bool>();
  }
  return document(json_of(index_of(server_.control().index(), ready_only).models()));
}

void HttpService::load(const HttpRoute& route, const HttpRequest& request, Answered answered) {
  const Result<inference::RepositoryModelLoadRequest> wanted = parse_load_request(request.body.text());
  if (!wanted) return answered(error_answer(wanted.error()));
  const Result<GivenModel> given = given_model(*wanted);
  if (!given) return answered(error_answer(given.error()));
  server_.control().load(route.model, *given, [answered = std::move(answered)](const Status& loaded) {
    answered(loaded ? HttpAnswer() : error_answer(loaded.error()));
  });
}

HttpAnswer HttpService::unload_answer(const HttpRoute& route, const HttpRequest& request) {
  const Result<inference::RepositoryModelUnloadRequest> wanted = parse_unload_request(request.body.text());
  if (!wanted) return error_answer(wanted.error());
  const Result<bool> dependents = unloads_dependents(*wanted);
  if (!dependents) return error_answer(dependents.error());
  const Status unloaded = server_.control().unload(route.model, *dependents);
  return unloaded ? HttpAnswer() : error_answer(unloaded.error());
}

RunningInference HttpService::infer(const HttpRoute& route, HttpRequest request, Answered answered) {
  const auto call = std::make_shared<Call>(Call{route, std::move(answered), accepted_encoding(request.accept_encoding)});
  if (traces())
    call->trace = server_.tracer().begin({"HTTP", route.model, Clock::now(), request.traceparent, request.tracestate});
  Result<HttpInference> parsed = parse(route, request, server_.catalog());
  if (!parsed) return refuse(*call, parsed.error()), RunningInference();
  InferenceRequest& wanted = parsed->request;
  if (server_.log().writes(LogLevel::verbose)) call->logged_id = wanted.id;
  if (call->trace) call->trace->request_id = wanted.id;
  call->forms = std::move(parsed->forms);
  wanted.model = route.model;
  wanted.version = route.version;
  wanted.bytes = std::move(request.bytes);
  wanted.trace = call->trace;
  Result<RunningInference> running =
      staronnx::infer(server_, std::move(wanted), [this, call](const Result<InferenceResponse>& response) {
        if (!response) return refuse(*call, response.error());
        Result<HttpAnswer> answer = inference_answer(*response, call->forms, call->encoding);
        answer ? reply(*call, *std::move(answer)) : refuse(*call, answer.error());
      });
  if (running) return *running;
  refuse(*call, running.error());
  return {};
}

void HttpService::reply(Call& call, HttpAnswer answer) {
  answer.request_id = std::move(call.logged_id);
  answer.trace = std::move(call.trace);
  call.answered(std::move(answer));
}

void HttpService::refuse(Call& call, const Error& error) {
  if (call.trace) call.trace->error = error.message;
  reply(call, refusal(call.route, error));
}

HttpAnswer HttpService::refusal(const HttpRoute& route, const Error& error) {
  if (http_status(error.code) != 503) return error_answer(error);
  const Result<std::shared_ptr<ServedModel>> model = server_.catalog().find(route.model, route.version);
  return busy_answer(error, model ? Seconds((*model)->expected_wait()) : Seconds(1));
}

}  // namespace staronnx
