#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "staronnx/serve/http_infer.h"

// What is accepted is answered with itself as outputs, in binary and, where JSON can say it, as text; each tensor has the bytes it came with.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace staronnx;
  if (size == 0) return 0;
  // The first byte: how much of the rest is JSON, or that no header says so.
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::optional<std::string> length;
  if (data[0] < 255) length = std::to_string(body.size() * data[0] / 254);
  const Result<HttpInference> inference = parse_infer(HttpBody(body), length);
  if (!inference) return 0;
  std::vector<InferenceOutput> outputs;
  std::size_t bytes = 0;
  for (const InferenceInput& input : inference->request.inputs) {
    outputs.push_back({input.name, input.tensor.view()});
    bytes += input.tensor.data().size();
  }
  const InferenceResponse response{"m", 1, inference->request.id, outputs};
  OutputForms forms;
  static_cast<void>(encode(response, forms));
  forms.binary = true;
  const Result<EncodedInference> encoded = encode(response, forms);
  for (std::size_t i = 0; encoded && i < encoded->binary.size(); ++i) bytes -= encoded->binary[i].size();
  if (!encoded || bytes != 0) std::abort();
  return 0;
}
