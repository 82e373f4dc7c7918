#include "staronnx/schedule/threads.h"

#include <starpu.h>

#include <memory>
#include <set>
#include <utility>

#include "staronnx/simulate/virtual_time.h"

namespace staronnx {

struct Mutex::State {
  starpu_pthread_mutex_t mutex{};
};

Mutex::Mutex() : state_(std::make_unique<State>()) {
  starpu_pthread_mutex_init(&state_->mutex, nullptr);
}

Mutex::~Mutex() {
  starpu_pthread_mutex_destroy(&state_->mutex);
}

void Mutex::lock() {
  starpu_pthread_mutex_lock(&state_->mutex);
}

void Mutex::unlock() {
  starpu_pthread_mutex_unlock(&state_->mutex);
}

namespace {

// An actor that is not waited for.
void begin(std::function<void()> work) {
  const auto run = [](void* given) -> void* {
    (*std::unique_ptr<std::function<void()>>(static_cast<std::function<void()>*>(given)))();
    return nullptr;
  };
  starpu_pthread_t actor{};
  starpu_pthread_create(&actor, nullptr, run, std::make_unique<std::function<void()>>(std::move(work)).release());
}

}  // namespace

// SimGrid 3.32 knows waiting for a condition until a moment; but who is notified before may wake a second time at that moment, then without
// the mutex. So there are alarms instead: actors that sleep until the moment and notify all.
struct Condition::State {
  starpu_pthread_cond_t condition{};
  std::set<Clock::time_point> alarms;  // that will ring

  State() { starpu_pthread_cond_init(&condition, nullptr); }
  ~State() { starpu_pthread_cond_destroy(&condition); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Condition::Condition() : state_(std::make_shared<State>()) {}

Condition::~Condition() = default;

void Condition::notify_one() {
  starpu_pthread_cond_signal(&state_->condition);
}

void Condition::notify_all() {
  starpu_pthread_cond_broadcast(&state_->condition);
}

void Condition::wait(Lock& lock) {
  starpu_pthread_cond_wait(&state_->condition, &lock.mutex()->state().mutex);
}

std::cv_status Condition::wait_until(Lock& lock, Clock::time_point moment) {
  const Clock::time_point now = Clock::now();
  if (moment <= now) return std::cv_status::timeout;
  if (state_->alarms.empty() || moment < *state_->alarms.begin()) {
    state_->alarms.insert(moment);
    begin([state = state_, moment, left = moment - now] {
      pass(left);
      state->alarms.erase(moment);
      starpu_pthread_cond_broadcast(&state->condition);
    });
  }
  wait(lock);
  return Clock::now() < moment ? std::cv_status::no_timeout : std::cv_status::timeout;
}

struct Thread::State {
  starpu_pthread_t thread{};
  std::function<void()> work;
};

Thread::Thread(std::function<void()> work) : state_(std::make_shared<State>()) {
  state_->work = std::move(work);
  const auto begin = [](void* state) -> void* {
    static_cast<State*>(state)->work();
    return nullptr;
  };
  starpu_pthread_create(&state_->thread, nullptr, begin, state_.get());
}

void Thread::join() {
  starpu_pthread_join(state_->thread, nullptr);
}

}  // namespace staronnx
