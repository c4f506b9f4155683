"""The suite's own fixtures: a bucket in a running service, an isolated home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cloud_data_cockpit.demo.process import DemoProcess


def test_the_bucket_is_fresh_and_writable(boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert boto.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"
    assert boto.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_the_service_runs_beside_the_tests(s3_service: DemoProcess) -> None:
    assert s3_service.running
    assert s3_service.pid != os.getpid()
    assert s3_service.endpoint_url.startswith("http://127.0.0.1:")


def test_the_home_belongs_to_the_test(isolated_home: Path) -> None:
    assert Path(os.environ["JUPYTER_DATA_DIR"]).is_relative_to(isolated_home)
    assert not Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).exists()
    assert "AWS_ACCESS_KEY_ID" not in os.environ
