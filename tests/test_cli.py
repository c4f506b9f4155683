"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_data_cockpit import doctor, registry
from cloud_data_cockpit.demo.launch import BUCKET, lab_command, seed
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.demo.samples import make_samples
from cloud_data_cockpit.registry import detect_format
from cloud_data_cockpit.s3.connections import connect

EXPECTED = {
    "tables/weather.csv": "csv",
    "sequences/genome.fa": "fasta",
    "sequences/reads.fastq": "fastq",
    "sequences/reads.fastq.gz": "fastq-gz",
    "text/sentences.txt": "text",
    "logs/requests.txt.gz": "text-gz",
    "variants/family.vcf": "vcf",
    "point-clouds/terrain.las": "las",
    "point-clouds/terrain.laz": "las",
    "point-clouds/terrain.copc.laz": "copc",
    "images/terrain.tif": "geotiff",
    "imaging/tissue.imzML": "imzml",
    "imaging/kidney.imzML": "imzml",
    "images/fields.tif": "geotiff",
    "variants/cohort.vcf.gz": "vcf-gz",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud_data_cockpit", *arguments], capture_output=True, text=True, check=False
    )


def test_doctor_tells_versions_formats_and_connections() -> None:
    report = json.loads(run("doctor", "--json", "--timeout", "0.2").stdout)
    names = {section: {finding["name"] for finding in found} for section, found in report["sections"].items()}
    assert {"python", "jupyterlab"} <= names["Versions"]
    assert {"csv", "fasta"} <= names["Formats"]
    assert "anonymous" in names["Connections"]
    assert "geospatial" in names["Extras"]


def test_doctor_for_people_says_how_to_mend() -> None:
    text = run("doctor", "--timeout", "0.2").stdout
    assert "Formats" in text
    assert "cloud-data-cockpit" in text


def test_doctor_says_which_connections_cannot_be_used(s3_service: DemoProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text("[profile x]\nsso_start_url=https://corp.example/start\n")
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    connect("lab", endpoint_url=s3_service.endpoint_url, **keys)
    connect("metadata", endpoint_url="http://rebound.example", **keys)
    original = socket.getaddrinfo
    rebound = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: rebound if "rebound" in host else original(host, *rest, **more),
    )
    found = {finding.name: finding for finding in doctor.examine(timeout=0.2).sections["Connections"]}
    assert found["lab"].ok
    assert "`aws sso login --profile x`" in found["x"].cure
    assert "never connected to" in found["metadata"].cure
    assert s3_service.secret_key not in repr(found)


def test_doctor_says_which_extra_a_format_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    report = doctor.examine(timeout=0.2)
    las = next(finding for finding in report.sections["Formats"] if finding.name == "las")
    assert not las.ok
    assert las.cure == "pip install 'cloud-data-cockpit[geospatial]'"
    assert las.cure in doctor.as_text(report)
    assert json.loads(doctor.as_json(report))["healthy"] is report.healthy


def test_a_wrong_command_is_explained() -> None:
    done = run("nonsense")
    assert done.returncode == 2
    assert "demo" in done.stderr


def test_the_samples_are_seeded_once_and_recognised(s3_service: DemoProcess) -> None:
    connection = connect(
        "seed",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
    )
    assert seed(connection) == list(make_samples())
    assert seed(connection) == []
    for key, (content, _) in make_samples().items():
        stored = connection.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert stored == content
        if not key.endswith(".ibd") and ".ms/" not in key:
            assert detect_format(key, content[:65536], len(content)).name == EXPECTED[key]


def test_the_demo_opens_the_panel() -> None:
    command = lab_command(notebook_dir=Path(), port=8899, browser=False)
    assert "--CloudDataCockpit.open_panel=True" in command
    assert "--no-browser" in command
