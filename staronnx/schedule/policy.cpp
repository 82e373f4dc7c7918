#include "staronnx/schedule/policy.h"

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <deque>
#include <functional>
#include <memory_resource>
#include <tuple>
#include <utility>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/asked_times.h"
#include "staronnx/schedule/at_work.h"
#include "staronnx/schedule/decision.h"
#include "staronnx/schedule/fair_shares.h"
#include "staronnx/schedule/flavour.h"
#include "staronnx/schedule/slot.h"
#include "staronnx/schedule/task_times.h"
#include "staronnx/schedule/tenants.h"

namespace staronnx {
namespace {

// Who is started within this share of the time that it takes has not waited.
constexpr double kNoWait = 0.05;

Clock::time_point now() {
  return Clock::time_point(std::chrono::duration_cast<Clock::duration>(Microseconds(starpu_timing_now())));
}

// A worker waits for a lock in StarPU's "relaxed" state, or workers that wait for one another would block for ever.
class Lock {
 public:
  explicit Lock(starpu_pthread_mutex_t& mutex) : Lock(mutex, [] {}) {}
  // `wait`: with the lock, for what others do with it meanwhile.
  template <class Wait>
  Lock(starpu_pthread_mutex_t& mutex, const Wait& wait) : mutex_(mutex) {
    starpu_worker_relax_on();
    starpu_pthread_mutex_lock(&mutex_);
    wait();
    starpu_worker_relax_off();
  }
  ~Lock() { starpu_pthread_mutex_unlock(&mutex_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  starpu_pthread_mutex_t& mutex_;
};

class Dispatcher {
  // A worker that is to fetch a task; once the inputs of the task's mates are there, which must be brought, when it is said.
  struct Fetch {
    std::size_t worker = 0;
    bool sleeps = false;  // in pop()
    SegmentTask* leader = nullptr;
  };
  using Fetches = boost::container::small_vector<Fetch, 64>;

 public:
  Dispatcher() { starpu_pthread_mutex_init(&mutex_, nullptr); }
  ~Dispatcher() { starpu_pthread_mutex_destroy(&mutex_); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void set_places(std::vector<Place> places, bool ahead) {
    const Lock lock(mutex_);
    places_ = std::move(places);
    ahead_ = ahead;
    workers_.resize(starpu_worker_get_count());
    times_ = TaskTimes(places_, workers_.size());
    at_work_ = AtWork(workers_.size());
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
      workers_[worker].assigned.reserve(1), workers_[worker].running.reserve(1);
      workers_[worker].may_sleep = places_[worker].memory == STARPU_MAIN_RAM;
    }
  }

  // No worker sleeps in pop() from now on.
  void keep_awake() {
    const Lock lock(mutex_);
    for (Worker& worker : workers_) {
      worker.may_sleep = false;
      if (std::exchange(worker.sleeps, false)) starpu_sem_post(&worker.given);
    }
  }

  void push(starpu_task* task) {
    Fetches fetches;
    {
      const Lock lock(mutex_);
      const SegmentTask& segment = segment_of(*task);
      if (segment.starts_with != segment.request) return incomplete_.push_back(task);
      std::erase_if(incomplete_, [&](starpu_task* other) {
        const bool joins = segment_of(*other).starts_with == segment.request;
        if (joins) add_ready(other);
        return joins;
      });
      add_ready(task);
      if (segment.announced) return;
      fetches = assign();
    }
    begin(fetches);
  }

  starpu_task* pop(std::size_t worker) {
    const Lock lock(mutex_, [&] { await_task(workers_[worker]); });
    std::vector<starpu_task*>& assigned = workers_[worker].assigned;
    if (assigned.empty() || !segment_of(*assigned.back()).held.here()) return nullptr;
    // A worker that waited for its turn in a run, as the simulator's do, would see to no transfers meanwhile; of others' outputs neither.
    if (kSimulated && at_work_.awaits_turn(worker)) return nullptr;
    starpu_task* task = assigned.back();
    assigned.pop_back();
    SegmentTask& segment = segment_of(*task);
    const Place& place = places_[*segment.place];
    if (!segment.mates.empty()) segment.slot->join(segment);
    if (!place.node.empty() && segment.batch + segment.member > 1) segment.slot->tell_node(segment, *task, place.memory);
    if (segment.batch + segment.member == 1) note_fetched(segment);
    return task;
  }

  Choice choose(std::span<const PreparedVariant> variants, std::size_t pipeline, Deadline deadline) {
    const Lock lock(mutex_);
    std::pmr::monotonic_buffer_resource memory(scratch_.data(), scratch_.size());
    const Clock::time_point moment = now();
    if (times_.workers_alike(variants.front()) && !tenants_.shared(moment)) variants = variants.first(1);  // no other ends sooner
    const auto busy = remaining(moment, &memory);
    const auto tasks = under_way(&memory);
    std::pmr::vector<Chain> chains(&memory), ways(&memory);
    for (const SegmentTask* task : tasks) chains.push_back(times_.rest_of(*task, busy, moment));
    const Microseconds limit = times_.limit_of(deadline.at, variants.front(), moment);
    for (const PreparedVariant& variant : variants) ways.push_back({variant.segments.size(), {}, 0, limit});
    const std::size_t together = tasks.size() + 1;
    AskedTimes asked(times_.memories(), &memory);
    for (const SegmentTask* task : tasks) asked.add_chain(task->slot->variant(), task->position + (task->place ? 1 : 0));
    for (const PreparedVariant& variant : variants) asked.add_chain(variant, 0);
    const auto time = [&](std::size_t chain, std::size_t task, std::size_t place, unsigned from) {
      return asked.of(chain, task, place, from, [&](const PreparedVariant& variant, std::size_t segment) {
        const bool ready = task == 0 && chain < tasks.size() && !tasks[chain]->place;
        return ready ? times_.each(*tasks[chain], place, together) : times_.each(variant, segment, place, from, together);
      });
    };
    return choose_way(
        {places_, busy, chains, ways, tenants_.followers(pipeline, moment), tenants_.others_per_us(pipeline, moment),
         std::ref(time), tenants_.shared(moment) && tenants_.beyond_share(pipeline, moment)},
        &memory);
  }

  // A task of a batch; its place is free when all have been.
  void finished(SegmentTask& task) {
    Fetches fetches;
    {
      const Lock lock(mutex_);
      const std::size_t place = *task.place;
      std::vector<SegmentTask*>& running = workers_[places_[place].workers.front()].running;
      std::erase(running, &task);
      const Clock::time_point moment = now();
      at_work_.computed(places_[place], moment);  // for all of the batch
      if (running.empty()) {
        at_work_.finish(places_[place], moment);
        fetches = assign();
      }
      if constexpr (kSimulated) {
        for (const std::size_t worker : places_[place].beside) fetches.push_back({worker});
      }
    }
    begin(fetches);
  }

 private:
  struct Worker {
    Worker() { starpu_sem_init(&given, 0, 0); }
    ~Worker() { starpu_sem_destroy(&given); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    std::vector<starpu_task*> assigned;  // and not yet fetched: a batch, its leader last
    std::vector<SegmentTask*> running;   // of the batch that it leads
    bool may_sleep = false;              // in pop()
    bool sleeps = false;                 // until it is given a task, and told so once
    starpu_sem_t given;
  };

  // A core's worker sleeps here until it is given a task: it has nothing else to see to, as data is moved by the workers of GPUs and nodes. StarPU
  // would have it look for a task again and again before it sleeps, which was a third of what a small request costs a server, and whenever data
  // has come, on every core: simulated requests on two GPUs and 32 cores took 1.4 to 1.8 times as long.
  void await_task(Worker& worker) {
    while (worker.may_sleep && worker.assigned.empty()) {
      worker.sleeps = true;
      starpu_pthread_mutex_unlock(&mutex_);
      starpu_sem_wait(&worker.given);
      starpu_pthread_mutex_lock(&mutex_);
    }
  }

  void add_ready(starpu_task* task) {
    SegmentTask& segment = segment_of(*task);
    segment.stackable = is_stackable(segment);
    ready_.push_back(task);
    starpu_push_task_end(task);
    segment.ready_since = now();
    segment.machine_time = times_.machine_time_of(segment);
    tenants_.arrived(segment.pipeline, segment.share, segment.ready_since, segment.machine_time);
  }

  static bool is_stackable(SegmentTask& task) {
    if (task.segment->batches().size() == 1 || task.slot->failed() || task.here_only) return false;
    task.slot->bind(task);
    return may_be_stacked(task.segment->signature(), task.inputs);
  }

  // The most urgent first, then first come; of one request, the first segment first.
  static std::tuple<Clock::time_point, RequestId, std::size_t> order_of(const SegmentTask& task) {
    return {task.urgency, task.request, task.position};
  }

  std::pmr::vector<Microseconds> remaining(Clock::time_point now, std::pmr::memory_resource* memory) const {
    std::pmr::vector<Microseconds> times(memory);
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) times.push_back(at_work_.left(worker, now));
    return times;
  }

  // Gives idle workers what they are to run.
  Fetches assign() {
    std::pmr::monotonic_buffer_resource memory(scratch_.data(), scratch_.size());
    const Clock::time_point moment = now();
    order_ready(moment, &memory);
    const auto busy = remaining(moment, &memory);
    const auto tasks = ready_tasks(busy, moment, &memory);
    std::pmr::vector<const SegmentTask*> limited(&memory);
    const auto coming = coming_tasks(busy, moment, limited, &memory);
    AskedTimes asked(times_.memories(), &memory);
    for (const starpu_task* task : ready_) asked.add_chain(segment_of(*task).slot->variant(), segment_of(*task).position);
    for (const SegmentTask* task : limited) asked.add_chain(task->slot->variant(), task->position + 1);
    const auto time = [&](std::size_t task, std::size_t place, int batch) {
      const auto ask = [&](auto&&...) { return times_.of(segment_of(*ready_[task]), place, batch); };
      return batch == 1 ? asked.of(task, 0, place, STARPU_MAIN_RAM, ask) : ask();
    };
    const auto time_of_chain = [&](std::size_t chain, std::size_t task, std::size_t place, unsigned from) {
      if (chain < ready_.size() && task == 0) return time(chain, place, 1);
      return asked.of(chain, task, place, from, [&](const PreparedVariant& variant, std::size_t segment) {
        return times_.each(variant, segment, place, from, 1);
      });
    };
    const auto& [starts, next] =
        decide({places_, busy, tasks, tenants_.shared(moment), std::ref(time), coming, std::ref(time_of_chain)}, &memory);
    for (const Start& start : next) {
      for (const std::size_t task : start.tasks) prefetch(ready_[task], start.place);
    }
    Fetches fetches;
    for (const Start& start : starts) {
      const std::vector<std::size_t>& workers = places_[start.place].workers;
      const Microseconds expected = time(start.tasks[0], start.place, static_cast<int>(start.tasks.size()));
      at_work_.start(places_[start.place], moment, expected);
      if (kSimulated && at_work_.awaits_turn(workers.front())) {
        for (const std::size_t task : start.tasks) prefetch(ready_[task], start.place);
      }
      learn_start(segment_of(*ready_[start.tasks[0]]), start.place, moment);
      Worker& worker = workers_[workers.front()];
      SegmentTask& leader = give(worker, start);
      fetches.push_back({workers.front(), std::exchange(worker.sleeps, false), leader.held.here() ? nullptr : &leader});
    }
    std::erase(ready_, nullptr);
    return fetches;
  }

  // Without the lock: StarPU may call back at once.
  void begin(const Fetches& fetches) {
    for (const auto& [worker, sleeps, leader] : fetches) {
      if (sleeps) starpu_sem_post(&workers_[worker].given);
      if (leader != nullptr)
        leader->slot->bring_mates(*leader, static_cast<unsigned>(worker));  // which wakes it when they are there
      else if (!sleeps)
        wake_worker(worker);
    }
  }

  // Of each request the first task that is running or ready, the most urgent first.
  std::pmr::vector<const SegmentTask*> under_way(std::pmr::memory_resource* memory) const {
    std::pmr::vector<const SegmentTask*> tasks(memory);
    for (const Worker& worker : workers_) tasks.insert(tasks.end(), worker.running.begin(), worker.running.end());
    for (const starpu_task* task : ready_) tasks.push_back(&segment_of(*task));
    std::ranges::sort(tasks, {}, [](const SegmentTask* task) { return order_of(*task); });
    const auto same_request = [](const SegmentTask* a, const SegmentTask* b) { return a->request == b->request; };
    tasks.erase(std::unique(tasks.begin(), tasks.end(), same_request), tasks.end());
    return tasks;
  }

  void prefetch(starpu_task* task, std::size_t place) {
    SegmentTask& segment = segment_of(*task);
    if (!ahead_ || segment.prefetched) return;
    segment.prefetched = place;
    segment.sent = now();
    segment.transfer = segment.slot->time_of_inputs(segment, places_[place].memory);
    starpu_prefetch_task_input_for(task, static_cast<unsigned>(places_[place].workers.front()));
  }

  // From now on its place waits for its inputs.
  static void note_fetched(SegmentTask& segment) {
    segment.fetched = now();
    if (segment.prefetched != segment.place) segment.sent = segment.fetched;
  }

  // A task that became ready just before its worker became idle has not waited.
  void learn_start(const SegmentTask& task, std::size_t place, Clock::time_point moment) {
    const Microseconds service = task.segment->expected(place, 1);
    const bool waited = moment - task.ready_since > kNoWait * service;
    const auto servers = static_cast<int>(workers_.size() / places_[place].workers.size());
    tenants_.started(task.pipeline, waited, servers, service, times_.stretch_of(task, place, service));
  }

  // From the order of urgency, which is the one within a pipeline, to that among pipelines.
  void order_ready(Clock::time_point moment, std::pmr::memory_resource* memory) {
    std::ranges::sort(ready_, {}, [](const starpu_task* task) { return order_of(segment_of(*task)); });
    std::pmr::vector<Claim> claims(memory);
    const bool shared = tenants_.shared(moment);
    for (const starpu_task* task : ready_) {
      Claim& claim = claims.emplace_back(claim_of(segment_of(*task)));
      claim.beyond = shared && tenants_.beyond_share(claim.pipeline, moment);
    }
    const std::pmr::vector<starpu_task*> by_urgency(ready_.begin(), ready_.end(), memory);
    std::ranges::transform(shares_.order(claims, memory), ready_.begin(), [&](std::size_t claim) { return by_urgency[claim]; });
  }

  static Claim claim_of(const SegmentTask& task) { return {task.pipeline, task.share, task.machine_time}; }

  // Returns the task that leads.
  SegmentTask& give(Worker& worker, const Start& start) {
    SegmentTask& leader = segment_of(*ready_[start.tasks[0]]);
    for (auto number = start.tasks.rbegin(); number != start.tasks.rend(); ++number) {
      starpu_task*& task = ready_[*number];
      SegmentTask& segment = segment_of(*task);
      segment.place = start.place;
      if (times_.several_memories() && segment.prefetched != start.place)
        segment.transfer = segment.slot->time_of_inputs(segment, places_[start.place].memory);
      shares_.started(claim_of(segment));
      if (&segment != &leader) leader.mates.push_back(&segment);
      if (start.tasks.size() > 1) note_fetched(segment);
      worker.assigned.push_back(task);
      worker.running.push_back(&segment);
      task = nullptr;
    }
    if (times_.several_memories() && !leader.mates.empty()) leader.held.announce();
    return leader;
  }

  // What is left to do of requests with deadlines of which a task is running: these, too.
  std::pmr::vector<ComingTask> coming_tasks(std::span<const Microseconds> busy, Clock::time_point moment,
                                            std::pmr::vector<const SegmentTask*>& running,
                                            std::pmr::memory_resource* memory) const {
    for (const Worker& worker : workers_) {
      for (const SegmentTask* task : worker.running) {
        const Chain chain = times_.rest_of(*task, busy, moment);
        if (chain.tasks > 0 && chain.limit != kNoLimit) running.push_back(task);
      }
    }
    std::pmr::vector<ComingTask> coming(memory);
    const auto before = [this](const SegmentTask& task) {
      std::size_t place_among = 0;
      for (std::size_t i = 0; i < ready_.size(); ++i) {
        const SegmentTask& other = segment_of(*ready_[i]);
        if (other.pipeline == task.pipeline && order_of(other) < order_of(task)) place_among = i + 1;
      }
      return place_among;
    };
    std::erase_if(running, [this](const SegmentTask* task) {  // or it counts already
      return std::ranges::any_of(ready_, [&](const starpu_task* other) { return segment_of(*other).request == task->request; });
    });
    std::ranges::sort(running, {}, [&](const SegmentTask* task) { return std::tuple(before(*task), order_of(*task)); });
    for (const SegmentTask* task : running)
      coming.push_back({before(*task), tenants_.followers(task->pipeline, moment), times_.rest_of(*task, busy, moment)});
    return coming;
  }

  std::pmr::vector<ReadyTask> ready_tasks(std::span<const Microseconds> busy, Clock::time_point now,
                                          std::pmr::memory_resource* memory) const {
    std::pmr::vector<ReadyTask> tasks(memory);
    for (std::size_t i = 0; i < ready_.size(); ++i) {
      const SegmentTask& task = segment_of(*ready_[i]);
      ReadyTask& made = tasks.emplace_back(ReadyTask{i,
                                                     {},
                                                     task.pipeline,
                                                     tenants_.followers(task.pipeline, now),
                                                     task.slot->requests_waiting(),
                                                     times_.rest_of(task, busy, now)});
      if (!task.stackable) continue;
      made.kind = 0;
      while (!is_like(segment_of(*ready_[made.kind]), task)) ++made.kind;
      made.batches = task.segment->batches();
    }
    return tasks;
  }

  static bool is_like(const SegmentTask& a, const SegmentTask& b) {
    return a.stackable && a.segment == b.segment && look_alike(a.inputs, b.inputs);
  }

  starpu_pthread_mutex_t mutex_;
  // What follows is guarded by the mutex.
  std::vector<Place> places_;
  TaskTimes times_;    // there
  bool ahead_ = true;  // data is sent to places that are not free yet
  // As many as there are, once places are set; workers look for tasks before.
  std::deque<Worker> workers_ = std::deque<Worker>(STARPU_NMAXWORKERS);
  AtWork at_work_{STARPU_NMAXWORKERS};
  std::vector<starpu_task*> ready_;
  std::vector<starpu_task*> incomplete_;                  // of batches of which the last task is not there yet
  std::array<std::byte, std::size_t{64} << 10> scratch_;  // of a decision; a greater one allocates
  Tenants tenants_;
  FairShares shares_;
};

Dispatcher& dispatcher(unsigned context) {
  return *static_cast<Dispatcher*>(starpu_sched_ctx_get_policy_data(context));
}

// Hidden is no more than the time for which it travelled before the place was free.
void note_exposed(SegmentTask& segment) {
  const Microseconds early = segment.fetched - segment.sent, waited = now() - segment.fetched;
  segment.exposed = segment.transfer - std::clamp(segment.transfer - waited, Microseconds(0), early);
}

extern "C" {

void staronnx_init_policy(unsigned context) {
  starpu_sched_ctx_set_policy_data(context, new Dispatcher());  // NOLINT(cppcoreguidelines-owning-memory): StarPU keeps it
}

void staronnx_deinit_policy(unsigned context) {
  delete &dispatcher(context);  // NOLINT(cppcoreguidelines-owning-memory)
}

int staronnx_push_task(starpu_task* task) {
  dispatcher(task->sched_ctx).push(task);
  return 0;
}

starpu_task* staronnx_pop_task(unsigned context) {
  return dispatcher(context).pop(static_cast<std::size_t>(starpu_worker_get_id()));
}

// Its data is there, and its mates'.
void staronnx_task_begins(starpu_task* task, unsigned) {
  if (task->cl_arg == nullptr || task->execute_on_a_specific_worker != 0) return;  // StarPU's own, or a trial
  SegmentTask& segment = segment_of(*task);
  if (segment.member > 0) return;
  note_exposed(segment);
  for (SegmentTask* mate : segment.mates) note_exposed(*mate);
}

}  // extern "C"

}  // namespace

starpu_sched_policy& staronnx_policy() {
  static starpu_sched_policy policy = [] {
    starpu_sched_policy made{};
    made.init_sched = staronnx_init_policy;
    made.deinit_sched = staronnx_deinit_policy;
    made.push_task = staronnx_push_task;
    made.pop_task = staronnx_pop_task;
    made.pre_exec_hook = staronnx_task_begins;
    made.policy_name = kPolicyName;
    made.policy_description = "earliest finish, elastic core groups";
    made.worker_type = STARPU_WORKER_LIST;
    made.prefetches = 1;  // or StarPU would send the data of every task to some worker
    return made;
  }();
  return policy;
}

void set_places(std::vector<Place> places, bool ahead) {
  dispatcher(0).set_places(std::move(places), ahead);
}

void keep_workers_awake() {
  dispatcher(0).keep_awake();
}

void task_ended(SegmentTask& task) {
  dispatcher(0).finished(task);
}

Choice choose_variant(std::span<const PreparedVariant> variants, std::size_t pipeline, Deadline deadline) {
  return dispatcher(0).choose(variants, pipeline, deadline);
}

}  // namespace staronnx
