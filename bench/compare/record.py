"""Finished measurements, a line of JSON each, so that a comparison that was interrupted goes on where it was."""
import json
import pathlib


class Record:
    """What was measured, by all that decides what it means: the model, the machine, the versions, the settings. Lines are only ever added."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._found = {}
        self._forget_a_torn_line()
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                entry = json.loads(line)
                self._found[canonical(entry["of"])] = entry["is"]

    def _forget_a_torn_line(self):
        """The last one of a run that was killed while it wrote."""
        text = self.path.read_bytes() if self.path.exists() else b""
        if text and not text.endswith(b"\n"):
            self.path.write_bytes(text[:text.rfind(b"\n") + 1])

    def has(self, of):
        return canonical(of) in self._found

    def get(self, of, measure):
        """The result for `of`; measure() makes it where it is not known."""
        key = canonical(of)
        if key not in self._found:
            result = measure()
            with self.path.open("a") as file:
                file.write(json.dumps({"of": of, "is": result}) + "\n")
            self._found[key] = json.loads(json.dumps(result))
        return self._found[key]


def canonical(of):
    return json.dumps(of, sort_keys=True)
