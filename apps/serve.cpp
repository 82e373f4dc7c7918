#include <algorithm>
#include <csignal>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "apps/configuration.h"
#include "apps/log_choice.h"
#include "apps/machine_choice.h"
#include "apps/restriction_choice.h"
#include "apps/runtime_choice.h"
#include "apps/service.h"
#include "apps/supervisor.h"
#include "apps/tls_choice.h"
#include "apps/trace_choice.h"
#include "apps/verbs.h"
#include "staronnx/profile/cost_profile.h"
#include "staronnx/serve/catalog.h"
#include "staronnx/serve/grpc_server.h"
#include "staronnx/serve/http_server.h"
#include "staronnx/serve/plan_cache.h"
#include "staronnx/serve/repository_control.h"
#include "staronnx/serve/server.h"
#include "staronnx/serve/shared_memory.h"
#include "staronnx/serve/summary_options.h"

namespace staronnx::apps {
namespace {

// For nodes to come back to a server that begins again. Those that live try once a second.
constexpr Seconds kNodesAgain{5};

// Of the protocol, that work.
const std::vector<std::string> kExtensions = {"classification",
                                              "model_repository",
                                              "model_repository(unload_dependents)",
                                              "model_configuration",
                                              "binary_tensor_data",
                                              "parameters",
                                              "statistics",
                                              "trace",
                                              "logging"};

struct Options {
  std::vector<std::string> models;
  RepositoryOptions repository;
  std::vector<std::string> load;
  double poll_s = RepositoryOptions().poll_interval.count();
  std::string id = ServerIdentity().name;
  HttpOptions http;
  HttpOptions metrics{.flags = "metrics", .port = 8002};
  bool allow_metrics = true;
  SummaryOptions summaries;
  bool again = false;  // after one that was lost
  GrpcOptions grpc;
  bool allow_shared_memory = false;
  Bytes most_in_flight = Server::kMostInFlight;
  LogOptions log;
  TraceOptions trace;
  double exit_timeout_s = 30;
  MachineChoice here;
  RuntimeChoice runtime;
};

Result<std::vector<LoadRequest>> load_requests(const std::vector<std::string>& models) {
  std::vector<LoadRequest> requests;
  std::set<std::string> names;
  for (const std::string& path : models) {
    LoadRequest request;
    request.path = std::filesystem::path(path).lexically_normal();
    if (!request.path.has_filename()) request.path = request.path.parent_path();  // "plan/"
    request.name = request.path.stem().string();
    if (!names.insert(request.name).second)
      return Error{ErrorCode::invalid_argument, "two models are called '" + request.name + "'; rename one of the files"};
    requests.push_back(std::move(request));
  }
  return requests;
}

std::vector<int> widths_of(const RuntimeOptions& runtime) {
  std::set<int> widths = {1};
  for (const Place& place : places_of(runtime.groups, runtime.elastic)) widths.insert(place.width());
  return {widths.begin(), widths.end()};
}

// The runtime is there later than the models that wait for it: ports open, and models are planned, meanwhile.
class LateRuntime {
 public:
  Status start(const RuntimeOptions& options) {
    Result<std::unique_ptr<Runtime>> started = Runtime::start(options);
    Status status = started ? Status() : Status(started.error());
    if (started) runtime_ = *std::move(started);
    promise_.set_value(status);
    return status;
  }
  Result<Runtime*> get() {
    if (Status started = there_.get(); !started) return started.error();
    return runtime_.get();
  }

 private:
  std::unique_ptr<Runtime> runtime_;
  std::promise<Status> promise_;
  const std::shared_future<Status> there_ = promise_.get_future().share();
};

Catalog::Loader loader(PlanCache& plans, Engine& engine, LateRuntime& runtime, Log& log) {
  return [&plans, &engine, &runtime, &log](const LoadRequest& request) -> Result<std::unique_ptr<ServedModel>> {
    const Result<PlanOnDisk> plan = plans.plan_for(request);
    if (!plan) return plan.error();
    const Result<Runtime*> there = runtime.get();
    if (!there) return there.error();
    Result<std::unique_ptr<ServedModel>> model = ServedModel::load(**there, engine, plan->plan, plan->directory, request);
    if (!model) return model.error();
    for (const std::string& note : (*model)->pipeline()->notes())
      log.write(LogLevel::warning, note, {{"model", request.name}, {"version", request.version}});
    return model;
  };
}

Result<RepositoryOptions> repository_options(const Options& options, Log& log) {
  RepositoryOptions repository = options.repository;
  if (!options.load.empty() && repository.mode != ModelControlMode::on_demand)
    return Error{ErrorCode::invalid_argument,
                 "--load-model is for --model-control-mode explicit; otherwise all models are loaded"};
  repository.load = {options.load.begin(), options.load.end()};
  repository.poll_interval = Seconds(options.poll_s);
  repository.complain = [&log](const std::string& what) { log.write(LogLevel::warning, what); };
  return repository;
}

void say_address(Log& log, std::string_view protocol, const std::string& address, bool loopback, const TlsOptions& tls) {
  std::cout << protocol << ": " << address << std::endl;
  if (!loopback && !tls.mutual)
    log.write(LogLevel::warning,
              address + " is open to other machines, without " + (tls.on ? "" : "encryption or ") + "passwords");
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>()(device);
}

// `ports`: gets those that it listens at.
int serve(const Options& options, Ports& ports) {
  std::signal(SIGHUP, SIG_IGN);  // until there is something to look at again
  const Result<std::unique_ptr<Log>> log = Log::open(options.log);
  if (!log) return report(log.error(), false);
  const Result<std::unique_ptr<Tracer>> tracer = Tracer::open(options.trace, random_seed(), **log);
  if (!tracer) return report(tracer.error(), false);
  Result<Machine> machine = options.here.machine();
  if (machine) machine = options.runtime.machine(*std::move(machine));
  if (!machine) return report(machine.error(), false);
  Result<RuntimeOptions> where = options.runtime.options(*machine);
  if (!where) return report(where.error(), false);
  where->nodes.listening = [&ports](const std::string& address) { address.copy(ports.nodes.data(), ports.nodes.size() - 1); };
  where->nodes.or_fewer = options.again;
  if (options.again) where->nodes.timeout = kNodesAgain;
  Result<std::vector<LoadRequest>> requests = load_requests(options.models);
  if (!requests) return report(requests.error(), false);
  const Result<RepositoryOptions> repository = repository_options(options, **log);
  if (!repository) return report(repository.error(), false);
  Result<std::unique_ptr<Engine>> engine = Engine::create(options.runtime.engine());
  if (!engine) return report(engine.error(), false);

  LateRuntime runtime;
  const auto progress = [&log = **log](const std::string& model, const std::string& what) {
    log.write(LogLevel::info, what, {{"model", model}});
  };
  PlanCache plans(*machine, **engine, {default_cache_directory(), widths_of(*where), progress});
  Catalog catalog(loader(plans, **engine, runtime, **log), options.summaries);
  RepositoryControl control(catalog, *repository);
  SharedMemory memory(options.allow_shared_memory);
  ServerIdentity identity{options.id, STARONNX_VERSION, kExtensions};
  if (options.allow_shared_memory) identity.extensions.emplace_back("system_shared_memory");
  if (!machine->gpus.empty()) identity.extensions.emplace_back("cuda_shared_memory");
  Server server(std::move(identity), catalog, control, memory, **tracer, **log, options.most_in_flight);
  Result<std::unique_ptr<HttpServer>> http = HttpServer::start_protocol(server, options.http);
  if (!http) return report(http.error(), false);
  ports.http = (*http)->port();
  say_address(**log, "HTTP", (*http)->url(), (*http)->loopback(), options.http.tls);
  Result<std::unique_ptr<GrpcServer>> grpc = GrpcServer::start(server, options.grpc);
  if (!grpc) return report(grpc.error(), false);
  ports.grpc = (*grpc)->port();
  say_address(**log, "gRPC", (*grpc)->address(), (*grpc)->loopback(), options.grpc.tls);
  std::unique_ptr<HttpServer> metrics;
  if (options.allow_metrics) {
    Result<std::unique_ptr<HttpServer>> started = HttpServer::start_metrics(server, (*http)->connections(), options.metrics);
    if (!started) return report(started.error(), false);
    metrics = *std::move(started);
    ports.metrics = metrics->port();
    say_address(**log, "metrics", metrics->url() + "/metrics", metrics->loopback(), options.metrics.tls);
  }
  std::set<std::string> must_be_ready;
  for (const LoadRequest& request : *requests) must_be_ready.insert(request.name);
  if (Status begun = control.begin(must_be_ready); !begun) return report(begun.error(), false);
  for (LoadRequest& request : *requests) {
    if (Status loading = catalog.load(std::move(request)); !loading) return report(loading.error(), false);
  }
  server.begin();
  if (Status started = runtime.start(*where); !started) return report(started.error(), false);
  return run_service(server, **http, **grpc, std::move(must_be_ready), Seconds(options.exit_timeout_s));
}

// The same again, where its predecessor was.
Options again(Options options, const Ports& before) {
  options.again = true;
  if (before.http != 0) options.http.port = before.http;
  if (before.grpc != 0) options.grpc.port = before.grpc;
  if (before.metrics != 0) options.metrics.port = before.metrics;
  if (before.nodes[0] != 0) options.runtime.listen = before.nodes.data();
  return options;
}

int run_verb(const Options& options) {
  if (options.runtime.nodes == 0) {
    Ports ports;
    return serve(options, ports);
  }
  return supervise([&](const Ports& before, Ports& now) {
    return before.http == 0 ? serve(options, now) : serve(again(options, before), now);
  });
}

void add_repository(CLI::App& verb, Options& options) {
  const std::map<std::string, ModelControlMode> modes{
      {"none", ModelControlMode::none}, {"explicit", ModelControlMode::on_demand}, {"poll", ModelControlMode::poll}};
  verb.add_option("--model-repository", options.repository.folders, "Folder with models as MODEL/VERSION/model.onnx")
      ->take_all()
      ->allow_extra_args(false);
  verb.add_option(
          "--model-control-mode", options.repository.mode,
          "What of the repositories is served: all (none), what clients ask for (explicit), what is found now and then (poll)")
      ->transform(CLI::CheckedTransformer(modes))
      ->default_str("none");
  verb.add_option("--load-model", options.load, "A model to load at the start, with explicit control; '*': all")
      ->take_all()
      ->allow_extra_args(false);
  verb.add_option("--repository-poll-secs", options.poll_s, "Seconds between two looks at the repositories")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void add_metrics_config(CLI::App& verb, SummaryOptions& summaries) {
  const std::string option = "--metrics-config";
  const auto take = [option, &summaries](const std::vector<std::string>& settings) {
    const Result<SummaryOptions> parsed = SummaryOptions::parse(settings);
    if (!parsed) throw CLI::ValidationError(option, parsed.error().message);
    summaries = *parsed;
  };
  verb.add_option_function<std::vector<std::string>>(
          option, take, "summary_latencies=true: quantiles, too; summary_quantiles=0.5:0.05,..: these")
      ->type_name("TEXT")
      ->take_all()
      ->allow_extra_args(false);
}

}  // namespace

void add_serve(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("serve", "Answer clients of the KServe v2 protocol, as Triton does");
  add_configuration(*verb);
  verb->footer(
      "Options come from the command line; or else from the environment, --http-port as STARONNX_HTTP_PORT;\n"
      "or else from the file of --config, as http-port.\n"
      "SIGTERM and SIGINT end the server when what is under way is answered, a second one at once.\n"
      "Exit status: 0 after a signal; 1 for failures; 2 for wrong options; 128 and the signal's number after a second signal.");
  verb->add_option("MODEL|PLAN,--models", options->models, "ONNX models (planned in passing) or directories of plans");
  add_repository(*verb, *options);
  verb->add_option("--id", options->id, "The server's name, for clients")->capture_default_str();
  verb->add_option("--exit-timeout-secs", options->exit_timeout_s, "Seconds for what is under way after SIGTERM or SIGINT")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("--allow-system-shared-memory", options->allow_shared_memory,
                 "Let clients name shared memory of this machine (/dev/shm) that the server may open, to be read and written");
  verb->add_option("--max-in-flight-size", options->most_in_flight.count,
                   "Bytes of requests that the server holds at once at most, over all protocols, and of answers over gRPC; "
                   "others are refused")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->option_defaults()->group("HTTP");
  verb->add_option("--http-address", options->http.address, "Where to listen: an address of this machine, or its name")
      ->capture_default_str();
  verb->add_option("--http-port", options->http.port, "Port; 0: any free one")->capture_default_str();
  verb->add_option("--http-thread-count", options->http.threads, "Threads that read requests and write answers")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  verb->add_option("--http-max-input-size", options->http.max_body.count, "Bytes of a request's body at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--http-max-connections", options->http.max_connections, "Connections at most; others are told so and closed")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_tls(*verb, "http", options->http.tls);
  add_restrictions(*verb, "--http-restricted-api", options->http.restrictions);
  verb->option_defaults()->group("gRPC");
  verb->add_option("--grpc-address", options->grpc.address, "Where to listen for gRPC")->capture_default_str();
  verb->add_option("--grpc-port", options->grpc.port, "Port for gRPC; 0: any free one")->capture_default_str();
  verb->add_option("--grpc-max-concurrent-streams", options->grpc.max_streams, "Calls on one connection at a time at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_tls(*verb, "grpc", options->grpc.tls);
  add_restrictions(*verb, "--grpc-restricted-protocol", options->grpc.restrictions);
  verb->option_defaults()->group("Metrics");
  verb->add_flag("--allow-metrics,!--no-metrics", options->allow_metrics, "Whether Prometheus may read metrics")
      ->capture_default_str();
  verb->add_option("--metrics-address", options->metrics.address, "Where to listen for Prometheus")->capture_default_str();
  verb->add_option("--metrics-port", options->metrics.port, "Port of the metrics; 0: any free one")->capture_default_str();
  add_metrics_config(*verb, options->summaries);
  verb->option_defaults()->group("Log");
  add_log(*verb, options->log);
  verb->option_defaults()->group("Traces");
  add_trace(*verb, options->trace);
  verb->option_defaults()->group("Processors");
  options->here.add_to(*verb);
  options->runtime.add_to(*verb);
  verb->callback([options, &exit_status] {
    if (options->models.empty() && options->repository.folders.empty())
      throw CLI::ParseError("there is nothing to serve; name a model, a plan or a --model-repository",
                            CLI::ExitCodes::RequiredError);
    exit_status = run_verb(*options);
  });
}

}  // namespace staronnx::apps
