/* Ten tasks of 1 ms on two simulated cores take 5 ms of virtual time. */
#include <starpu.h>

static double cost_us(struct starpu_task *task, struct starpu_perfmodel_arch *arch, unsigned implementation) {
  (void)task, (void)arch, (void)implementation;
  return 1000.;
}
static struct starpu_perfmodel model = {.type = STARPU_PER_ARCH, .symbol = "check", .arch_cost_function = cost_us};
static void work(void *buffers[], void *value) { (void)buffers, (void)value; }
static struct starpu_codelet codelet = {.cpu_funcs = {work}, .nbuffers = 0, .model = &model};

int main(void) { /* SimGrid renames it starpu_main */
  if (STARPU_MAXIMPLEMENTATIONS < 8 || starpu_init(NULL)) return 1;
  double const from_us = starpu_timing_now();
  for (int i = 0; i < 10; ++i)
    if (starpu_task_insert(&codelet, 0)) return 2;
  starpu_task_wait_for_all();
  double const took_us = starpu_timing_now() - from_us;
  starpu_shutdown();
  return took_us < 4900. || took_us > 10000.;
}
