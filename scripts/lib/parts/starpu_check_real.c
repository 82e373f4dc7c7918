/* One task on one CPU worker. */
#include <starpu.h>

static void work(void *buffers[], void *value) { (void)buffers; *(int *)value = 42; }
static struct starpu_codelet codelet = {.cpu_funcs = {work}, .nbuffers = 0};

int main(void) {
  struct starpu_conf conf;
  int value = 0;
  starpu_conf_init(&conf);
  conf.precedence_over_environment_variables = 1;
  conf.ncpus = 1;
  conf.ncuda = 0;
  conf.catch_signals = 0;
  if (STARPU_MAXIMPLEMENTATIONS < 8 || starpu_init(&conf)) return 1;
  struct starpu_task *task = starpu_task_create();
  task->cl = &codelet;
  task->cl_arg = &value;
  task->cl_arg_size = sizeof value;
  task->synchronous = 1;
  if (starpu_task_submit(task)) return 2;
  starpu_shutdown();
  return value != 42;
}
