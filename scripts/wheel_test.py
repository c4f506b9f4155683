"""Install the wheel into clean environments without Node and use it: one check a line, `N passed, N failed` at the end.

usage: wheel_test.py WHEEL [PYTHON ...]; without PYTHON, every interpreter of 3.11 to 3.14 that this machine has.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")

IMPORT = """
import sys, time
began = time.perf_counter()
import cloud_data_cockpit
took = time.perf_counter() - began
heavy = sorted({"pandas", "boto3", "botocore", "dataplug", "pyarrow", "tornado"} & set(sys.modules))
print(f"{took:.4f}", ",".join(heavy))
"""

ROAD = """
import gzip, pathlib, tempfile
from cloud_data_cockpit import CockpitError, load_slices, partition
from cloud_data_cockpit.demo.samples import make_samples
folder = pathlib.Path(tempfile.mkdtemp())
samples = {pathlib.Path(key).name: content for key, (content, _) in make_samples().items()}
for name, content in samples.items():
    (folder / name).write_bytes(content)
bare = "weather.csv", "genome.fa", "reads.fastq", "reads.fastq.gz", "sentences.txt", "family.vcf", "requests.txt.gz"
for name in bare:
    slices = partition(folder / name, num_slices=5)
    again = load_slices(slices.manifest_id)
    assert len(again) == 5, (name, len(again))
    assert sum(s.count() for s in again) == again.records > 0, name
    plain = gzip.decompress(samples[name]) if name.endswith(".gz") else samples[name]
    assert again[0].read() + b"".join(s.read(header=False) for s in again[1:]) == plain, name
assert sum(len(s.get()) for s in partition(folder / "weather.csv", num_slices=3)) == 12_000
try:
    partition(folder / "terrain.las", num_slices=5)[0].get()
except CockpitError as error:
    assert "cloud-data-cockpit[geospatial]" in error.message, error
else:
    raise AssertionError("laspy is not in the plain installation")
print("ok")
"""


def interpreters() -> Iterator[tuple[str, Path]]:
    """(version, executable) of each supported Python on this machine."""
    for number in VERSIONS:
        pyenv = sorted(Path.home().glob(f".pyenv/versions/{number}.*/bin/python3"))
        on_path = shutil.which(f"python{number}")
        for candidate in [*pyenv[-1:], *([Path(on_path)] if on_path else [])]:
            answer = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.startswith(f"Python {number}."):
                yield number, candidate
                break


class Environment:
    """A virtual environment with the wheel in it and no Node within reach."""

    def __init__(self, python: Path, wheel: Path, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([self.bin / "pip", "install", "-q", "--disable-pip-version-check", wheel], check=True)
        self.env = {
            "PATH": str(self.bin),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
        return done.stdout + done.stderr


def check_no_node(place: Environment) -> None:
    if shutil.which("node", path=place.env["PATH"]):
        raise RuntimeError("there is a node in the clean environment")


def check_import(place: Environment) -> None:
    place.run("python", "-c", IMPORT)
    took, heavy = min(place.run("python", "-c", IMPORT).split(" ") for _ in range(3))
    if float(took) > 0.2 or heavy.strip():
        raise RuntimeError(f"the import took {took} s and loaded {heavy.strip() or 'nothing heavy'}")


def check_listed(place: Environment) -> None:
    lab = place.run("jupyter", "labextension", "list")
    if not re.search(r"cloud-data-cockpit v\S+ .*enabled.*OK", re.sub(r"\x1b\[\d+m", "", lab)):
        raise RuntimeError(f"JupyterLab does not list the extension: {lab[-800:]}")
    server = place.run("jupyter", "server", "extension", "list")
    if "cloud_data_cockpit" not in server or "cloud_data_cockpit is importable" in server.lower():
        raise RuntimeError(f"the server does not list the extension: {server[-800:]}")


def check_road(place: Environment) -> None:
    if place.run("python", "-W", "error::DeprecationWarning:cloud_data_cockpit", "-c", ROAD).strip()[-2:] != "ok":
        raise RuntimeError("partition and load_slices did not come through")


def check_doctor(place: Environment) -> None:
    if not json.loads(place.run("cloud-data-cockpit", "doctor", "--json", "--timeout", "0.2"))["healthy"]:
        raise RuntimeError("doctor is not content with a fresh installation")


def check_server(place: Environment) -> None:
    port = "18997"
    log = (place.folder / "server.log").open("w+")
    command = [place.bin / "jupyter", "server", "--no-browser", "--port", port, "--ServerApp.token=wheel"]
    if os.geteuid() == 0:
        command.append("--allow-root")
    server = subprocess.Popen(command, env=place.env, cwd=place.folder, stdout=log, stderr=log)
    try:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/cloud-data-cockpit/api/formats", headers={"Authorization": "token wheel"}
        )
        formats = _eventually(lambda: json.load(urllib.request.urlopen(request, timeout=5)), server)
        if not {"csv", "fasta"} <= {entry["name"] for entry in formats if entry["usable"]}:
            raise RuntimeError(f"formats are missing: {formats}")
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _eventually(ask, server: subprocess.Popen):  # type: ignore[no-untyped-def,type-arg]
    for _ in range(150):
        try:
            return ask()
        except OSError:
            if server.poll() is not None:
                raise RuntimeError("jupyter server ended early") from None
            time.sleep(0.2)
    raise RuntimeError("jupyter server did not answer within 30 s")


CHECKS = (check_no_node, check_import, check_listed, check_road, check_doctor, check_server)


def main(wheel: Path, pythons: list[tuple[str, Path]]) -> int:
    passed = failed = 0
    for number in VERSIONS:
        if number not in dict(pythons):
            print(f"skipped  Python {number}: this machine has no such interpreter")
    for number, python in pythons:
        with tempfile.TemporaryDirectory() as folder:
            place = Environment(python, wheel, Path(folder))
            for check in CHECKS:
                name = f"Python {number}: {check.__name__.removeprefix('check_').replace('_', ' ')}"
                try:
                    check(place)
                except RuntimeError as error:
                    failed += 1
                    print(f"FAILED   {name}: {error}", flush=True)
                else:
                    passed += 1
                    print(f"passed   {name}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    named = [
        (re.sub(r"^Python (\d+\.\d+).*", r"\1", subprocess.check_output([p, "--version"], text=True).strip()), Path(p))
        for p in sys.argv[2:]
    ]
    sys.exit(main(Path(sys.argv[1]).absolute(), named or list(interpreters())))
