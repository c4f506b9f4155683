"""`python -m cloud_data_cockpit.demo`: the demo service alone, as DemoProcess starts it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..errors import CockpitError
from .service import serve
from .store import RESTORE_SECONDS


def main() -> int:
    """Serve until told to stop; keys come as a JSON line on standard input, where they cannot be seen by others."""
    parser = argparse.ArgumentParser(prog="python -m cloud_data_cockpit.demo", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where objects are kept")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--faults", action="store_true", help="let tests ask for failures")
    parser.add_argument("--follow-stdin", action="store_true", help="read keys from standard input; end when it closes")
    parser.add_argument("--restore-seconds", type=float, default=RESTORE_SECONDS, help="what a restore takes")
    options = parser.parse_args()
    keys = json.loads(sys.stdin.buffer.readline() or b"{}") if options.follow_stdin else {}
    try:
        settings = {"faults": options.faults, "follow_stdin": options.follow_stdin}
        serve(options.dir, options.port, restore_seconds=options.restore_seconds, **settings, **keys)
    except CockpitError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
