"""Jobs on a Dask worker of another machine: another HOME, no AWS files; its own credentials, or some sent along."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.s3.clients import Keys
from cloud_data_cockpit.s3.lending import Lender

from .conftest import Api

pytest.importorskip("distributed")

Put = Callable[[str, bytes], str]
LINES = b"".join(b"%d, a line of text\n" % n for n in range(4000))
OTHERS = ("AWS_", "JUPYTER", "XDG_", "HOME", "APPDATA")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The HOME of the other machine."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    return home


@pytest.fixture
def scheduler(elsewhere: Path) -> Iterator[str]:
    """The address of a scheduler with one worker, both in processes that know nothing of this one's files."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    paths = [str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")]
    environment |= {"HOME": str(elsewhere), "PYTHONPATH": os.pathsep.join(paths).rstrip(":")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true"}
    known = elsewhere / "scheduler.json"
    asked = {
        "scheduler": ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        "worker": ["--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny"],
    }
    running = []
    try:
        for part, arguments in asked.items():
            command = [sys.executable, "-m", "dask", part, "--scheduler-file", str(known), *arguments]
            with (elsewhere / f"{part}.log").open("wb") as out:
                running.append(
                    subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, cwd=elsewhere)
                )
        yield _address(known, elsewhere)
    finally:
        for process in running:
            process.kill()
            process.wait()


def _address(known: Path, elsewhere: Path, seconds: float = 60) -> str:
    from distributed import Client

    until = time.monotonic() + seconds
    while not known.exists():
        assert time.monotonic() < until, (elsewhere / "scheduler.log").read_text()
        time.sleep(0.05)
    with Client(scheduler_file=str(known), set_as_default=False) as client:
        client.wait_for_workers(1, timeout=seconds)
        return str(client.scheduler.address)


@pytest.fixture
def profile(s3_service: Any, isolated_home: Path) -> tuple[str, str]:
    """The configuration and the credentials of a profile that only this machine has."""
    config = f"[profile lab]\nregion=us-east-1\nendpoint_url={s3_service.endpoint_url}\n"
    keys = f"[lab]\naws_access_key_id={s3_service.access_key}\naws_secret_access_key={s3_service.secret_key}\n"
    (isolated_home / "aws-config").write_text(config)
    (isolated_home / "aws-credentials").write_text(keys)
    return config, keys


def _files_with(wanted: list[str], *folders: Path) -> list[Path]:
    """Files that hold one of these words, in plain or as JSON would write it."""
    words = [word.encode() for word in wanted]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if any(word in path.read_bytes() for word in words)]


def _body(uri: str, address: str, *, forward: bool, connection: str = "lab") -> dict[str, Any]:
    options = {"address": address, "workers": 1, "forward_credentials": forward}
    return {"connection": connection, "uri": uri, "format": "text", "executor": "dask", "executor_options": options}


async def test_without_credentials_the_job_says_what_to_do(
    api: Api, profile: Any, put: Put, ended: Any, scheduler: str
) -> None:
    body = _body(put("a.txt", LINES), scheduler, forward=False)
    job = await ended((await api("POST", "jobs", {"kind": "index", **body})).json["id"], 60)
    assert (job["state"], job["error"]["code"]) == ("failed", "credentials")
    assert "on a worker: give workers credentials of their own, or send yours along" in job["error"]["message"]
    assert "forward_credentials" in job["error"]["message"]


async def test_a_worker_finds_its_own(
    api: Api, profile: Any, put: Put, ended: Any, scheduler: str, elsewhere: Path
) -> None:
    config, keys = profile
    (elsewhere / ".aws").mkdir()
    (elsewhere / ".aws" / "config").write_text(config)
    (elsewhere / ".aws" / "credentials").write_text(keys)
    body = _body(put("a.txt", LINES), scheduler, forward=False)
    job = await ended((await api("POST", "jobs", {"kind": "index", **body})).json["id"], 60)
    assert (job["state"], job["error"]) == ("succeeded", None)


@pytest.mark.parametrize("connection", ["lab", "demo"])
async def test_keys_that_expire_are_sent_along_and_stay_nowhere(
    api: Api, demo: str, profile: Any, put: Put, ended: Any, scheduler: str, tmp_path: Path, s3_service: Any,
    isolated_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, connection: str,
) -> None:  # fmt: skip
    lent: list[str] = []
    made = Lender._keys

    def seen(lender: Lender) -> Keys:
        keys = made(lender)
        lent.extend([keys.secret_key, str(keys.session_token)])
        return keys

    monkeypatch.setattr(Lender, "_keys", seen)
    body = _body(put("a.txt", LINES), scheduler, forward=True, connection=connection)
    partition = {"kind": "partition", **body, "params": {"num_slices": 4}}
    sweep = {"kind": "benchmark", **body, "sweep": {"values": [2, 3]}, "repeats": 1, "warm_up": 0}
    for request in (partition, sweep):
        job = await ended((await api("POST", "jobs", request)).json["id"], 90)
        assert (job["state"], job["error"]) == ("succeeded", None)
        told = (await api("GET", f"jobs/{job['id']}")).raw + (await api("GET", f"jobs/{job['id']}/log")).raw
        assert not any(word.encode() in told for word in lent)
    assert lent
    assert s3_service.secret_key not in lent
    assert all(word and word != "None" for word in lent)
    secrets = sorted({*lent})
    assert _files_with(secrets, tmp_path, isolated_home) == []
    names = {path.name for path in _files_with(["lab", job["id"]], tmp_path, isolated_home)}
    assert {"aws-credentials"} <= names, "the search finds what is there"
    assert any(name.startswith("jobs.sqlite3") for name in names)
    assert not any(word in caplog.text for word in secrets)
