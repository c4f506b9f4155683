"""Whether another server lives: told by its lock, also after kill -9."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cloud_data_cockpit.jobs.ownership import Owner

HOLD = """
import sys, pathlib
from cloud_data_cockpit.jobs.ownership import Owner
print(Owner(pathlib.Path(sys.argv[1])).name, flush=True)
sys.stdin.read()
"""


def test_another_server_lives_until_it_is_killed(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert owner.others_live(name)
        other.kill()
        other.wait()
        assert not owner.others_live(name)
        assert not owner.others_live(name)
    owner.close()
    assert list(tmp_path.iterdir()) == []


def test_itself_and_strangers_are_not_others(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    assert not owner.others_live(owner.name)
    assert not owner.others_live("0123456789abcdef")
    owner.close()
