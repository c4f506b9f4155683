"""Arrays with versions: each save stays, is found by its id, and nothing of the credentials is stored."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.errors import BadRequest, Conflict, MissingExtra, NotFound
from cloud_data_cockpit.kernel.arrays import Arrays
from cloud_data_cockpit.s3.connections import connect

pytest.importorskip("zarr")


@pytest.fixture
def plain(s3_service: Any, bucket: str) -> Arrays:
    connect("arrays", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key,
            secret_key=s3_service.secret_key)  # fmt: skip
    return Arrays(f"s3://{bucket}/lab/", connection="arrays")


@pytest.fixture
def arrays(plain: Arrays, bucket: str) -> Arrays:
    pytest.importorskip("icechunk", reason="icechunk is not installed")
    return Arrays(f"s3://{bucket}/kept/", connection="arrays", versioned=True)


def test_without_icechunk_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['icechunk'] = None\n"
        "from cloud_data_cockpit import Arrays, CockpitError\n"
        "try:\n    Arrays('s3://b/', versioned=True)\n"
        "except CockpitError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{MissingExtra.__name__} versions of arrays need icechunk: " + (
        "pip install 'cloud-data-cockpit[icechunk]'\n"
    )


def test_arrays_without_versions_say_so(plain: Arrays) -> None:
    plain.save("a", np.arange(3))
    for asked in (
        lambda: plain.versions("a"),
        lambda: plain.load("a", version="x"),
        lambda: plain.open("a", version="x"),
        lambda: plain.save("a", 1, message="why"),
    ):
        with pytest.raises(BadRequest, match="versioned=True"):
            asked()


def test_every_save_is_a_version(arrays: Arrays) -> None:
    first, second = np.arange(12.0).reshape(3, 4), {"counts": np.arange(5), "name": "x"}
    assert arrays.save("field", first, message="as measured") == f"{arrays.uri}field"
    arrays.save("field", second)
    newest, oldest = arrays.versions("field")
    assert (newest.message, oldest.message) == ("saved", "as measured")
    assert newest.saved >= oldest.saved
    np.testing.assert_array_equal(arrays.load("field", version=oldest.id), first)
    np.testing.assert_array_equal(arrays.open("field", version=oldest.id)[:, :2], first[:, :2])
    assert arrays.load("field")["name"] == "x"
    np.testing.assert_array_equal(arrays.open("field")["counts"], np.arange(5))
    with pytest.raises(NotFound, match="no version 'nothing'"):
        arrays.load("field", version="nothing")


def test_names_and_removing(arrays: Arrays, boto: Any, bucket: str) -> None:
    for name in ("run1", "run10", "deep/run1"):
        arrays.save(name, np.arange(3))
    assert arrays.names() == ["deep/", "run1", "run10"]
    assert "run1" in arrays
    arrays.remove("run1")
    assert arrays.names() == ["deep/", "run10"]
    for asked in (arrays.load, arrays.versions, arrays.remove):
        with pytest.raises(NotFound):
            asked("run1")
    with pytest.raises(Conflict, match="exists already"):
        arrays.save("run10", 1, overwrite=False)
    assert not boto.list_objects_v2(Bucket=bucket, Prefix="kept/run1/").get("Contents")


def test_a_save_that_breaks_off_leaves_no_version(arrays: Arrays) -> None:
    arrays.save("a", np.arange(3))
    with pytest.raises(BadRequest, match="objects"):
        arrays.save("a", {"good": np.arange(3), "bad": np.array([object()])})
    assert len(arrays.versions("a")) == 1
    np.testing.assert_array_equal(arrays.load("a"), np.arange(3))


def test_one_that_was_saved_without_versions_is_kept(arrays: Arrays, plain: Arrays) -> None:
    plain.save("a", np.arange(3))
    same = Arrays(plain.uri, connection="arrays", versioned=True)
    with pytest.raises(Conflict, match="without versions"):
        same.save("a", np.arange(4))
    np.testing.assert_array_equal(plain.load("a"), np.arange(3))


def test_dask_and_xarray(arrays: Arrays) -> None:
    da = pytest.importorskip("dask.array")
    value = np.arange(1000.0).reshape(20, 50)
    arrays.save("d", da.from_array(value, chunks=(7, 30)))
    np.testing.assert_array_equal(arrays.load("d"), value)
    xarray = pytest.importorskip("xarray")
    field = xarray.DataArray(np.eye(2), dims=("time", "x"), coords={"time": [1, 2]}, name="t")
    arrays.save("x", field)
    arrays.save("x", field + 1)
    xarray.testing.assert_identical(arrays.load("x", version=arrays.versions("x")[1].id), field)


def test_no_credential_is_stored(arrays: Arrays, boto: Any, bucket: str, s3_service: Any) -> None:
    arrays.save("a", np.arange(5), message="m")
    secrets = (s3_service.secret_key.encode(), s3_service.access_key.encode())
    stored = boto.list_objects_v2(Bucket=bucket)["Contents"]
    assert len(stored) > 3
    for entry in stored:
        body = boto.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        assert not any(secret in body for secret in secrets), entry["Key"]
    opened = arrays.open("a")
    text = pickle.dumps(opened)
    assert not any(secret in text for secret in secrets)
    np.testing.assert_array_equal(pickle.loads(text)[...], np.arange(5))
