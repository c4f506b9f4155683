"""`python -m benchmarks.kernel [NAME ...] [--peer-python PATH]`: what a notebook does, beside its peers, in one run."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from . import arrays, million, reading

CASES = ("read", "arrays", "million")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernel", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--peer-python", help="a Python that has the peers of arrays that this one has not")
    options = parser.parse_args()
    if unknown := set(options.names) - set(CASES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    print(f"{os.cpu_count()} processors, load {', '.join(f'{load:.1f}' for load in os.getloadavg())}; {sys.version}")
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HOME": home, "JUPYTER_DATA_DIR": str(Path(home) / "jupyter")}
        for name in options.names or CASES:
            if name == "read":
                reading.run()
            elif name == "arrays":
                arrays.run(options.peer_python)
            else:
                million.run()


if __name__ == "__main__":
    main()
