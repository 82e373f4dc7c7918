#include "staronnx/schedule/waiting_queue.h"

#include <boost/multi_index/composite_key.hpp>
#include <boost/multi_index/key.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index/ranked_index.hpp>
#include <boost/multi_index_container.hpp>
#include <memory_resource>
#include <utility>

namespace staronnx {
namespace {

namespace bmi = boost::multi_index;

struct Entry {
  RequestId id;
  Clock::time_point urgency;
  Deadline deadline;
  mutable Request request;  // to be moved out; what is sorted by stands above
};

struct ByUrgency {};
struct ByDeadline {};
struct ById {};

using Entries =
    bmi::multi_index_container<Entry,
                               bmi::indexed_by<bmi::ranked_unique<bmi::tag<ByUrgency>, bmi::key<&Entry::urgency, &Entry::id>>,
                                               bmi::ordered_unique<bmi::tag<ByDeadline>, bmi::key<&Entry::deadline, &Entry::id>>,
                                               bmi::ordered_unique<bmi::tag<ById>, bmi::key<&Entry::id>>>,
                               std::pmr::polymorphic_allocator<Entry>>;

}  // namespace

// Entries are kept for the next requests when they go.
struct WaitingQueue::Requests : private std::pmr::unsynchronized_pool_resource, Entries {
  Requests() : Entries(std::pmr::polymorphic_allocator<Entry>(this)) {}
};

WaitingQueue::WaitingQueue(std::size_t capacity, const std::map<unsigned, std::size_t>& capacities)
    : common_{capacity}, requests_(std::make_unique<Requests>()) {
  for (const auto& [priority, own] : capacities) lanes_.emplace(priority, Lane{own});
}

WaitingQueue::~WaitingQueue() = default;

std::size_t WaitingQueue::size() const {
  return requests_->size();
}

WaitingQueue::Lane& WaitingQueue::lane_of(unsigned priority) {
  const auto own = lanes_.find(priority);
  return own == lanes_.end() ? common_ : own->second;
}

bool WaitingQueue::full(unsigned priority) {
  const Lane& lane = lane_of(priority);
  return lane.waiting >= lane.capacity;
}

template <class Index, class Position>
Request WaitingQueue::taken(Index& index, Position position) {
  Request request = std::move(position->request);
  index.erase(position);
  --lane_of(request.priority).waiting;
  rows_ -= request.rows;
  return request;
}

std::size_t WaitingQueue::before(Clock::time_point urgency) const {
  const auto& ranked = requests_->get<ByUrgency>();
  return ranked.upper_bound_rank(std::make_tuple(urgency));
}

void WaitingQueue::push(Request request) {
  Entry entry{request.id, request.urgency, request.deadline, {}};
  entry.request = std::move(request);
  ++lane_of(entry.request.priority).waiting;
  rows_ += entry.request.rows;
  requests_->insert(std::move(entry));
}

Request WaitingQueue::pop() {
  auto& ranked = requests_->get<ByUrgency>();
  return taken(ranked, ranked.begin());
}

// Numbers ascend.
Clock::time_point WaitingQueue::oldest() const {
  return requests_->get<ById>().begin()->request.arrival;
}

Deadline WaitingQueue::next_deadline() const {
  return empty() ? Deadline::never() : requests_->get<ByDeadline>().begin()->deadline;
}

std::vector<Request> WaitingQueue::take_expired(Clock::time_point now) {
  std::vector<Request> expired;
  auto& by_deadline = requests_->get<ByDeadline>();
  while (!empty() && next_deadline().passed(now)) expired.push_back(taken(by_deadline, by_deadline.begin()));
  return expired;
}

std::optional<Request> WaitingQueue::take(RequestId id) {
  auto& by_id = requests_->get<ById>();
  const auto found = by_id.find(id);
  if (found == by_id.end()) return std::nullopt;
  return taken(by_id, found);
}

std::vector<Request> WaitingQueue::take_all() {
  std::vector<Request> all;
  while (!empty()) all.push_back(pop());
  return all;
}

}  // namespace staronnx
