#include "staronnx/schedule/gathering.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <istream>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "staronnx/base/deadline.h"
#include "staronnx/machine/core_list.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kGreeting = "staronnx-node";
constexpr std::size_t kLongestLine = 4096;
constexpr Seconds kGreetingTimeout{5};

struct Endpoint {
  std::string host, port;
};

Result<Endpoint> endpoint_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size())
    return Error{ErrorCode::invalid_argument, "'" + address + "' is no address; write HOST:PORT"};
  return Endpoint{address.substr(0, colon), address.substr(colon + 1)};
}

// Reads until the end of a line. Nothing when there is none in time.
std::optional<std::string> read_line(asio::io_context& io, tcp::socket& socket, Deadline deadline) {
  asio::streambuf buffer(kLongestLine);
  std::optional<error_code> done;
  asio::async_read_until(socket, buffer, '\n', [&](const error_code& failure, std::size_t) { done = failure; });
  io.restart();
  deadline == Deadline::never() ? io.run() : io.run_until(deadline.at);
  if (!done) {
    error_code ignored;  // what counts is that the operation ends
    socket.cancel(ignored);
    io.restart();
    io.run();
  }
  if (*done) return std::nullopt;
  std::istream stream(&buffer);
  std::string line;
  std::getline(stream, line);
  return line;
}

Status send_line(tcp::socket& socket, const std::string& line) {
  error_code failure;
  asio::write(socket, asio::buffer(line + "\n"), failure);
  if (failure) return Error{ErrorCode::unavailable, "the connection was lost: " + failure.message()};
  return {};
}

// "staronnx-node <version> <numa node> <cores, as core_list() writes them> <name>"
std::string greeting_of(const NodeIdentity& self) {
  return std::string(kGreeting) + " " STARONNX_VERSION " " + std::to_string(self.group.numa_node) + " " +
         core_list(self.group.cores) + " " + self.name;
}

Result<NodeIdentity> identity_in(const std::string& line) {
  std::istringstream words(line);
  std::string greeting, version, cores;
  NodeIdentity node;
  words >> greeting >> version >> node.group.numa_node >> cores >> std::ws;
  std::getline(words, node.name);
  if (greeting != kGreeting) return Error{ErrorCode::invalid_argument, "this is where nodes of StarONNX meet their server"};
  if (version != STARONNX_VERSION)
    return Error{ErrorCode::invalid_argument,
                 "the node is of version " + version + ", the server of " STARONNX_VERSION "; install the same version on both"};
  Result<std::vector<int>> numbers = parse_core_list(cores);
  if (!numbers) return Error{ErrorCode::invalid_argument, "'" + line + "' names no cores"};
  node.group.cores = *std::move(numbers);
  if (node.name.empty()) return Error{ErrorCode::invalid_argument, "'" + line + "' is incomplete"};
  return node;
}

// A port that is free at this address.
Result<unsigned short> free_port(asio::io_context& io, const asio::ip::address& address) {
  error_code failure;
  tcp::acceptor acceptor(io);
  acceptor.open(tcp::v4(), failure);
  if (!failure) acceptor.bind({address, 0}, failure);
  if (failure) return Error{ErrorCode::unavailable, "no free port at " + address.to_string() + ": " + failure.message()};
  return acceptor.local_endpoint().port();
}

bool has_ended(int socket) {
  char byte = 0;
  const auto received = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return received == 0 || (received < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

// The connections whose end ends the process. StarPU aborts when it meets a lost one first; then a moment is given to the other
// connections of the same node.
struct Watched {
  static constexpr int kMoment = 1000;  // ms

  std::vector<int> sockets;
  std::vector<std::string> farewells;

  void wait_a_moment() const {
    for (int waited = 0; waited < kMoment && std::ranges::none_of(sockets, has_ended); ++waited) ::poll(nullptr, 0, 1);
  }

  void end_if_lost() const {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (!has_ended(sockets[i])) continue;
      [[maybe_unused]] const auto written = ::write(STDERR_FILENO, farewells[i].data(), farewells[i].size());
      ::_exit(kNodeLost);
    }
  }
};

std::atomic<const Watched*> watched = nullptr;

void look_for_lost_nodes(int signal) {
  if (const Watched* nodes = watched.load()) {
    nodes->wait_a_moment();
    nodes->end_if_lost();
  }
  std::signal(signal, SIG_DFL);  // and abort() goes on
}

}  // namespace

struct Gathering::State {
  asio::io_context io;
  std::vector<tcp::socket> sockets;
  std::vector<NodeIdentity> nodes;
  std::string address;
  unsigned short port = 0;
  Watched lost;
  int stop = -1;  // an eventfd
  std::thread watcher;

  // The next connection; nothing in time.
  std::optional<tcp::socket> accept(tcp::acceptor& acceptor, Deadline deadline) {
    tcp::socket socket(io);
    std::optional<error_code> done;
    acceptor.async_accept(socket, [&](const error_code& failure) { done = failure; });
    io.restart();
    io.run_until(deadline.at);
    if (done && !*done) return socket;
    acceptor.cancel();
    io.restart();
    io.run();
    return std::nullopt;
  }

  void welcome(tcp::socket socket, const NodesOptions& options) {
    const std::optional<std::string> line = read_line(io, socket, Deadline::after(kGreetingTimeout, Clock::now()));
    const Result<NodeIdentity> node =
        line ? identity_in(*line) : Result<NodeIdentity>(Error{ErrorCode::deadline_exceeded, "no word came in time"});
    if (!node) {
      options.progress("a connection was refused: " + node.error().message);
      static_cast<void>(send_line(socket, "refused " + node.error().message));  // unless it is gone
      return;
    }
    options.progress("node " + node->name + ", " + node->group.name() + ", has come");
    nodes.push_back(*node);
    sockets.push_back(std::move(socket));
  }

  void watch() {
    std::vector<pollfd> polled{{stop, POLLIN, 0}};
    for (const int socket : lost.sockets) polled.push_back({socket, POLLIN | POLLRDHUP, 0});
    while (polled[0].revents == 0) {
      if (::poll(polled.data(), polled.size(), -1) > 0 && polled[0].revents == 0) lost.end_if_lost();
    }
  }
};

Gathering::Gathering(std::unique_ptr<State> state) : state_(std::move(state)) {}

Gathering::~Gathering() {
  forget();
}

Result<std::unique_ptr<Gathering>> Gathering::of(const NodesOptions& options) {
  const Result<Endpoint> endpoint = endpoint_of(options.listen);
  if (!endpoint) return endpoint.error();
  auto state = std::make_unique<State>();
  error_code failure;
  const asio::ip::address_v4 address = asio::ip::make_address_v4(endpoint->host, failure);
  unsigned port = 0;
  if (failure || !(std::istringstream(endpoint->port) >> port) || port > 65535)
    return Error{ErrorCode::invalid_argument, "'" + options.listen + "' is no IPv4 address and port, such as 127.0.0.1:7070"};
  tcp::acceptor acceptor(state->io);
  acceptor.open(tcp::v4());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind({address, static_cast<unsigned short>(port)}, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) return Error{ErrorCode::unavailable, "cannot listen at " + options.listen + ": " + failure.message()};
  const std::string at = address.to_string() + ":" + std::to_string(acceptor.local_endpoint().port());
  options.progress("waiting for " + std::to_string(options.count) + (options.count == 1 ? " node" : " nodes") +
                   "; join with: staronnx node --join " + at);
  options.listening(at);
  const Deadline deadline = Deadline::after(options.timeout, Clock::now());
  while (state->nodes.size() < options.count) {
    std::optional<tcp::socket> socket = state->accept(acceptor, deadline);
    if (!socket && options.or_fewer) {
      options.progress(std::to_string(options.count - state->nodes.size()) + " of " + std::to_string(options.count) +
                       " nodes did not come in time; going on without them");
      break;
    }
    if (!socket)
      return Error{ErrorCode::deadline_exceeded, std::to_string(state->nodes.size()) + " of " + std::to_string(options.count) +
                                                     " nodes came to " + at + " in time; start the others, or wait for fewer"};
    state->welcome(*std::move(socket), options);
  }
  const Result<unsigned short> starpu = free_port(state->io, address);
  if (!starpu) return starpu.error();
  state->address = address.to_string();
  state->port = *starpu;
  return std::make_unique<Gathering>(std::move(state));
}

const std::vector<NodeIdentity>& Gathering::nodes() const {
  return state_->nodes;
}

const std::string& Gathering::address() const {
  return state_->address;
}

unsigned short Gathering::port() const {
  return state_->port;
}

Status Gathering::release() {
  for (std::size_t i = 0; i < state_->sockets.size(); ++i) {
    const std::string line =
        "join " + std::to_string(state_->sockets.size()) + " " + std::to_string(i) + " " + std::to_string(state_->port);
    if (Status sent = send_line(state_->sockets[i], line); !sent)
      return with_context("node " + state_->nodes[i].name, sent.error());
  }
  return {};
}

void Gathering::watch() {
  for (std::size_t i = 0; i < state_->sockets.size(); ++i) {
    state_->lost.sockets.push_back(state_->sockets[i].native_handle());
    state_->lost.farewells.push_back("staronnx: node " + state_->nodes[i].name +
                                     " is gone, and its tasks with it; this process ends. Start both anew.\n");
  }
  state_->stop = ::eventfd(0, EFD_CLOEXEC);
  watched = &state_->lost;
  std::signal(SIGABRT, look_for_lost_nodes);
  state_->watcher = std::thread([this] { state_->watch(); });
}

void Gathering::forget() {
  if (!state_->watcher.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(state_->stop, &one, sizeof(one));
  state_->watcher.join();
  ::close(state_->stop);
  std::signal(SIGABRT, SIG_DFL);
  watched = nullptr;
}

Result<Invitation> join(const std::string& address, const NodeIdentity& self) {
  const Result<Endpoint> endpoint = endpoint_of(address);
  if (!endpoint) return endpoint.error();
  static asio::io_context io;
  static tcp::socket socket(io);  // open as long as the process lives
  error_code failure;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(endpoint->host, endpoint->port, failure);
  if (failure) return Error{ErrorCode::invalid_argument, "'" + address + "' cannot be found: " + failure.message()};
  asio::connect(socket, found, failure);
  if (failure) return Error{ErrorCode::unavailable, "no server listens for nodes at " + address + ": " + failure.message()};
  if (Status sent = send_line(socket, greeting_of(self)); !sent) return sent.error();
  const std::optional<std::string> line = read_line(io, socket, Deadline::never());
  if (!line) return Error{ErrorCode::unavailable, "the server at " + address + " went away before all nodes had come"};
  std::istringstream words(*line);
  std::string answer;
  Invitation invitation;
  std::string port;
  words >> answer;
  if (answer != "join" || !(words >> invitation.count >> invitation.number >> port))
    return Error{ErrorCode::unavailable, "the server at " + address + " says: " + *line};
  invitation.address = endpoint->host + ":" + port;
  std::thread([] {
    std::array<char, 1> byte{};
    error_code end;
    asio::read(socket, asio::buffer(byte), end);
    ::_exit(0);
  }).detach();
  return invitation;
}

}  // namespace staronnx
