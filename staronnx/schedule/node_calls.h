// What a server asks of its nodes beside running segments; each call waits for the answer. Not on a worker.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/provider.h"
#include "staronnx/schedule/idle_gate.h"
#include "staronnx/schedule/words.h"

namespace staronnx {

enum class NodeCall : Word { describe, store, prepare, release };

// Of one node, whose StarPU worker is `worker`.
class NodeCalls {
 public:
  NodeCalls(IdleGate& gate, unsigned worker) : gate_(gate), worker_(worker) {}

  // The number that it was given when it joined.
  Result<std::size_t> number();

  // Writes a file of the server's to the directory `folder` of the node.
  Status send(const std::filesystem::path& file, const std::string& folder);

  // Prepares a segment that was sent, which is `segment` from then on, for runs and for release().
  Status prepare(Word segment, const std::string& folder, const std::string& file, Provider provider);
  Status release(Word segment);

 private:
  // `data`: read by the node.
  Result<std::vector<Word>> call(std::vector<Word> argument, std::span<const std::byte> data = {});

  IdleGate& gate_;
  unsigned worker_;
};

}  // namespace staronnx
