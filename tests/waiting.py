"""How tests wait for what a server does by itself."""


def wait_until(condition, served):
    """By the server's own steps: each try asks it something."""
    for _ in range(100_000):
        if condition():
            return
        assert served.process.poll() is None, served.errors()
    raise AssertionError(f"it never came; the server said {served.errors()}")
