#include "staronnx/model/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "staronnx/model/utf8.h"

namespace staronnx {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian in memory");

constexpr std::string_view magic = "\x93NUMPY";

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

struct Header {
  std::string type;  // "<f4"
  bool fortran_order = false;
  Shape shape;
};

// Reads the Python dictionary that is the header of an .npy file, such as
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  std::optional<Header> read() {
    Header header;
    bool good = take('{');
    while (good && !take('}')) {
      good = read_entry(header);
      take(',');
    }
    if (!good || !has_type_ || !has_order_ || !has_shape_) return std::nullopt;
    return header;
  }

 private:
  bool read_entry(Header& header) {
    const std::optional<std::string> key = quoted();
    if (!key || !take(':')) return false;
    if (*key == "descr") return has_type_ = read_type(header.type);
    if (*key == "fortran_order") return has_order_ = read_order(header.fortran_order);
    if (*key == "shape") return has_shape_ = read_shape(header.shape);
    return false;
  }

  void skip_spaces() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }

  bool take(char c) {
    skip_spaces();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool take(std::string_view word) {
    skip_spaces();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> quoted() {
    skip_spaces();
    const char quote = text_.empty() ? ' ' : text_.front();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = text_.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string word(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return word;
  }

  bool read_type(std::string& type) {
    std::optional<std::string> word = quoted();
    if (!word) return false;
    type = *std::move(word);
    return true;
  }

  bool read_order(bool& fortran_order) {
    fortran_order = take(std::string_view("True"));
    return fortran_order || take(std::string_view("False"));
  }

  bool read_shape(Shape& shape) {
    shape.clear();
    if (!take('(')) return false;
    while (!take(')')) {
      skip_spaces();
      std::int64_t dimension = 0;
      const auto [end, problem] = std::from_chars(text_.data(), text_.data() + text_.size(), dimension);
      if (problem != std::errc() || dimension < 0) return false;
      shape.push_back(dimension);
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      take(',');
    }
    return true;
  }

  std::string_view text_;
  bool has_type_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

// How one element stands in the file.
struct Element {
  DataType type = DataType::undefined;
  std::size_t bytes = 0;
  std::size_t swapped = 1;  // bytes of the numbers whose order is to be reversed; 1: none
  bool wide_text = false;   // <U rather than |S
};

struct NumpyType {
  std::string_view name;  // without the byte order
  DataType type;
};

constexpr NumpyType numpy_types[] = {
    {"b1", DataType::boolean},   {"i1", DataType::int8},        {"i2", DataType::int16},   {"i4", DataType::int32},
    {"i8", DataType::int64},     {"u1", DataType::uint8},       {"u2", DataType::uint16},  {"u4", DataType::uint32},
    {"u8", DataType::uint64},    {"f2", DataType::float16},     {"f4", DataType::float32}, {"f8", DataType::float64},
    {"c8", DataType::complex64}, {"c16", DataType::complex128},
};

std::optional<Element> text_element(std::string_view name) {
  std::size_t length = 0;
  const auto [end, problem] = std::from_chars(name.data() + 1, name.data() + name.size(), length);
  constexpr std::size_t longest = std::size_t{1} << 40;
  if (problem != std::errc() || end != name.data() + name.size() || length > longest) return std::nullopt;
  const bool wide = name.front() == 'U';
  return Element{DataType::string, wide ? length * sizeof(char32_t) : length, wide ? sizeof(char32_t) : 1, wide};
}

std::optional<Element> element_of(std::string_view type) {
  bool big_endian = false;
  if (!type.empty() && std::string_view("<>|=").find(type.front()) != std::string_view::npos) {
    big_endian = type.front() == '>';
    type.remove_prefix(1);
  }
  std::optional<Element> element;
  if (!type.empty() && (type.front() == 'U' || type.front() == 'S')) element = text_element(type);
  const auto named =
      std::find_if(std::begin(numpy_types), std::end(numpy_types), [&](const NumpyType& known) { return known.name == type; });
  if (named != std::end(numpy_types)) {
    const auto bytes = static_cast<std::size_t>(bits_of(named->type) / 8);
    const bool is_complex = type.front() == 'c';
    element = Element{named->type, bytes, is_complex ? bytes / 2 : bytes, false};
  }
  if (element && !big_endian) element->swapped = 1;
  return element;
}

void reverse_numbers(std::string& data, std::size_t bytes) {
  for (std::size_t at = 0; at + bytes <= data.size(); at += bytes) {
    std::reverse(data.begin() + static_cast<std::ptrdiff_t>(at), data.begin() + static_cast<std::ptrdiff_t>(at + bytes));
  }
}

// From first-dimension-fastest to row-major order.
std::string from_fortran_order(const std::string& data, const Shape& shape, std::size_t bytes) {
  std::string rows;
  rows.reserve(data.size());
  std::vector<std::size_t> stride(shape.size());
  std::size_t step = bytes;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    stride[i] = step;
    step *= static_cast<std::size_t>(shape[i]);
  }
  Shape place(shape.size(), 0);
  while (rows.size() < data.size()) {
    std::size_t from = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) from += static_cast<std::size_t>(place[i]) * stride[i];
    rows.append(data, from, bytes);
    for (std::size_t i = shape.size(); i-- > 0 && ++place[i] == shape[i];) place[i] = 0;
  }
  return rows;
}

// One string of the array, in UTF-8 when it stands in UTF-32; nothing when it is no text.
std::optional<std::string> text_at(std::string_view element, bool wide) {
  if (wide) {
    std::u32string text(element.size() / sizeof(char32_t), U'\0');
    if (!text.empty()) std::memcpy(text.data(), element.data(), element.size());
    while (!text.empty() && text.back() == U'\0') text.pop_back();
    return utf8_of(text);
  }
  while (!element.empty() && element.back() == '\0') element.remove_suffix(1);
  return std::string(element);
}

Result<std::string> strings_of(std::string_view data, std::size_t count, const Element& element) {
  std::string strings;
  for (std::size_t i = 0; i < count; ++i) {
    const std::optional<std::string> text = text_at(data.substr(i * element.bytes, element.bytes), element.wide_text);
    if (!text) return invalid("string " + std::to_string(i) + " has a character that Unicode does not");
    const auto length = static_cast<std::uint32_t>(text->size());
    strings.append(reinterpret_cast<const char*>(&length), sizeof length).append(*text);
  }
  return strings;
}

struct Content {
  std::string_view header;
  std::string_view data;
};

std::optional<Content> split(std::string_view file) {
  if (!file.starts_with(magic) || file.size() < magic.size() + 2) return std::nullopt;
  const int version = static_cast<unsigned char>(file[magic.size()]);
  if (version < 1 || version > 3) return std::nullopt;
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  const std::size_t length_at = magic.size() + 2;
  if (file.size() < length_at + length_bytes) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, file.data() + length_at, length_bytes);
  file.remove_prefix(length_at + length_bytes);
  if (file.size() < length) return std::nullopt;
  return Content{file.substr(0, length), file.substr(length)};
}

Result<Tensor> tensor_of(const Header& header, const Element& element, std::string_view content) {
  const std::optional<std::int64_t> count = element_count(header.shape);
  const auto elements = static_cast<std::size_t>(count.value_or(0));
  const bool countable = count && (elements == 0 || element.bytes > 0);
  const bool complete =
      countable &&
      (elements == 0 ? content.empty() : content.size() % elements == 0 && content.size() / elements == element.bytes);
  if (!complete) {
    return invalid("holds " + std::to_string(content.size()) + " bytes of data, which is not what '" + header.type +
                   "' of shape " + to_string(header.shape) + " needs; it is cut short or damaged");
  }
  std::string data(content);
  if (element.swapped > 1) reverse_numbers(data, element.swapped);
  if (header.fortran_order) data = from_fortran_order(data, header.shape, element.bytes);
  if (element.type == DataType::string) {
    Result<std::string> strings = strings_of(data, elements, element);
    if (!strings) return strings.error();
    data = *std::move(strings);
  }
  return copy_of({element.type, header.shape, std::as_bytes(std::span(data))});
}

// The strings of a tensor, in order.
std::vector<std::string_view> split_strings(std::span<const std::byte> data) {
  std::vector<std::string_view> strings;
  while (!data.empty()) {
    std::uint32_t length = 0;
    std::memcpy(&length, data.data(), sizeof length);
    strings.emplace_back(reinterpret_cast<const char*>(data.data() + sizeof length), length);
    data = data.subspan(sizeof length + length);
  }
  return strings;
}

struct Encoded {
  std::string type;
  std::string data;
};

// Elements of equal size, padded with zeros.
template <class Text>
Encoded padded(char letter, const std::vector<Text>& texts) {
  using Character = typename Text::value_type;
  std::size_t longest = 1;
  for (const Text& text : texts) longest = std::max(longest, text.size());
  Encoded encoded{(letter == 'U' ? "<U" : "|S") + std::to_string(longest),
                  std::string(texts.size() * longest * sizeof(Character), '\0')};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].empty()) {
      std::memcpy(encoded.data.data() + i * longest * sizeof(Character), texts[i].data(), texts[i].size() * sizeof(Character));
    }
  }
  return encoded;
}

Encoded encode_strings(const TensorView& tensor) {
  const std::vector<std::string_view> strings = split_strings(tensor.data);
  std::vector<std::u32string> wide;
  for (std::string_view text : strings) {
    std::optional<std::u32string> decoded = utf32_of(text);
    if (!decoded) return padded('S', strings);
    wide.push_back(*std::move(decoded));
  }
  return padded('U', wide);
}

Result<Encoded> encode(const TensorView& tensor) {
  if (tensor.type == DataType::string) return encode_strings(tensor);
  const auto named = std::find_if(std::begin(numpy_types), std::end(numpy_types),
                                  [&](const NumpyType& known) { return known.type == tensor.type; });
  if (named == std::end(numpy_types)) {
    return Error{ErrorCode::unsupported, "NumPy has no type " + std::string(to_string(tensor.type)) + "; write it as .pb"};
  }
  const char order = bits_of(tensor.type) == 8 ? '|' : '<';
  return Encoded{order + std::string(named->name),
                 std::string(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size())};
}

std::string tuple_of(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (std::int64_t dimension : shape) text += std::to_string(dimension) + ", ";
  if (shape.size() > 1) text.resize(text.size() - 2);
  if (shape.size() == 1) text.pop_back();
  return text + ")";
}

}  // namespace

Result<Tensor> parse_npy(std::span<const std::byte> content) {
  const std::optional<Content> parts = split({reinterpret_cast<const char*>(content.data()), content.size()});
  if (!parts) return invalid("no .npy file of format version 1 to 3, or cut short");
  const std::optional<Header> header = HeaderReader(parts->header).read();
  if (!header) return invalid("the .npy header is damaged, or the array type has several fields");
  const std::optional<Element> element = element_of(header->type);
  if (!element)
    return Error{ErrorCode::unsupported, "the NumPy type '" + header->type + "' is no tensor type; convert it with astype()"};
  return tensor_of(*header, *element, parts->data);
}

Result<std::string> npy_of(const TensorView& tensor) {
  Result<Encoded> encoded = encode(tensor);
  if (!encoded) return encoded.error();
  std::string header = "{'descr': '" + encoded->type + "', 'fortran_order': False, 'shape': " + tuple_of(tensor.shape) + ", }";
  constexpr std::size_t alignment = 64;
  const std::size_t before = magic.size() + 2 + sizeof(std::uint32_t);
  header.append(alignment - (before + header.size() + 1) % alignment, ' ');
  header += '\n';
  const auto length = static_cast<std::uint32_t>(header.size());
  std::string file(magic);
  file += {'\2', '\0'};
  file.append(reinterpret_cast<const char*>(&length), sizeof length);
  return file + header + encoded->data;
}

}  // namespace staronnx
