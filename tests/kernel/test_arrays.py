"""Arrays in S3: every kind of value comes back as it was, a slice reads its chunks alone, nothing half-saved counts."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.errors import BadRequest, Conflict, FormatError, NotFound, ServiceError
from cloud_data_cockpit.s3.connections import connect

zarr = pytest.importorskip("zarr")

from cloud_data_cockpit.kernel.array_dtypes import CHUNK_BYTES, chunk_shape  # noqa: E402
from cloud_data_cockpit.kernel.arrays import Arrays, StoredArray, StoredDict  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")


@pytest.fixture
def arrays(s3_service: Any, bucket: str) -> Arrays:
    connect("arrays", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key,
            secret_key=s3_service.secret_key)  # fmt: skip
    return Arrays(f"s3://{bucket}/lab/", connection="arrays")


def keys(boto: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in boto.list_objects_v2(Bucket=bucket).get("Contents", [])]


DTYPES = [
    "?", "i1", "u8", ">i4", ">f8", "f2", "c8", ">c16", "f16", "c32", "S5", "U7", ">U3", "M8[ns]", "M8[D]", "m8[s]",
    "V6", [("a", "i4"), ("b", ">f8")], [("a", "i4", (2,)), ("b", "U3")], [("t", "M8[us]"), ("n", [("x", "f4")])],
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0, 3), (7, 5)], ids=str)
def test_every_dtype_comes_back(arrays: Arrays, dtype: Any, shape: tuple[int, ...]) -> None:
    real = np.dtype(dtype)
    raw = np.random.default_rng(1).integers(32, 100, int(np.prod(shape)) * real.itemsize, np.uint8).tobytes()
    made = np.ones(shape, real) if real.kind in "bUS" or real.names else np.frombuffer(raw, real).reshape(shape)
    value = made.astype(real)
    arrays.save("a", value, chunks=tuple(max(1, size // 2) for size in shape))
    found = arrays.load("a")
    assert found.dtype == real
    assert found.shape == shape
    assert found.tobytes() == value.tobytes()


def test_order_and_layout_do_not_change_values(arrays: Arrays) -> None:
    value = np.asfortranarray(np.arange(60.0).reshape(5, 12))
    arrays.save("f", value)
    assert arrays.load("f").flags.f_contiguous
    np.testing.assert_array_equal(arrays.load("f"), value)
    arrays.save("part", value[::-2, 1::3])
    np.testing.assert_array_equal(arrays.load("part"), value[::-2, 1::3])


@pytest.mark.parametrize(
    "value",
    [
        1, -(2**70), 2.5, float("inf"), "text", "", None, True, b"a\0b\0", [1, "a", None], [], {}, (), (1, [2, (3,)]),
        {"a": {"b": {"c": 1}}, "": 2, "with/slash": [1.5], "é": "x"}, np.float32(2), np.datetime64("2026-01-01"),
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_come_back_with_their_types(arrays: Arrays, value: Any) -> None:
    arrays.save("v", value)
    found = arrays.load("v")
    assert found == value
    assert type(found) is type(value)


def test_a_nested_dict_is_opened_without_its_data(arrays: Arrays) -> None:
    value = {"run 1": {"counts": np.arange(10), "name": "x"}, "mask": [np.eye(2, dtype=bool), "end"]}
    arrays.save("deep/nested", value)
    found = arrays.load("deep/nested")
    assert list(found) == ["run 1", "mask"]
    np.testing.assert_array_equal(found["run 1"]["counts"], np.arange(10))
    np.testing.assert_array_equal(found["mask"][0], np.eye(2, dtype=bool))
    opened = arrays.open("deep/nested")
    assert isinstance(opened, StoredDict)
    assert isinstance(opened["run 1"]["counts"], StoredArray)
    assert opened["run 1"]["name"] == "x"


def test_nan_comes_back(arrays: Arrays) -> None:
    arrays.save("v", {"x": float("nan"), "z": 1 + 2j})
    assert type(arrays.load("v")["z"]) is complex
    assert arrays.load("v")["z"] == 1 + 2j
    assert np.isnan(arrays.load("v")["x"])


def test_a_slice_reads_its_chunks_alone(arrays: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    value = np.arange(40 * 1000, dtype="f8").reshape(40, 1000)
    arrays.save("wide", value, chunks=(10, 100))
    opened = arrays.open("wide")
    read: list[str] = []
    store = opened.zarr.store
    ask = type(store)._get
    monkeypatch.setattr(type(store), "_get", lambda self, key, part: (read.append(key), ask(self, key, part))[1])
    np.testing.assert_array_equal(opened[..., :200], value[..., :200])
    assert sorted(read) == [f"c/{row}/{column}" for row in range(4) for column in range(2)]
    assert opened[3, 4] == value[3, 4]


def test_masked_arrays(arrays: Arrays) -> None:
    value = np.ma.masked_greater(np.arange(6.0), 3)
    arrays.save("m", value)
    found = arrays.load("m")
    np.testing.assert_array_equal(found.mask, value.mask)
    np.testing.assert_array_equal(found.data, value.data)
    assert found.fill_value == value.fill_value


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dia", "lil"])
def test_sparse_arrays(arrays: Arrays, form: str) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    value = sparse.random_array((40, 30), density=0.1, format=form, rng=1)
    arrays.save("s", value)
    found = arrays.load("s")
    assert isinstance(found, sparse.sparray)
    assert found.format == (form if form in ("csr", "csc", "coo") else "csr")
    np.testing.assert_array_equal(found.toarray(), value.toarray())


def test_dask_arrays_go_chunk_by_chunk(arrays: Arrays) -> None:
    da = pytest.importorskip("dask.array")
    value = np.arange(1000.0).reshape(20, 50)
    arrays.save("d", da.from_array(value, chunks=((7, 7, 6), (30, 20))))
    np.testing.assert_array_equal(arrays.load("d"), value)
    found = arrays.open("d").to_dask()
    assert found.chunks == ((7, 7, 6), (30, 20))
    np.testing.assert_array_equal((found + 1).compute(), value + 1)


def test_xarray(arrays: Arrays) -> None:
    xarray = pytest.importorskip("xarray")
    times = np.array(["2026-01-01", "2026-01-02"], "M8[ns]")
    field = xarray.DataArray(
        np.eye(2), dims=("time", "x"), coords={"time": times, "values": 3}, name="t", attrs={"unit": "K"}
    )
    arrays.save("one", field)
    xarray.testing.assert_identical(arrays.load("one"), field)
    arrays.save("set", xarray.Dataset({"t": field.drop_vars("values"), "n": ("x", [1, 2])}))
    opened = arrays.open("set")
    assert set(opened.data_vars) == {"t", "n"}
    xarray.testing.assert_identical(arrays.load("set"), opened.compute())


def test_what_exists_is_kept_unless_asked(arrays: Arrays, boto: Any, bucket: str) -> None:
    arrays.save("a", np.arange(100), chunks=(10,))
    before = keys(boto, bucket)
    with pytest.raises(Conflict, match="overwrite=True"):
        arrays.save("a", np.zeros(3))
    assert keys(boto, bucket) == before
    np.testing.assert_array_equal(arrays.load("a"), np.arange(100))
    arrays.save("a", np.zeros(3), overwrite=True)
    np.testing.assert_array_equal(arrays.load("a"), np.zeros(3))
    assert keys(boto, bucket) == ["lab/a/c/0", "lab/a/zarr.json"]


def test_removing_one_leaves_those_whose_names_begin_alike(arrays: Arrays) -> None:
    for name in ("run1", "run10", "deep/run1"):
        arrays.save(name, np.arange(3))
    assert arrays.names() == ["deep/", "run1", "run10"]
    arrays.remove("run1")
    assert arrays.names() == ["deep/", "run10"]
    assert arrays.names("deep") == ["deep/run1"]
    assert "run1" not in arrays
    with pytest.raises(NotFound):
        arrays.remove("run1")
    with pytest.raises(NotFound):
        arrays.load("run1")


def test_a_missing_chunk_is_not_taken_for_zeros(arrays: Arrays, boto: Any, bucket: str) -> None:
    arrays.save("a", np.arange(100), chunks=(10,))
    boto.delete_object(Bucket=bucket, Key="lab/a/c/4")
    with pytest.raises(ServiceError, match="missing"):
        arrays.load("a")
    np.testing.assert_array_equal(arrays.open("a")[:40], np.arange(40))


def test_what_was_not_saved_whole_is_not_read(arrays: Arrays, boto: Any, bucket: str) -> None:
    arrays.save("a", np.arange(100))
    document = json.loads(boto.get_object(Bucket=bucket, Key="lab/a/zarr.json")["Body"].read())
    document["attributes"]["data_cockpit"]["complete"] = False
    boto.put_object(Bucket=bucket, Key="lab/a/zarr.json", Body=json.dumps(document).encode())
    with pytest.raises(FormatError, match="not saved to its end"):
        arrays.load("a")


def test_a_failed_save_leaves_nothing(arrays: Arrays, boto: Any, bucket: str) -> None:
    with pytest.raises(BadRequest, match="objects"):
        arrays.save("a", {"good": np.arange(3), "bad": np.array([object()])})
    assert keys(boto, bucket) == []


@pytest.mark.parametrize("name", ["", "..", "a//b", "a/../b", "/a", "a/", "__a", "a\nb", "x" * 300])
def test_names_that_cannot_be(arrays: Arrays, name: str) -> None:
    with pytest.raises(BadRequest, match="no name"):
        arrays.save(name, 1)


def test_bad_values_are_refused_in_words(arrays: Arrays) -> None:
    with pytest.raises(BadRequest, match="keys of a dict"):
        arrays.save("a", {1: np.zeros(2)})
    with pytest.raises(BadRequest, match="chunks"):
        arrays.save("b", np.zeros((2, 2)), chunks=(1,))
    knot: list[Any] = [np.zeros(1)]
    knot.append(knot)
    with pytest.raises(BadRequest, match="nested"):
        arrays.save("c", knot)


def test_arrays_of_other_zarr_writers_are_read(arrays: Arrays) -> None:
    from cloud_data_cockpit.kernel.zarr_store import S3Store

    store = S3Store(arrays._connection, arrays._bucket, "lab/other")
    zarr.create_array(store, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
    np.testing.assert_array_equal(arrays.load("other"), np.arange(12).reshape(3, 4))


def test_damaged_attributes_are_refused(arrays: Arrays, boto: Any, bucket: str) -> None:
    arrays.save("a", np.arange(3).astype("f16"))
    document = json.loads(boto.get_object(Bucket=bucket, Key="lab/a/zarr.json")["Body"].read())
    document["attributes"]["data_cockpit"]["dtype"] = "__import__('os').getcwd()"
    boto.put_object(Bucket=bucket, Key="lab/a/zarr.json", Body=json.dumps(document).encode())
    with pytest.raises(FormatError, match="damaged"):
        arrays.load("a")


def test_a_store_pickles_without_credentials(arrays: Arrays, s3_service: Any) -> None:
    arrays.save("a", np.arange(5))
    opened = arrays.open("a")
    text = pickle.dumps(opened)
    assert s3_service.secret_key.encode() not in text
    np.testing.assert_array_equal(pickle.loads(text)[...], np.arange(5))


@pytest.mark.parametrize("shape", [(4096, 8192), (10**9,), (1000, 1000, 200), (1, 1), ()])
def test_chunks_are_compact(shape: tuple[int, ...]) -> None:
    sizes = chunk_shape(shape, 8)
    assert np.prod(sizes, initial=1) * 8 <= CHUNK_BYTES
    assert len(sizes) == len(shape)


def test_saving_touches_nothing_but_the_value_itself(arrays: Arrays, boto: Any, bucket: str) -> None:
    arrays.save("run/a", np.zeros(3))
    boto.put_object(Bucket=bucket, Key="lab/data/raw.fastq", Body=b"raw")
    before = keys(boto, bucket)
    bad = {"x": np.zeros(3), "objects": np.array([object()])}
    for name in ("run", "data"):
        for overwrite in (False, True):
            for value in (np.ones(3), bad):
                with pytest.raises(Conflict, match="other objects lie below"):
                    arrays.save(name, value, overwrite=overwrite)
    assert keys(boto, bucket) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_saved_inside_another_value(arrays: Arrays, overwrite: bool) -> None:
    arrays.save("d", {"k": np.zeros(3)})
    for name in ("d/0", "d/new", "d/deep/er"):
        with pytest.raises(Conflict, match="inside the value 'd'"):
            arrays.save(name, np.ones(3), overwrite=overwrite)
    np.testing.assert_array_equal(arrays.load("d")["k"], np.zeros(3))
    arrays.save("dd/0", np.ones(3), overwrite=overwrite)  # "d" is not the beginning of that one


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on POSIX systems")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_reads_too(arrays: Arrays) -> None:
    arrays.save("a", np.arange(4.0))
    arrays.load("a")
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=lambda: answers.put(float(arrays.load("a").sum())), daemon=True)
    child.start()
    child.join(30)
    hangs = child.is_alive()
    child.kill()
    child.join()
    assert not hangs
    assert answers.get() == 6.0
