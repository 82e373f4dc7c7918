// What the server is told of a model beside its file: from a configuration, or these defaults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

// How requests wait.
struct QueuePolicy {
  std::size_t max_queue_size = 1024;  // requests waiting at most
  Microseconds default_timeout{};     // for requests that state none; 0: none
  bool may_change_timeout = true;     // by stating its own, a request
  bool late_goes_last = false;        // who is too late, behind all others; else refused
};

struct ModelSettings {
  // Of one request. 0: shapes are the model's own, no dimension of them is called a batch. Else the first dimension of every input and output is
  // dynamic in the model and at most this in requests, the same for all inputs.
  std::int64_t max_batch_size = 0;
  std::map<std::string, std::vector<std::string>> labels = {};  // for classification, by output
  QueuePolicy queue = {};                                       // of levels of priority that `queues` does not say, together
  std::map<std::uint64_t, QueuePolicy> queues = {};             // by level
  std::uint64_t default_priority = 1;                           // for requests that state none; 1 goes first
  std::uint64_t priority_levels = 0;  // requests with a higher number have the default; 0: there are as many as anybody wants
  bool in_order = false;              // answers leave in the order in which requests were accepted
  Microseconds batch_wait{};          // see PipelineOptions; as the following
  std::vector<std::size_t> preferred_batches = {};
  double share = 1;                                     // of the machine, relative to other models'
  std::map<std::string, std::string> metric_tags = {};  // labels of its metrics
  std::string variant = {};                             // of the plan; empty: chosen for each request
};

}  // namespace staronnx
