#include "staronnx/serve/compression.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <cstdlib>
#include <memory>

namespace staronnx {
namespace {

constexpr int kWindow = 15;         // bits: zlib's largest
constexpr int kGzip = 16;           // added to the window's bits: with gzip's header
constexpr int kGzipOrDeflate = 32;  // added: as the header says
constexpr std::size_t kPiece = 64 * 1024;

Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads it
}

// Lets `step` write to the end of the result until it has no more. Returns what it returned last.
template <class Step>
int write_all(z_stream& stream, std::string& to, std::size_t limit, const Step& step) {
  std::array<char, kPiece> piece;
  int done = Z_OK;
  while (done == Z_OK && to.size() <= limit) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    done = step(&stream);
    to.append(piece.data(), piece.size() - stream.avail_out);
  }
  return done;
}

Result<HttpBody> unpacked(std::string_view body, std::size_t limit) {
  z_stream stream{};
  stream.next_in = bytes_of(body);
  stream.avail_in = static_cast<uInt>(body.size());
  if (inflateInit2(&stream, kWindow + kGzipOrDeflate) != Z_OK) return Error{ErrorCode::internal, "zlib has no memory"};
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, inflateEnd);
  std::string text;
  const int done = write_all(stream, text, limit, [](z_stream* each) { return inflate(each, Z_NO_FLUSH); });
  if (text.size() > limit)
    return Error{ErrorCode::invalid_argument, "the body has more than " + std::to_string(limit) +
                                                  " bytes when unpacked; raise --http-max-input-size to allow it"};
  if (done != Z_STREAM_END || stream.avail_in > 0)
    return Error{ErrorCode::invalid_argument, "the compressed body is damaged or cut short"};
  return HttpBody(std::move(text));
}

struct Offer {
  std::string coding;
  double quality = 1;
};

Offer parse_offer(std::string_view item) {
  const std::size_t semicolon = item.find(';');
  Offer offer{boost::to_lower_copy(boost::trim_copy(std::string(item.substr(0, semicolon))))};
  if (semicolon == std::string_view::npos) return offer;
  const std::string parameter = boost::to_lower_copy(boost::trim_copy(std::string(item.substr(semicolon + 1))));
  if (parameter.starts_with("q=")) offer.quality = std::strtod(parameter.c_str() + 2, nullptr);
  return offer;
}

}  // namespace

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::identity: return "identity";
    case Encoding::gzip: return "gzip";
    case Encoding::deflate: return "deflate";
  }
  return "";
}

Encoding accepted_encoding(std::string_view accept_encoding) {
  double gzip = -1, deflate = -1, others = 0, identity = 0;
  while (!accept_encoding.empty()) {
    const std::size_t comma = accept_encoding.find(',');
    const Offer offer = parse_offer(accept_encoding.substr(0, comma));
    if (offer.coding == "gzip" || offer.coding == "x-gzip") gzip = offer.quality;
    if (offer.coding == "deflate") deflate = offer.quality;
    if (offer.coding == "identity") identity = offer.quality;
    if (offer.coding == "*") others = offer.quality;
    accept_encoding.remove_prefix(comma == std::string_view::npos ? accept_encoding.size() : comma + 1);
  }
  if (gzip < 0) gzip = others;
  if (deflate < 0) deflate = others;
  if (std::max(gzip, deflate) <= 0 || std::max(gzip, deflate) < identity) return Encoding::identity;
  return gzip >= deflate ? Encoding::gzip : Encoding::deflate;
}

std::string compressed(std::string_view body, Encoding encoding) {
  if (encoding == Encoding::identity) return std::string(body);
  z_stream stream{};
  stream.next_in = bytes_of(body);
  stream.avail_in = static_cast<uInt>(body.size());
  const int window = kWindow + (encoding == Encoding::gzip ? kGzip : 0);
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, deflateEnd);
  std::string packed;
  write_all(stream, packed, std::string::npos - 1, [](z_stream* each) { return deflate(each, Z_FINISH); });
  return packed;
}

Result<HttpBody> uncompressed(HttpBody body, std::string_view content_encoding, std::size_t limit) {
  const std::string coding = boost::to_lower_copy(boost::trim_copy(std::string(content_encoding)));
  if (coding.empty() || coding == "identity") return body;
  if (coding == "gzip" || coding == "x-gzip" || coding == "deflate") return unpacked(body.text(), limit);
  return Error{ErrorCode::unsupported,
               "Content-Encoding '" + coding + "' is not supported; use gzip or deflate, or send the body as it is"};
}

}  // namespace staronnx
