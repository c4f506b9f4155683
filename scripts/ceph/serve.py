"""A Ceph of one machine for tests: monitor, object store in memory and S3 gateway, on loopback, gone when it ends.

Prints one line of JSON (endpoint_url, access_key, secret_key) when it answers, and ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

PATIENCE = 60.0
NEEDED = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")

# Nobody but this machine can connect, so the daemons trust each other; one copy of everything on one store.
CONFIG = """
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{mon_port}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
keyring = /dev/null
run dir = {home}/run
admin socket = {home}/run/$name.$pid.asok
log file = {home}/$name.log
pid file =
mon data = {home}/mon
mon data avail warn = 2
mon data avail crit = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
paxos propose interval = 0.05
osd data = {home}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush update on start = false
osd class update on start = false
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
rgw data = {home}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw dns name = localhost
rgw enable usage log = false
rgw thread pool size = 64
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ceph:
    """The daemons in a directory of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.access_key = f"CEPH{secrets.token_hex(8).upper()}"
        self.secret_key = secrets.token_hex(20)
        self.fsid = str(uuid.uuid4())
        self._running: list[subprocess.Popen[bytes]] = []
        for name in ("mon", "osd", "run", "rgw"):
            (home / name).mkdir()
        mon_port = free_port()
        self._mon = f"[v1:127.0.0.1:{mon_port}]"
        config = CONFIG.format(fsid=self.fsid, home=home, mon_port=mon_port, port=self.port)
        (home / "ceph.conf").write_text(config)

    def start(self) -> None:
        """Start one after the other. RuntimeError when one of them does not answer."""
        who = ("--setuser", "root", "--setgroup", "root") if os.geteuid() == 0 else ()
        self._run("monmaptool", "--create", "--addv", "a", self._mon, "--fsid", self.fsid, str(self.home / "monmap"))
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(self.home / "monmap"), *who)
        self._daemon("ceph-mon", "-i", "a", "-f", *who)
        self._until("the monitor", lambda: self._asked("ceph", "mon", "stat") is not None)
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd)
        self._run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=here")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd, *who)
        self._daemon("ceph-osd", "-i", "0", "-f", *who)
        self._until("the object store", lambda: "1 up" in (self._asked("ceph", "osd", "stat") or ""))
        keys = ("--access-key", self.access_key, "--secret", self.secret_key)
        self._run("radosgw-admin", "user", "create", "--uid", "tests", "--display-name", "Tests", *keys)
        self._daemon("radosgw", "-n", "client.rgw", "-f", *who)
        self._until("the gateway", self._listens)

    def stop(self) -> None:
        """End all that was started, the gateway first."""
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self.home / "ceph.conf")}

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _asked(self, *command: str) -> str | None:
        try:
            return self._run(*command, "--connect-timeout", "2")
        except (RuntimeError, subprocess.TimeoutExpired):
            return None

    def _daemon(self, *command: str) -> None:
        with (self.home / f"{command[0]}.out").open("wb") as out:
            self._running.append(subprocess.Popen(command, env=self._environment(), stdout=out, stderr=out))

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def _until(self, what: str, answers: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not answers():
            last = self._running[-1]
            if last.poll() is not None or time.monotonic() > end:
                said = (self.home / f"{Path(str(last.args[0])).name}.out").read_text(errors="replace")  # type: ignore[index]
                raise RuntimeError(f"{what} of Ceph does not answer: {said[-500:]}")
            time.sleep(0.05)


def main() -> int:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        print(f"Ceph is not installed here ({', '.join(missing)}): run scripts/ceph/install", file=sys.stderr)
        return 3
    with ExitStack() as stack:
        ceph = Ceph(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ceph-"))))
        stack.callback(ceph.stop)
        try:
            ceph.start()
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(error, file=sys.stderr)
            return 1
        told = {"access_key": ceph.access_key, "secret_key": ceph.secret_key}
        print(json.dumps({"endpoint_url": f"http://127.0.0.1:{ceph.port}", **told}), flush=True)
        sys.stdin.buffer.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
