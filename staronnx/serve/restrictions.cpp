#include "staronnx/serve/restrictions.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace staronnx {
namespace {

constexpr const char* kGrpcPrefix = "triton-grpc-protocol-";

constexpr std::array<std::pair<std::string_view, Api>, 9> kNames{{
    {"health", Api::health},
    {"metadata", Api::metadata},
    {"inference", Api::inference},
    {"shared-memory", Api::shared_memory},
    {"model-config", Api::model_config},
    {"model-repository", Api::model_repository},
    {"statistics", Api::statistics},
    {"trace", Api::trace},
    {"logging", Api::logging},
}};

Error invalid(const std::string& message) {
  return {ErrorCode::invalid_argument, message};
}

Result<Api> api_of(std::string_view name) {
  for (const auto& [known, api] : kNames) {
    if (known == name) return api;
  }
  std::string known;
  for (const auto& [each, api] : kNames) known += (known.empty() ? "" : ", ") + std::string(each);
  return invalid("there is no API '" + std::string(name) + "'; there are " + known);
}

Result<Restriction> parse_one(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::size_t equals = colon == std::string::npos ? std::string::npos : text.find('=', colon);
  const bool equals_first = text.find('=') < colon;  // then what stands before the colon may be part of a key
  if (equals == std::string::npos || equals_first || equals == colon + 1 || equals + 1 == text.size())
    return invalid("a restriction is written API[,API..]:HEADER=KEY, such as health,metadata:admin-key=..");
  Restriction restriction{{}, text.substr(colon + 1, equals - colon - 1), text.substr(equals + 1)};
  std::string_view names = std::string_view(text).substr(0, colon);
  for (bool more = true; more;) {
    const std::size_t comma = names.find(',');
    const Result<Api> api = api_of(names.substr(0, comma));
    if (!api) return api.error();
    restriction.apis.insert(*api);
    more = comma != std::string_view::npos;
    if (more) names.remove_prefix(comma + 1);
  }
  return restriction;
}

}  // namespace

bool Restriction::opens_to(std::string_view given) const {
  return given.size() == key.size() && CRYPTO_memcmp(given.data(), key.data(), key.size()) == 0;
}

std::string Restriction::refusal() const {
  return "This API is restricted, expecting header '" + header + "'";
}

Result<Restrictions> Restrictions::parse(std::span<const std::string> texts) {
  Restrictions all;
  for (const std::string& text : texts) {
    Result<Restriction> one = parse_one(text);
    if (!one) return one.error();
    for (const auto& [name, api] : kNames) {
      if (one->apis.contains(api) && all.on(api) != nullptr)
        return invalid("the API '" + std::string(name) + "' is in two groups; leave it in one");
    }
    all.restrictions_.push_back(*std::move(one));
  }
  return all;
}

Restrictions Restrictions::for_grpc() const {
  Restrictions changed = *this;
  for (Restriction& restriction : changed.restrictions_) {
    std::ranges::transform(restriction.header, restriction.header.begin(), [](unsigned char c) { return std::tolower(c); });
    restriction.header.insert(0, kGrpcPrefix);
  }
  return changed;
}

const Restriction* Restrictions::on(Api api) const {
  const auto found = std::ranges::find_if(restrictions_, [api](const Restriction& each) { return each.apis.contains(api); });
  return found == restrictions_.end() ? nullptr : &*found;
}

}  // namespace staronnx
