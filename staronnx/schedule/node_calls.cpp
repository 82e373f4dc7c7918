#include "staronnx/schedule/node_calls.h"

#include <starpu.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "staronnx/execute/mapped_file.h"
#include "staronnx/schedule/data_buffer.h"
#include "staronnx/schedule/node.h"
#include "staronnx/schedule/node_words.h"

namespace staronnx {
namespace {

// A file travels in pieces, so that neither side holds it twice.
constexpr std::size_t kPiece = std::size_t{16} << 20;

starpu_codelet& codelet() {
  static starpu_codelet made = [] {
    starpu_codelet codelet;
    starpu_codelet_init(&codelet);
    codelet.name = "staronnx_call_node";
    codelet.cpu_funcs[0] = staronnx_call_node;
    codelet.cpu_funcs_name[0] = "staronnx_call_node";
    codelet.nbuffers = STARPU_VARIABLE_NBUFFERS;
    return codelet;
  }();
  return made;
}

}  // namespace

Result<std::vector<Word>> NodeCalls::call(std::vector<Word> argument, std::span<const std::byte> data) {
  starpu_task task;
  starpu_task_init(&task);
  task.cl = &codelet();
  task.cl_arg = argument.data();
  task.cl_arg_size = argument.size() * sizeof(Word);
  task.execute_on_a_specific_worker = 1;
  task.workerid = worker_;
  task.synchronous = 1;
  task.destroy = 0;
  std::optional<DataBuffer> buffer;
  if (!data.empty()) {
    std::ranges::copy(data, buffer.emplace(data.size(), true).bytes().begin());
    task.nbuffers = 1;
    task.handles[0] = buffer->handle();
    task.modes[0] = STARPU_R;
  }
  gate_.enter();
  gate_.wake();
  const int failure = starpu_task_submit(&task);
  gate_.leave();
  std::vector<Word> answer(task.cl_ret_size / sizeof(Word));
  std::copy_n(static_cast<const Word*>(task.cl_ret), answer.size(), answer.begin());
  std::free(task.cl_ret);
  starpu_task_clean(&task);
  if (failure != 0) return Error{ErrorCode::internal, "StarPU took no task for a node (error " + std::to_string(-failure) + ")"};
  WordReader reader(answer);
  if (Status status = take_status(reader); !status) return status.error();
  answer.erase(answer.begin());
  return answer;
}

Result<std::size_t> NodeCalls::number() {
  const Result<std::vector<Word>> answer = call({static_cast<Word>(NodeCall::describe)});
  if (!answer) return answer.error();
  return static_cast<std::size_t>(WordReader(*answer).number());
}

Status NodeCalls::send(const std::filesystem::path& file, const std::string& folder) {
  const Result<MappedFile> mapped = MappedFile::open(file);
  if (!mapped) return mapped.error();
  const std::span<const std::byte> bytes = mapped->bytes();
  for (std::size_t begin = 0; begin == 0 || begin < bytes.size(); begin += kPiece) {
    const std::span<const std::byte> piece = bytes.subspan(begin, std::min(kPiece, bytes.size() - begin));
    std::vector<Word> words{static_cast<Word>(NodeCall::store)};
    put(words, folder);
    put(words, file.filename().string());
    words.push_back(static_cast<Word>(begin));
    words.push_back(static_cast<Word>(piece.size()));
    if (Result<std::vector<Word>> sent = call(std::move(words), piece); !sent) return sent.error();
  }
  return {};
}

Status NodeCalls::prepare(Word segment, const std::string& folder, const std::string& file, Provider provider) {
  std::vector<Word> words{static_cast<Word>(NodeCall::prepare), segment};
  put(words, folder);
  put(words, file);
  words.push_back(static_cast<Word>(provider));
  Result<std::vector<Word>> answer = call(std::move(words));
  return answer ? Status() : Status(answer.error());
}

Status NodeCalls::release(Word segment) {
  Result<std::vector<Word>> answer = call({static_cast<Word>(NodeCall::release), segment});
  return answer ? Status() : Status(answer.error());
}

}  // namespace staronnx
