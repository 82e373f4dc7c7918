// The text of a config.pbtxt as it was read, for messages that say where in it something is wrong.
#pragma once

#include <google/protobuf/text_format.h>

#include <memory>
#include <string>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {

class ConfigText {
 public:
  // `file` is named in messages. Fails with "FILE:LINE:COLUMN: what", for the first thing that is wrong.
  static Result<ConfigText> parse(const std::string& text, std::string_view file);

  const inference::ModelConfig& message() const { return *message_; }

  // invalid_argument "FILE:LINE:COLUMN: PATH WHAT". Of a path such as "input[1].dims" that is not in the text, the nearest field around it
  // says the place.
  Error refusal(std::string_view path, std::string_view what) const;
  // The same with `unsupported`.
  Error not_done(std::string_view path, std::string_view what) const;

 private:
  using Places = google::protobuf::TextFormat::ParseInfoTree;

  std::string place_of(std::string_view path) const;  // "FILE:LINE:COLUMN: "

  std::string file_;
  std::shared_ptr<const inference::ModelConfig> message_;
  std::shared_ptr<const Places> places_;
};

}  // namespace staronnx
