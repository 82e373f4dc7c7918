#include "staronnx/schedule/node.h"

#include <starpu.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/schedule/batch_run.h"
#include "staronnx/schedule/data_buffer.h"
#include "staronnx/schedule/gathering.h"
#include "staronnx/schedule/node_calls.h"
#include "staronnx/schedule/node_run.h"
#include "staronnx/schedule/node_words.h"
#include "staronnx/schedule/run_device.h"
#include "staronnx/schedule/starpu_environment.h"

namespace staronnx {
namespace {

// Everything happens on the one worker of this node.
class Node {
 public:
  Node(std::size_t number, CoreGroup group, std::unique_ptr<Engine> engine, std::filesystem::path directory)
      : number_(number), group_(std::move(group)), engine_(std::move(engine)), directory_(std::move(directory)) {}

  // The answer stays as it is until the next call.
  std::vector<Word>& call(NodeCall what, WordReader& words, std::span<const std::byte> data) {
    begin_answer();
    Status status;
    switch (what) {
      case NodeCall::describe: answer_.push_back(static_cast<Word>(number_)); break;
      case NodeCall::store: status = store(words, data); break;
      case NodeCall::prepare: status = prepare(words); break;
      case NodeCall::release: segments_.erase(words.number()); break;
    }
    return finished(status);
  }

  std::vector<Word>& run(WordReader& words, void** interfaces) {
    begin_answer();
    return finished(run_segment(words, interfaces));
  }

 private:
  struct Segment {
    std::unique_ptr<RunDevice> device;
    std::unique_ptr<BatchRun> batch;
    std::vector<TensorView> inputs;
    std::vector<OutputSlot> outputs;
  };

  void begin_answer() {
    pin();
    answer_.assign(1, 0);
  }

  std::vector<Word>& finished(const Status& status) {
    if (!status) {
      answer_.clear();
      put_error(answer_, status.error());
    }
    return answer_;
  }

  // The worker's thread is StarPU's.
  void pin() {
    if (std::exchange(pinned_, true)) return;
    if (const Status done = pin_this_thread(std::span(group_.cores).first(1)); !done) pinned_ = false;  // slower, not wrong
  }

  // Two texts: a folder and a file in it.
  std::filesystem::path take_path(WordReader& words) const {
    const std::filesystem::path folder = directory_ / words.text();
    return folder / words.text();
  }

  Status store(WordReader& words, std::span<const std::byte> data) {
    const std::filesystem::path file = take_path(words);
    const bool first = words.number() == 0;
    const auto bytes = static_cast<std::size_t>(words.number());
    std::error_code failure;
    std::filesystem::create_directories(file.parent_path(), failure);
    std::ofstream stream(file, first ? std::ios::binary : std::ios::binary | std::ios::app);
    stream.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(bytes));
    stream.close();
    if (stream) return {};
    return Error{ErrorCode::unavailable,
                 "'" + file.string() + "' cannot be written on the node; give it room for temporary files (TMPDIR)"};
  }

  Status prepare(WordReader& words) {
    const Word key = words.number();
    const std::filesystem::path file = take_path(words);
    const auto provider = static_cast<Provider>(words.number());
    Result<std::shared_ptr<Executor>> executor = engine_->prepare(file, group_, provider);
    if (!executor) return executor.error();
    std::vector<OutputSlot> outputs((*executor)->signature().outputs.size());
    std::unique_ptr<RunDevice> device = device_of(*std::move(executor));
    auto batch = std::make_unique<BatchRun>(*device);
    Segment segment{std::move(device), std::move(batch), {}, std::move(outputs)};
    segments_.insert_or_assign(key, std::move(segment));
    return {};
  }

  Status run_segment(WordReader& words, void** interfaces) {
    const auto found = segments_.find(words.number());
    if (found == segments_.end()) return Error{ErrorCode::internal, "the node does not know the segment"};
    Segment& segment = found->second;
    const auto member = static_cast<std::size_t>(words.number());
    segment.inputs.resize(static_cast<std::size_t>(words.number()));
    for (TensorView& input : segment.inputs) {
      const TensorWords tensor = take_tensor(words);
      input = {tensor.type, tensor.shape, bytes_of(*interfaces++).first(tensor.bytes)};
    }
    for (OutputSlot& output : segment.outputs) {
      output.buffer = bytes_of(*interfaces++);
      output.overflow.clear();
    }
    const std::vector<std::span<const TensorView>> requests = with_mates(words, segment);
    const Clock::time_point begin = Clock::now();
    const Result<std::size_t> ran = compute(segment, member, requests);
    if (!ran) return ran.error();
    answer_.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
    answer_.push_back(static_cast<Word>(*ran));
    for (OutputSlot& output : segment.outputs) {
      answer_.push_back(output.overflow.empty() ? 1 : 0);
      put_tensor(answer_, output.view);
    }
    return {};
  }

  // The inputs of the task, then of its mates, which look alike.
  std::vector<std::span<const TensorView>> with_mates(WordReader& words, const Segment& segment) {
    std::vector<std::span<const TensorView>> requests{segment.inputs};
    mates_.resize(static_cast<std::size_t>(words.number()));
    for (std::vector<TensorView>& mate : mates_) {
      mate = segment.inputs;
      for (TensorView& input : mate)  // NOLINTNEXTLINE(performance-no-int-to-ptr): the server knows where StarPU keeps data here
        input.data = {reinterpret_cast<const std::byte*>(words.number()), input.data.size()};
      requests.push_back(mate);
    }
    return requests;
  }

  // Returns for how many requests it ran.
  static Result<std::size_t> compute(Segment& segment, std::size_t member,
                                     std::span<const std::span<const TensorView>> requests) {
    BatchRun& batch = *segment.batch;
    if (requests.size() > 1) static_cast<void>(batch.run(requests, segment.outputs));  // when it fails, each runs alone
    const bool was_run = (member > 0 || requests.size() > 1) && batch.requests() > 0;
    const Status ran = was_run ? batch.hand_out(member, segment.outputs) : segment.device->run(segment.inputs, segment.outputs);
    if (!ran) return ran.error();
    return was_run ? batch.requests() : 1;
  }

  const std::size_t number_;
  const CoreGroup group_;
  const std::unique_ptr<Engine> engine_;
  const std::filesystem::path directory_;
  bool pinned_ = false;
  std::map<Word, Segment> segments_;
  std::vector<std::vector<TensorView>> mates_;  // inputs, by mate of the task that runs
  std::vector<Word> answer_;
};

// StarPU gives functions nothing but their argument.
Node* this_node = nullptr;

// The words of a task's argument. StarPU copies the answer when the function has returned.
std::span<const Word> words_of_task(const void* argument) {
  return {static_cast<const Word*>(argument), starpu_task_get_current()->cl_arg_size / sizeof(Word)};
}

void give_answer(std::vector<Word>& answer) {
  starpu_task_get_current()->cl_ret = answer.data();
  starpu_task_get_current()->cl_ret_size = answer.size() * sizeof(Word);
}

}  // namespace

bool is_node() {
  return this_node != nullptr;
}

void run_on_node(void** interfaces, void* argument) noexcept {
  WordReader words(words_of_task(argument));
  words.number();  // the server's own
  give_answer(this_node->run(words, interfaces));
}

Error run_node(const NodeOptions& options) {
  std::error_code failure;
  std::filesystem::create_directories(options.cache, failure);
  if (failure)
    return {ErrorCode::unavailable, "the cache directory " + options.cache.string() + " cannot be created: " + failure.message()};
  Result<std::unique_ptr<Engine>> engine = Engine::create();
  if (!engine) return engine.error();
  const Result<Invitation> invitation = join(options.join, options.identity);
  if (!invitation) return invitation.error();
  Node node(invitation->number, options.identity.group, *std::move(engine), options.directory);
  this_node = &node;
  prepare_starpu_environment(options.cache);
  prepare_starpu_environment({.count = invitation->count, .address = invitation->address});
  starpu_conf conf;
  starpu_conf_init(&conf);
  conf.precedence_over_environment_variables = 1;
  conf.catch_signals = 0;
  const int code = starpu_init(&conf);  // ends the process when it has served
  return {ErrorCode::unavailable, "StarPU does not reach the server (error " + std::to_string(-code) + ")"};
}

}  // namespace staronnx

extern "C" void staronnx_call_node(void** interfaces, void* argument) noexcept {
  using namespace staronnx;
  WordReader words(words_of_task(argument));
  const auto what = static_cast<NodeCall>(words.number());
  give_answer(this_node->call(what, words, what == NodeCall::store ? bytes_of(interfaces[0]) : std::span<std::byte>()));
}
