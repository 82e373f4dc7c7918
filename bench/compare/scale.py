"""How much is measured, and for how long, so that a comparison takes the time it is given."""
import dataclasses
import math

from peers.peer import Failure

# Seconds beside these measurements, as seen on two cores: starting a server and ending it, starting the client, for each model making a plan
# and the yardsticks, and more where it is measured in one process, too.
VISIT_S, WINDOW_S, MODEL_S, IN_PROCESS_S = 5.0, 0.4, 20.0, 45.0


@dataclasses.dataclass(frozen=True)
class Scale:
    seeds: int
    curve: tuple  # shares of the rate that Triton's best configuration held alone
    rounds: int  # of bisection for the threshold, for each seed
    usual_choices: bool  # of the peers' settings only those that have been best, and no search for their thresholds
    budget_s: float

    @property
    def visit_windows(self):
        return 2 if self.usual_choices else 6

    def window_s(self, models, visits, contenders):
        """Of each measurement, for that many models with that many lone visits and contenders each; 1 to 10."""
        least = self.expected_s(models, visits, contenders, 1)
        if self.budget_s < least:
            raise Failure(f"{self.budget_s / 60:g} minutes are too few for {models} models; give --minutes {math.ceil(least / 60)}, or fewer models")
        return max(size / 4 for size in range(4, 41) if self.expected_s(models, visits, contenders, size / 4) <= self.budget_s)

    def expected_s(self, models, visits, contenders, window_s):
        """Of the whole comparison."""
        windows = contenders * self.seeds * (len(self.curve) + self.rounds)
        model_s = (MODEL_S + (0 if self.usual_choices else IN_PROCESS_S) + contenders * VISIT_S + visits * self.visit_s(window_s) +
                   windows * (window_s + WINDOW_S))
        return models * model_s + contenders * self.seeds * (OVERHEAD_WINDOWS * window_s + WINDOW_S)

    def visit_s(self, window_s):
        return VISIT_S + self.visit_windows * (window_s / 2 + WINDOW_S)


OVERHEAD_WINDOWS = 2  # as long as so many others: those of the model that computes nothing, for each server and seed

FULL = Scale(seeds=3, curve=(0.25, 0.5, 0.8, 1.0, 1.2), rounds=3, usual_choices=False, budget_s=38 * 60)
QUICK = Scale(seeds=3, curve=(0.25, 0.8, 1.1), rounds=0, usual_choices=True, budget_s=7.5 * 60)
