// Which provider ONNX Runtime gave each node of a session to. It tells only in its log, at the most talkative level, while it opens the
// session. Private to this room.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/execute/ort.h"

namespace staronnx {

class NodePlacement {
 public:
  // The session opened with `options` tells this, which outlives it.
  void listen(Ort::SessionOptions& options);

  // A line of the log.
  void read(std::string_view line);

  // False while the log has said nothing of it.
  bool known() const { return !counts_.empty(); }

  // "2 of 31 nodes (Det, NonMaxSuppression)": those that the CPU computes, by operator; empty: none, or not known.
  std::string on_cpu() const;

 private:
  std::map<std::string, std::size_t, std::less<>> counts_;  // nodes by provider
  std::vector<std::string> cpu_operators_;                  // named when several providers compute
  bool lists_cpu_ = false;                                  // the lines that come name nodes of the CPU
};

}  // namespace staronnx
