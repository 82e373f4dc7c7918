"""How much is measured, and for how long, so that a comparison takes the time it is given."""
import dataclasses

from peers.peer import Failure

# Seconds beside these measurements, as seen on two cores: starting a server and ending it, starting the client, for each model making a plan
# and the yardsticks, and more where it is measured in one process, too.
VISIT_S, WINDOW_S, MODEL_S, IN_PROCESS_S = 5.0, 0.4, 25.0, 45.0


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
        """Of each measurement, for that many models with that many lone visits and contenders each."""
        windows = contenders * self.seeds * (len(self.curve) + self.rounds)
        units = models * (windows + visits * self.visit_windows / 2) + OVERHEAD_WINDOWS * contenders * self.seeds
        fixed = models * (MODEL_S + (0 if self.usual_choices else IN_PROCESS_S) + (visits + contenders) * VISIT_S + (windows + visits * self.visit_windows) * WINDOW_S)
        seconds = (self.budget_s - fixed) / units
        if seconds < 1:
            raise Failure(f"{self.budget_s / 60:.0f} minutes are too few for {models} models; give --minutes {(fixed + units) / 60 + 1:.0f}, or fewer models")
        return min(10.0, round(2 * seconds) / 2)


OVERHEAD_WINDOWS = 2  # of the model that computes nothing, for each server and seed

FULL = Scale(seeds=3, curve=(0.25, 0.5, 0.8, 1.0), rounds=4, usual_choices=False, budget_s=38 * 60)
QUICK = Scale(seeds=3, curve=(0.25, 0.8, 1.1), rounds=0, usual_choices=True, budget_s=7.5 * 60)
