"""unpack_wheel.py WHEEL FOLDER [--flat] PATTERN...: unpacks the files of a wheel that match, and says how many."""
import fnmatch
import pathlib
import sys
import zipfile


def unpack(wheel: str, folder: str, flat: bool, patterns: list[str]) -> int:
    count = 0
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or not any(fnmatch.fnmatch(entry.filename, pattern) for pattern in patterns):
                continue
            name = pathlib.PurePosixPath(entry.filename)
            target = pathlib.Path(folder, name.name if flat else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))  # read() verifies the entry's checksum
            count += 1
    return count


if __name__ == "__main__":
    flat = "--flat" in sys.argv
    wheel, folder, *patterns = [argument for argument in sys.argv[1:] if argument != "--flat"]
    if unpack(wheel, folder, flat, patterns) == 0:
        sys.exit(f"REASON: nothing in {pathlib.Path(wheel).name} matches {' '.join(patterns)}; another version is pinned?")
