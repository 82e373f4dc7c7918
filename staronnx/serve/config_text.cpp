#include "staronnx/serve/config_text.h"

#include <google/protobuf/io/tokenizer.h>

#include <charconv>
#include <optional>

namespace staronnx {
namespace {

constexpr int deepest = 100;  // messages within messages

std::string place(std::string_view file, int line, int column) {  // both from 0
  return std::string(file) + ':' + std::to_string(line + 1) + ':' + std::to_string(column + 1) + ": ";
}

// The first error; those that follow come mostly from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(std::string_view file) : file_(file) {}

  void AddError(int line, int column, const std::string& message) override {
    if (!message_) message_ = place(file_, line, column) + message;
  }

  std::string message() const { return message_.value_or(std::string(file_) + ": is not the text of a model configuration"); }

 private:
  std::string_view file_;
  std::optional<std::string> message_;
};

struct Step {
  std::string field;
  int index = -1;  // of a repeated field
};

// "input[1].dims" -> input 1, dims; takes the first step off `path`.
Step take_step(std::string_view& path) {
  const std::size_t end = path.find('.');
  std::string_view step = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  const std::size_t bracket = step.find('[');
  Step taken{std::string(step.substr(0, bracket))};
  if (bracket != std::string_view::npos) std::from_chars(step.data() + bracket + 1, step.data() + step.size(), taken.index);
  return taken;
}

}  // namespace

Result<ConfigText> ConfigText::parse(const std::string& text, std::string_view file) {
  ConfigText parsed;
  parsed.file_ = file;
  auto message = std::make_shared<inference::ModelConfig>();
  auto places = std::make_shared<Places>();
  FirstError error(file);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(places.get());
  parser.SetRecursionLimit(deepest);
  if (!parser.ParseFromString(text, message.get())) return Error{ErrorCode::invalid_argument, error.message()};
  parsed.message_ = std::move(message);
  parsed.places_ = std::move(places);
  return parsed;
}

std::string ConfigText::place_of(std::string_view path) const {
  std::string found = file_ + ": ";
  const google::protobuf::Descriptor* type = inference::ModelConfig::descriptor();
  const Places* places = places_.get();
  while (!path.empty() && places != nullptr && type != nullptr) {
    const Step step = take_step(path);
    const google::protobuf::FieldDescriptor* field = type->FindFieldByName(step.field);
    if (field == nullptr) break;
    const int index = field->is_repeated() ? std::max(step.index, 0) : -1;
    auto location = places->GetLocation(field, index);
    if (location.line < 0 && index > 0) location = places->GetLocation(field, 0);  // a list in brackets has one place
    if (location.line >= 0) found = place(file_, location.line, location.column);
    type = field->message_type();
    places = type == nullptr ? nullptr : places->GetTreeForNested(field, index);
  }
  return found;
}

Error ConfigText::refusal(std::string_view path, std::string_view what) const {
  return Error{ErrorCode::invalid_argument, place_of(path) + std::string(path) + ' ' + std::string(what)};
}

Error ConfigText::not_done(std::string_view path, std::string_view what) const {
  return Error{ErrorCode::unsupported, refusal(path, what).message};
}

}  // namespace staronnx
