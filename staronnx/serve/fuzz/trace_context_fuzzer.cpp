#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "staronnx/serve/trace_context.h"

// What is taken over has the lengths that others rely on, and is taken over again when it is passed on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace staronnx;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view state = line == std::string_view::npos ? std::string_view() : text.substr(line + 1);
  const std::optional<TraceContext> context = trace_context(text.substr(0, line), state);
  if (!context) return 0;
  if (context->trace_id.size() != 32 || context->parent_id.size() != 16) std::abort();
  const std::string passed_on = "00-" + context->trace_id + "-" + context->parent_id + (context->sampled ? "-01" : "-00");
  if (trace_context(passed_on, context->state) != context) std::abort();
  return 0;
}
