"""What a comparison says while it runs."""
import sys


class Progress:
    def __init__(self, seconds, say=lambda text: print(text, file=sys.stderr, flush=True)):
        """`seconds`: of all steps to come, about."""
        self.left, self.say = seconds, say

    def done(self, words, seconds, known):
        """A step that was to take so long is over, or was known from an earlier run."""
        self.left = max(0.0, self.left - seconds)
        if not known:
            left = f"{self.left / 60:.0f} min" if self.left >= 120 else f"{self.left:.0f} s"
            self.say(f"compare: {words} ({left} left)")

    def skip(self, seconds):
        self.left = max(0.0, self.left - seconds)
