#include "staronnx/bench/http_model.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "staronnx/bench/model_description.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

Result<std::string> get(const ServerAddress& address, const std::string& path) {
  const std::string url = "http://" + host_and_port(address);
  asio::io_context context;
  beast::error_code failure;
  tcp::socket socket(context);
  asio::connect(socket, tcp::resolver(context).resolve(address.host, address.port, failure), failure);
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, host_and_port(address));
  if (!failure) http::write(socket, request, failure);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  if (!failure) http::read(socket, buffer, response, failure);
  if (failure) return Error{ErrorCode::unavailable, url + ": " + failure.message() + "; is the server there?"};
  if (response.result_int() != 200)
    return Error{ErrorCode::not_found, url + path + ": " + std::to_string(response.result_int()) + ", " + response.body()};
  return std::move(response.body());
}

}  // namespace

Result<Signature> http_signature(const ServerAddress& address, const std::string& model) {
  const Result<std::string> answer = get(address, "/v2/models/" + model);
  if (!answer) return answer.error();
  Result<Signature> signature = signature_in(*answer);
  if (!signature) return with_context("http://" + host_and_port(address) + ", model '" + model + "'", signature.error());
  return signature;
}

Result<ServerStatistics> http_statistics(const ServerAddress& address, const std::string& model) {
  const Result<std::string> answer = get(address, "/v2/models/" + model + "/stats");
  if (!answer) return answer.error();
  return statistics_in(*answer);
}

}  // namespace staronnx
