"""The bridge with Dataplug: its plug-ins as our formats, our formats under its names, its README word for word."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import math
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import cloud_data_cockpit
from cloud_data_cockpit import dataplug as bridge
from cloud_data_cockpit import registry
from cloud_data_cockpit.dataplug import CloudObject, plugins
from cloud_data_cockpit.dataplug.files import SourceFile, open_file
from cloud_data_cockpit.dataplug.learned import MOST_CARRIED, Learned, carried, uncarried
from cloud_data_cockpit.dataplug.plain import from_plain, to_plain
from cloud_data_cockpit.dataplug.storage import PickleableS3ClientProxy, S3Path, client_of
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import BadRequest, Cancelled, Conflict, CredentialsError, FormatError, NotFound
from cloud_data_cockpit.source import MemorySource

HAS_DATAPLUG = importlib.util.find_spec("dataplug") is not None
needs_dataplug = pytest.mark.skipif(not HAS_DATAPLUG, reason="cloud-dataplug is not installed")

CARDS = b"".join(b"%079d\n" % number for number in range(1000))
READS = "".join(f"@read {i}\n{'ACGT' * (1 + i % 5)}\n+\n{'I@@+' * (1 + i % 5)}\n" for i in range(997))
TABLE = "name;value\n" + "".join(f"row {i};{i * 1.5}\n" for i in range(300))


@pytest.fixture
def config(s3_service: DemoProcess) -> dict[str, Any]:
    """An s3_config as people write them for Dataplug."""
    return {
        "region_name": "us-east-1",
        "endpoint_url": s3_service.endpoint_url,
        "credentials": {"AccessKeyId": s3_service.access_key, "SecretAccessKey": s3_service.secret_key},
    }


@pytest.fixture
def put(boto: Any, bucket: str) -> Callable[[str, bytes], str]:
    """Put an object into the bucket and give its URI."""

    def put_object(key: str, data: bytes) -> str:
        boto.put_object(Bucket=bucket, Key=key, Body=data)
        return f"s3://{bucket}/{key}"

    return put_object


@pytest.fixture
def plug() -> Iterator[ModuleType]:
    """The plug-in, and a registry that forgets it afterwards."""
    pytest.importorskip("dataplug.entities" if HAS_DATAPLUG else "dataplug")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tests import dataplug_plugin
    yield dataplug_plugin
    registry._registered.clear()
    registry.get_format.cache_clear()
    plugins._adapted.clear()


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    path = tmp_path / "cards.dat"
    path.write_bytes(CARDS)
    return path


@needs_dataplug
class TestPluginsInTheCockpit:
    @pytest.mark.parametrize("number", [1, 2, 7, 64, 1000])
    def test_number_of_slices(self, plug: ModuleType, cards: Path, number: int) -> None:
        bridge.register(plug.Cards)
        slices = cloud_data_cockpit.partition(cards, format="cards", num_slices=number)
        assert len(slices) == number
        assert b"".join(piece.get() for piece in slices) == CARDS
        assert slices.manifest.params["strategy"] == "in_chunks"

    def test_strategy_by_name_and_by_its_arguments(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Cards)
        named = cloud_data_cockpit.partition(cards, format="cards", strategy="by_cards", cards_per_slice=300)
        guessed = cloud_data_cockpit.partition(cards, format="cards", cards_per_slice=300, order="down")
        assert [piece.nbytes for piece in named] == [24_000, 24_000, 24_000, 8_000]
        assert [piece.get() for piece in guessed] == [piece.get() for piece in named][::-1]

    def test_slices_see_metadata_attributes_and_what_was_written_beside(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Cards)
        piece = cloud_data_cockpit.partition(cards, format="cards", num_slices=3)[2]
        assert piece.first_card() == CARDS[:80].decode()
        assert piece.first_card(encoding="latin-1") == CARDS[:80].decode()
        assert piece.beside() == b"beside"
        assert piece.facts() == ((1, 2.5), [0, 1, 2, 3], {1: "one"}, "white")
        assert "first_card" in dir(piece)
        assert piece.read() == piece.get()

    def test_arguments_of_the_preprocessing_belong_to_the_index(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Cards)
        wide = cloud_data_cockpit.partition(cards, format="cards", num_slices=1, width=160)
        assert len(wide[0].first_card()) == 160
        assert len(cloud_data_cockpit.partition(cards, format="cards", num_slices=1)[0].first_card()) == 80

    @pytest.mark.parametrize("block_size", [1, 7, 1000, 1 << 20])
    def test_map_and_merge_see_every_byte(self, plug: ModuleType, block_size: int) -> None:
        data = CARDS[: 80 * 40 + 13]
        format: Any = bridge.adapt(plug.Lines)
        with pytest.raises(BadRequest, match="the strategy every needs lines"):
            format.params().call_arguments(100)
        source = MemorySource(data, "s3://bucket/lines")
        index = format.index(source, format.params(), lambda done, total: None, block_size=block_size)
        assert np.frombuffer(index.arrays["metadata"].tobytes(), dtype=np.int64).tolist() == list(range(80, 3201, 80))
        assert index.facts["attributes"] == {"lines": 40}

    def test_the_form(self, plug: ModuleType) -> None:
        schema = bridge.adapt(plug.Cards).params.model_json_schema()["properties"]
        assert schema["strategy"]["enum"] == ["in_chunks", "by_cards"]
        assert schema["strategy"]["default"] == "in_chunks"
        assert schema["order"]["anyOf"][0]["enum"] == ["up", "down"]
        assert schema["cards_per_slice"]["anyOf"][0] == {"type": "integer"}
        assert schema["width"]["reading"]
        assert {"num_slices", "num_chunks"} < set(schema)

    @pytest.mark.parametrize(
        ("params", "words"),
        [
            ({"strategy": "by_cards"}, "needs cards_per_slice"),
            ({"strategy": "by_cards", "num_chunks": 3}, "does not take num_chunks"),
            ({"strategy": "by_hand"}, "there is no strategy 'by_hand'; known are in_chunks, by_cards"),
            ({"num_chunks": 3, "cards_per_slice": 3}, "no strategy takes all of cards_per_slice, num_chunks"),
            ({"strategy": "by_cards", "cards_per_slice": 1, "num_slices": 2}, "cannot be told a number of slices"),
            ({"order": "sideways"}, "order"),
            ({"chunks": 3}, "there is no parameter 'chunks'"),
        ],
    )
    def test_choices_that_cannot_be(self, plug: ModuleType, cards: Path, params: dict[str, Any], words: str) -> None:
        bridge.register(plug.Cards)
        with pytest.raises(BadRequest, match=re.escape(words)):
            cloud_data_cockpit.partition(cards, format="cards", **params)

    def test_attributes_that_need_a_pickle(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Unplain)
        with pytest.raises(FormatError, match=r"Unplain\['session'\] is a _io.StringIO, .* without a pickle"):
            cloud_data_cockpit.partition(cards, format="unplain")

    def test_slices_that_need_a_pickle(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Bare)
        with pytest.raises(FormatError, match=r"a slice of Bare\['held'\] is a builtins.object"):
            cloud_data_cockpit.partition(cards, format="bare", what="object")

    def test_no_preprocessing_and_an_argument_called_strategy(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Bare)
        pieces = cloud_data_cockpit.partition(cards, format="bare", what="x", strategy_="merge")
        assert pieces[0].get() == {"size": 80_000, "held": ["x", "merge"]}
        assert pieces[0].ranges == ()
        with pytest.raises(BadRequest, match="which has no bytes"):
            pieces[0].read()

    def test_formats_are_found_by_their_endings(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Cards, extensions=(".dat",))
        head = bytes(100)
        assert registry.detect_format("cards.dat", head, 100).name == "cards"
        assert bridge.adapt(plug.Cards, detect=lambda name, head: 0.7).detect("x", b"") == 0.7

    def test_an_entry_point_may_name_what_adapt_gives(self, plug: ModuleType) -> None:
        format: Any = bridge.adapt(plug.Cards, name="punched", title="Punched cards", version=3)
        assert format() is format
        assert (format.name, format.title, format.version) == ("punched", "Punched cards", 3)

    def test_names_that_are_taken(self, plug: ModuleType) -> None:
        bridge.register(plug.Cards)
        with pytest.raises(BadRequest, match="there is a format 'cards' already"):
            bridge.register(plug.Cards)
        with pytest.raises(BadRequest, match="there is a format 'csv' already"):
            bridge.register(plug.Cards, name="csv")

    def test_only_data_formats_are_adapted(self) -> None:
        with pytest.raises(BadRequest, match="not a class decorated with"):
            bridge.adapt(TestPluginsInTheCockpit)

    def test_a_scan_can_be_stopped(self, plug: ModuleType) -> None:
        def stop(done: int, total: int) -> None:
            if done:
                raise Cancelled("enough")

        for name in ("Cards", "Lines"):
            format = bridge.adapt(getattr(plug, name))
            with pytest.raises(Cancelled):
                format.index(MemorySource(CARDS, "s3://b/k"), format.params(), stop, block_size=1000)

    def test_much_metadata_does_not_travel_in_slices(
        self, plug: ModuleType, cards: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cloud_data_cockpit.dataplug.learned.MOST_CARRIED", 10)
        bridge.register(plug.Cards)
        piece = cloud_data_cockpit.partition(cards, format="cards", num_slices=3)[1]
        assert len(pickle.dumps(piece)) < 1500
        assert piece.first_card() == CARDS[:80].decode()
        for index in (Path(cloud_data_cockpit.slicing.storage.data_directory("indexes"))).glob("*.npz"):
            index.unlink()
        assert piece.first_card() == CARDS[:80].decode()

    def test_formats_travel_to_other_processes(self, plug: ModuleType) -> None:
        format: Any = bridge.adapt(plug.Cards, extensions=(".dat",))
        again = pickle.loads(pickle.dumps(format))
        assert again.data_format is plug.Cards
        assert (again.strategies, again.extensions) == (format.strategies, (".dat",))

    def test_a_manifest_names_no_class_but_the_plugin_s(self, plug: ModuleType, cards: Path) -> None:
        bridge.register(plug.Cards)
        slices = cloud_data_cockpit.partition(cards, format="cards", num_slices=1)
        table = slices.manifest.slices
        for name in ("subprocess:Popen", "tests.dataplug_plugin:Cards"):
            forged = table.model_copy(update={"details": [{**table.details[0], "class": name}]})
            piece = cloud_data_cockpit.load_slices(slices.manifest.model_copy(update={"slices": forged}))[0]
            with pytest.raises(BadRequest, match="no longer has"):
                piece.get()

    def test_upstream_s_own_format(self, plug: ModuleType, tmp_path: Path) -> None:
        from dataplug.formats.generic import csv

        path = tmp_path / "table.csv"
        path.write_text("a,b\n" + "1,2\n" * 5000)
        bridge.register(csv.CSV, name="their-csv")
        slices = cloud_data_cockpit.partition(path, format="their-csv", num_slices=3)
        assert slices[0].get().startswith("a,b\n1,2\n")
        assert slices[1].get_as_pandas().columns.tolist() == ["a", "b"]


@needs_dataplug
class TestPluginsThroughCloudObject:
    def test_whole_way(self, plug: ModuleType, put: Any, config: dict[str, Any], boto: Any, bucket: str) -> None:
        co = CloudObject.from_s3(plug.Cards, put("a b/cards.dat", CARDS), s3_config=config)
        assert not co.is_preprocessed()
        assert co.attributes is None
        co.preprocess(extra_args={"width": 40})
        assert (co.is_preprocessed(), co["width"], co.get_attribute("cards")) == (True, 40, 2000)
        slices = co.partition(plug.by_cards, 700)
        assert b"".join(piece.get() for piece in slices) == CARDS
        assert slices[1].range_0 == 28_000
        assert co.partition(plug.by_cards, cards_per_slice=700, order="down")[0].get() == slices[-1].get()
        assert len(co.partition("in_chunks", num_chunks=4)) == 4
        assert co.open_metadata("rb").read() == CARDS[:40]
        assert co.meta_size == 40
        assert f"{bucket}.meta" not in [held["Name"] for held in boto.list_buckets()["Buckets"]]
        assert len(boto.list_objects_v2(Bucket=bucket)["Contents"]) == 1

    def test_slices_bring_the_plugin_along(self, plug: ModuleType, put: Any, config: dict[str, Any]) -> None:
        co = CloudObject.from_s3(plug.Cards, put("cards.dat", CARDS), s3_config=config)
        travelled = pickle.dumps(co.partition(plug.in_chunks, num_chunks=3))
        assert config["credentials"]["SecretAccessKey"].encode() not in travelled
        keys = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey"}
        code = "import sys, pickle; print(sum(len(s.get()) for s in pickle.load(sys.stdin.buffer)))"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            input=travelled,
            capture_output=True,
            cwd=Path(__file__).parents[1],
            env={**_environment(), **{name: config["credentials"][key] for name, key in keys.items()}},
        )
        assert done.stdout.strip() == b"80000", done.stderr.decode()

    def test_folder(self, plug: ModuleType, put: Any, config: dict[str, Any]) -> None:
        uri = put("set/one", b"1" * 10).removesuffix("/one")
        put("set/two", b"2" * 20)
        co = CloudObject.from_s3(plug.Folder, uri, s3_config=config)
        co.preprocess()
        assert co["names"] == ["set/one", "set/two"]
        assert [piece.get() for piece in co.partition(plug.by_file)] == [b"1" * 10, b"2" * 20]


class TestOurFormatsUnderDataplugsNames:
    def test_fastq(self, put: Any, config: dict[str, Any]) -> None:
        uri = put("reads.fastq.gz", gzip.compress(READS.encode()))
        co = CloudObject.from_s3(bridge.FASTQGZip, uri, s3_config=config)
        co.preprocess()
        for slices in (
            co.partition(bridge.partition_reads_batches, num_batches=7),
            co.partition(bridge.partition_reads_batches, 7),
            co.partition("partition_reads_batches", num_batches=7),
            bridge.partition_reads_batches(co, num_batches=7),
            co.partition(num_slices=7),
        ):
            assert len(slices) == 7
            assert [line for piece in slices for line in piece.get()] == READS.splitlines()
        by_reads = co.partition(bridge.partition_sequences_per_chunk, seq_per_chunk=300, strategy="merge")
        assert [piece.records for piece in by_reads] == [300, 300, 397]
        assert [line for piece in by_reads for line in piece.iter_lines()] == READS.splitlines()
        assert by_reads[0].load()[0].name == "read 0"
        assert co.get_attribute("total_lines") == 4 * 997

    def test_csv(self, put: Any, config: dict[str, Any], tmp_path: Path) -> None:
        co = CloudObject.from_s3(bridge.CSV, put("table.csv", TABLE.encode()), s3_config=config)
        co.preprocess(extra_args={"separator": ";"})
        slices = co.partition(bridge.partition_num_chunks, num_chunks=5, padding=4)
        assert all(piece.get().startswith("name;value\n") for piece in slices)
        assert "".join(piece.get().removeprefix("name;value\n") for piece in slices) == TABLE.removeprefix(
            "name;value\n"
        )
        assert sum(len(piece.get_as_pandas()) for piece in slices) == 300
        assert sum(piece.records for piece in co.partition(bridge.partition_chunk_size, 1000)) == 300
        assert slices[0].to_file(tmp_path / "x.csv").read_text() == slices[0].get()
        assert co.attributes.delimiter == ";"

    def test_plain_and_packed_text_under_one_name(self, put: Any, config: dict[str, Any]) -> None:
        for name, data in (("a.csv", TABLE.encode()), ("a.csv.gz", gzip.compress(TABLE.encode()))):
            co = CloudObject.from_s3(bridge.CSV, put(name, data), s3_config=config)
            assert sum(piece.records for piece in co.partition(bridge.partition_num_chunks, num_chunks=3)) == 300

    def test_text(self, put: Any, config: dict[str, Any]) -> None:
        text = "".join(f"wörter {i} and\n" for i in range(500))
        co = CloudObject.from_s3(bridge.UTF8Text, put("words.txt", text.encode()), s3_config=config)
        pieces = co.partition(bridge.whole_words_strategy, num_chunks=9)
        assert "".join(piece.get() for piece in pieces) == text
        packed = CloudObject.from_s3(bridge.GZipText, put("w.txt.gz", gzip.compress(text.encode())), s3_config=config)
        lines = packed.partition(bridge.partition_chunk_lines, lines_per_chunk=120)
        assert [len(piece.get()) for piece in lines] == [120, 120, 120, 120, 20]
        assert packed["total_lines"] == 500

    def test_fasta_in_equal_pieces(self, put: Any, config: dict[str, Any]) -> None:
        sequences = ["ACGTACGTAC\n" * 50, "GGGGGTTTTT\n" * 3]
        data = "".join(f">s{i} about\n{body}" for i, body in enumerate(sequences)).encode()
        co = CloudObject.from_s3(bridge.FASTA, put("s.fasta", data), s3_config=config)
        slices = co.partition(bridge.partition_chunks_strategy, num_chunks=6)
        assert len(slices) == 6
        bases = b"".join(line for piece in slices for line in piece.get().split(b"\n") if not line.startswith(b">"))
        assert bases == "".join(sequences).replace("\n", "").encode()
        assert co["num_sequences"] == 2

    def test_vcf(self, put: Any, config: dict[str, Any]) -> None:
        head = "##fileformat=VCFv4.2\n##INFO=no equals\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        body = "".join(f"1\t{i + 1}\t.\tA\tC\t.\tPASS\t.\n" for i in range(200))
        co = CloudObject.from_s3(bridge.VCF, put("v.vcf", (head + body).encode()), s3_config=config)
        slices = co.partition(bridge.partition_num_chunks, num_chunks=7)
        assert "".join(piece.get().removeprefix(head) for piece in slices) == body

    def test_imzml_by_its_ibd(self, put: Any, config: dict[str, Any]) -> None:
        from cloud_data_cockpit.demo.samples_spectra import spectra_sample

        uris = [put(name, data) for name, data in spectra_sample().items()]
        for uri in uris:
            co = CloudObject.from_s3(bridge.ImzML, uri, s3_config=config)
            slices = co.partition(bridge.partition_chunks_strategy, chunk_size=20_000)
            assert sum(len(piece.get()) for piece in slices) == co.attributes.records > 0

    def test_point_clouds_and_rasters(self, put: Any, config: dict[str, Any]) -> None:
        laspy = pytest.importorskip("laspy")
        pytest.importorskip("rasterio")
        from cloud_data_cockpit.demo.samples_lidar import copc_sample, las_sample
        from cloud_data_cockpit.demo.samples_raster import geotiff_sample

        co = CloudObject.from_s3(bridge.LiDARPointCloud, put("p.las", las_sample()), s3_config=config)
        co.preprocess()
        tiles = co.partition(bridge.square_split_strategy, num_chunks=4)
        assert sum(len(piece.get().points) for piece in tiles) == co["point_count"]
        co = CloudObject.from_s3(bridge.COPC, put("p.copc.laz", copc_sample()), s3_config=config)
        co.preprocess()
        tiles = co.partition(strategy=bridge.square_split_strategy, num_chunks=3)
        assert len(tiles) == 3
        assert sum(len(laspy.read(io.BytesIO(piece.get())).points) for piece in tiles) == co["points"]
        co = CloudObject.from_s3(bridge.CloudOptimizedGeoTiff, put("r.tif", geotiff_sample()), s3_config=config)
        windows = co.partition(bridge.grid_partition_strategy, n_splits=3)
        assert sum(math.prod(piece.get().shape[1:]) for piece in windows) == 700 * 500

    def test_surface_of_the_object(self, put: Any, config: dict[str, Any], bucket: str) -> None:
        co = CloudObject.from_s3(bridge.CSV, put("a b/tä#%?+.csv", TABLE.encode()), s3_config=config)
        assert (co.path.bucket, co.path.key, co.size) == (bucket, "a b/tä#%?+.csv", len(TABLE.encode()))
        assert co.path.as_uri() == f"s3://{bucket}/a b/tä#%?+.csv"
        assert (co.meta_path.bucket, co.meta_path.key) == (f"{bucket}.meta", co.path.key)
        assert (co.exists(), co.is_preprocessed(), co.attributes) == (True, False, None)
        with pytest.raises(AttributeError):
            _ = co.meta_size
        co.preprocess()
        assert co.is_preprocessed()
        assert CloudObject.from_bucket_key(bridge.CSV, bucket, co.path.key, s3_config=config).is_preprocessed()
        assert co["header"] is co.get_attribute("header") is True
        assert (co.open("r").readline(), co.open("rb").read()) == ("name;value\n", TABLE.encode())
        assert co.storage.head_object(Bucket=bucket, Key=co.path.key)["ContentLength"] == co.size
        co.clean()
        assert not co.is_preprocessed()
        assert co.exists()
        co.preprocess(chunk_size=100, force=True, debug=True)
        assert co.partition(num_slices=2)[0].cloud_object.is_preprocessed()
        assert "CSV" in repr(co)

    def test_objects_that_are_not_there(self, bucket: str, config: dict[str, Any]) -> None:
        missing = CloudObject.from_s3(bridge.CSV, f"s3://{bucket}/none.csv", fetch=False, s3_config=config)
        assert not missing.exists()
        with pytest.raises(NotFound):
            missing.preprocess()
        with pytest.raises(NotFound):
            CloudObject.from_s3(bridge.CSV, f"s3://{bucket}/none.csv", s3_config=config)

    def test_new_from_file(self, bucket: str, config: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "new.csv"
        path.write_text(TABLE)
        co = CloudObject.new_from_file(bridge.CSV, path, f"s3://{bucket}/new.csv", config)
        assert co.size == len(TABLE)
        with pytest.raises(Conflict, match="override=True"):
            CloudObject.new_from_file(bridge.CSV, path, f"s3://{bucket}/new.csv", config)
        path.write_text(TABLE + "more;1\n")
        again = CloudObject.new_from_file(bridge.CSV, path, f"s3://{bucket}/new.csv", config, override=True)
        assert sum(piece.records for piece in again.partition(num_slices=2)) == 301

    def test_no_bucket_beside_the_data_and_no_secret_in_what_travels(
        self, put: Any, config: dict[str, Any], boto: Any, bucket: str
    ) -> None:
        co = CloudObject.from_s3(bridge.CSV, put("t.csv", TABLE.encode()), s3_config=config)
        co.preprocess()
        travelled = pickle.dumps([co, *co.partition(num_slices=3)])
        for secret in config["credentials"].values():
            assert secret.encode() not in travelled
        again, *slices = pickle.loads(travelled)
        assert again.size == co.size
        assert slices[1].get() == co.partition(num_slices=3)[1].get()
        assert f"{bucket}.meta" not in [held["Name"] for held in boto.list_buckets()["Buckets"]]
        assert [held["Key"] for held in boto.list_objects_v2(Bucket=bucket)["Contents"]] == ["t.csv"]

    @pytest.mark.parametrize("settings", [{"anonymous": True}, {"botocore_config_kwargs": {"signature_version": "?"}}])
    def test_anonymous_access(self, settings: dict[str, Any], s3_service: DemoProcess) -> None:
        from botocore import UNSIGNED

        if "botocore_config_kwargs" in settings:
            settings = {"botocore_config_kwargs": {"signature_version": UNSIGNED}}
        proxy = client_of({"endpoint_url": s3_service.endpoint_url, **settings})
        assert proxy.connection.ref.anonymous
        assert pickle.loads(pickle.dumps(proxy)).connection.ref == proxy.connection.ref

    def test_configurations_that_cannot_be(self) -> None:
        with pytest.raises(BadRequest, match="s3_config has no 'endpoint'; known are"):
            client_of({"endpoint": "http://localhost:1"})
        with pytest.raises(ValueError, match="need AccessKeyId and SecretAccessKey"):
            PickleableS3ClientProxy(credentials={"AccessKeyId": "x"})

    def test_keys_do_not_travel_to_strangers(self) -> None:
        """A slice that names another service than those known here gets no credentials of this machine."""
        from cloud_data_cockpit.s3 import connections

        proxy = client_of(
            {"endpoint_url": "https://s3.example.org", "credentials": {"AccessKeyId": "a", "SecretAccessKey": "b"}}
        )
        travelled = pickle.dumps(proxy)
        connections._registered.clear()
        with pytest.raises(CredentialsError, match=r"s3\.example\.org"):
            pickle.loads(travelled)

    @pytest.mark.parametrize(
        ("name", "options", "words"),
        [
            ("partition_reads_batches", {"num_batches": 3}, "no strategy 'partition_reads_batches'"),
            ("partition_num_chunks", {"num_chunk": 3}, "no argument 'num_chunk'"),
            ("partition_num_chunks", {"num_chunks": 0}, "num_slices"),
        ],
    )
    def test_strategies_that_cannot_be(
        self, put: Any, config: dict[str, Any], name: str, options: dict[str, Any], words: str
    ) -> None:
        co = CloudObject.from_s3(bridge.CSV, put("t.csv", TABLE.encode()), s3_config=config)
        with pytest.raises(BadRequest, match=words):
            co.partition(name, **options)

    @pytest.mark.parametrize("backend", ["threading", "loky"])
    def test_joblib_scans(
        self, put: Any, config: dict[str, Any], backend: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("joblib")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", config["credentials"]["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", config["credentials"]["SecretAccessKey"])
        co = CloudObject.from_s3(bridge.CSV, put("t.csv", TABLE.encode()), s3_config=config)
        co.preprocess(parallel_config={"backend": backend, "n_jobs": 2}, chunk_size=500)
        assert co.attributes.records == 300
        if backend == "loky":
            from joblib.externals.loky import get_reusable_executor

            get_reusable_executor().shutdown(wait=True)

    def test_every_name_of_dataplug_is_here(self) -> None:
        from cloud_data_cockpit.dataplug.surface import MODULES

        for formats, piece, strategies in MODULES.values():
            for name in (*formats, piece, *strategies):
                assert getattr(bridge, name) is not None
                assert name in dir(bridge)
        assert bridge.COPC is bridge.CloudOptimizedPointCloud
        with pytest.raises(AttributeError):
            _ = bridge.NoSuchName

    def test_strategies_are_those_of_our_formats(self) -> None:
        from cloud_data_cockpit.dataplug.surface import DATA_FORMATS, MODULES
        from cloud_data_cockpit.formats.base import strategies_of

        for formats, _, strategies in MODULES.values():
            for name in formats:
                known = DATA_FORMATS[name].formats[0]
                if known in registry.format_names():
                    assert set(strategies) <= set(strategies_of(registry.get_format(known))), name


class TestWordForWord:
    def test_readme(self, s3_service: DemoProcess, boto: Any) -> None:
        """The first example of Dataplug's README, as it stands there, in processes of Dask."""
        code = _readme_example()
        pytest.importorskip("distributed")
        _bucket_named(boto, "genomics")
        boto.put_object(Bucket="genomics", Key="SRR6052133_1.fastq.gz", Body=gzip.compress(READS.encode()))
        before = "import cloud_data_cockpit.dataplug\ncloud_data_cockpit.dataplug.install()\n"
        after = """
lines = [line for piece in dask_bag.map(lambda data_slice: data_slice.get()).compute() for line in piece]
import json; print(json.dumps([len(data_slices), type(data_slices[0]).__module__, lines]))
client.close()
"""
        environment = {
            **_environment(),
            "AWS_ENDPOINT_URL": s3_service.endpoint_url,
            "AWS_ACCESS_KEY_ID": s3_service.access_key,
            "AWS_SECRET_ACCESS_KEY": s3_service.secret_key,
            "DASK_DISTRIBUTED__DASHBOARD__LINK": "",
        }
        done = subprocess.run(
            [sys.executable, "-c", before + code + after], env=environment, capture_output=True, timeout=120
        )
        assert done.returncode == 0, done.stderr.decode()
        number, module, lines = json.loads(done.stdout.splitlines()[-1])
        assert (number, module) == (200, "cloud_data_cockpit.dataplug.surface")
        assert lines == READS.splitlines()
        assert "genomics.meta" not in [held["Name"] for held in boto.list_buckets()["Buckets"]]

    def test_install_and_uninstall(self) -> None:
        """In a process of its own, since it changes what `dataplug` is."""
        code = """
import sys
import cloud_data_cockpit.dataplug as bridge
if "--without" in sys.argv:
    class Nothing:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("dataplug", "joblib", "smart_open"):
                raise ModuleNotFoundError(name, name=name)
    sys.meta_path.insert(0, Nothing())
    import importlib.util
    find = importlib.util.find_spec
    importlib.util.find_spec = lambda name, package=None: None if name == "dataplug" else find(name, package)
    import cloud_data_cockpit.dataplug.words as words
    words.find_spec = importlib.util.find_spec
bridge.install()
bridge.install()
from dataplug import CloudObject
from dataplug.cloudobject import CloudObject as Same
import dataplug.formats.geospatial.copc as copc
from dataplug.formats.generic import CSV
from dataplug.formats.generic.csv import CSV as SameCSV, CSVSlice, partition_num_chunks
from dataplug.formats.astronomics.ms import MS, ms_partitioning_strategy
from dataplug.formats.geospatial.cog import CloudOptimizedGeoTiff
assert CloudObject is Same is bridge.CloudObject
assert CSV is SameCSV is bridge.CSV and CSVSlice is bridge.DataSlice
assert copc.CloudOptimizedPointCloud is bridge.COPC
if "--without" in sys.argv:
    from cloud_data_cockpit.errors import MissingExtra
    try:
        bridge.adapt(CSV)
    except MissingExtra as error:
        assert "cloud-data-cockpit[dataplug]" in str(error), error
    else:
        raise SystemExit("adapt works without Dataplug")
else:
    from dataplug.entities import CloudDataFormat, CloudObjectSlice, PartitioningStrategy
    assert bridge.CloudObjectSlice is CloudObjectSlice
bridge.uninstall()
if "--without" in sys.argv:
    assert not [name for name in sys.modules if name == "dataplug"]
else:
    from dataplug import CloudObject
    assert CloudObject is not bridge.CloudObject
    from dataplug.formats.generic.csv import CSV
    assert CSV is not bridge.CSV and bridge.adapt(CSV).name == "csv"
print("well")
"""
        for arguments in (["--without"], [] if HAS_DATAPLUG else ["--without"]):
            done = subprocess.run([sys.executable, "-c", code, *arguments], env=_environment(), capture_output=True)
            assert done.stdout.strip() == b"well", done.stderr.decode()

    def test_importing_the_bridge_loads_nothing_heavy(self) -> None:
        code = (
            "import sys, cloud_data_cockpit.dataplug;"
            "print([n for n in ('dataplug', 'boto3', 'pandas', 'pyarrow', 'joblib', 'numpy') if n in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.strip() == "[]", done.stderr


class TestPlainData:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            12,
            2.5,
            math.inf,
            "text",
            b"\x00\xff",
            [1, [2, "x"]],
            (1, (2,)),
            {"a": (1, 2), "b": {"c": b""}},
            {1: "one", "$x": 2, (3, 4): [5]},
            np.dtype("float32"),
        ],
    )
    def test_there_and_back(self, value: Any) -> None:
        plain = json.loads(json.dumps(to_plain(value, "it")))
        back = from_plain(plain, {})
        assert back == value
        assert type(back) is type(value)

    def test_arrays_and_their_numbers(self) -> None:
        arrays: dict[str, Any] = {}
        values = {
            "a": np.arange(6, dtype=">i2").reshape(2, 3),
            "s": np.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")]),
        }
        for place in (arrays, None):
            back = from_plain(json.loads(json.dumps(to_plain(values, "it", place))), arrays)
            for name, value in values.items():
                assert back[name].dtype == value.dtype
                assert back[name].tolist() == value.tolist()
        assert len(arrays) == 2
        assert to_plain(np.int64(5), "it") == 5
        assert math.isnan(from_plain(to_plain(math.nan, "it"), {}))

    @pytest.mark.parametrize("value", [object(), {1, 2}, np.array([object()]), lambda: 1, [io.BytesIO()]])
    def test_what_needs_a_pickle_is_refused(self, value: Any) -> None:
        with pytest.raises(FormatError, match="without a pickle"):
            to_plain(value, "it")

    def test_learned_there_and_back(self) -> None:
        learned = Learned({"a": (1, np.arange(3))}, b"meta", {"k.idx": b"index"})
        text = carried(*learned.to_parts("it"))
        assert text is not None
        back = uncarried(text)
        assert (back.metadata, back.objects, back.attributes["a"][0]) == (b"meta", {"k.idx": b"index"}, 1)
        noise = np.random.default_rng(1).bytes(MOST_CARRIED)
        assert carried(*Learned(metadata=noise).to_parts("it")) is None


class TestStandIns:
    def test_files_over_sources(self) -> None:
        source = MemorySource(READS.encode(), "s3://b/k")
        assert open_file(source, "k", "r").read() == READS
        with open_file(source, "k", "rb") as file:
            file.seek(-5, io.SEEK_END)
            assert file.read() == READS.encode()[-5:]
            assert file.seek(7) == 7
            assert file.read(4) == READS.encode()[7:11]
        packed = MemorySource(gzip.compress(b"plain"), "s3://b/k.gz")
        assert open_file(packed, "k.gz", "rb").read() == b"plain"
        assert open_file(packed, "k.gz", "rb", compression="disable").read(2) == b"\x1f\x8b"
        assert SourceFile(source, 3, 8).read() == READS.encode()[3:8]
        with pytest.raises(BadRequest, match="only read"):
            open_file(source, "k", "wb")

    def test_paths(self) -> None:
        path = S3Path.from_uri("s3://bucket/a//b c#?/x.tar.gz")
        assert (path.bucket, path.key) == ("bucket", "a//b c#?/x.tar.gz")
        assert (path.name, path.stem, path.suffix) == ("x.tar.gz", "x.tar", ".gz")
        assert path.virtual_directory == "a//b c#?"
        assert pickle.loads(pickle.dumps(path)) == path
        with pytest.raises(ValueError, match="not the URI"):
            S3Path.from_uri("https://x/y")

    @needs_dataplug
    def test_storage_answers_as_boto3_does(self, plug: ModuleType) -> None:
        from botocore.exceptions import ClientError

        source = MemorySource(b"0123456789", "s3://b/x.dat", beside={"s3://b/x.idx": b"beside"})
        format: Any = bridge.adapt(plug.Cards)
        held = format.cloud_object(source.uri, source.size, source, Learned(metadata=b"meta"))
        storage = held.storage

        def get(key: str, range: str | None = None, bucket: str = "b") -> bytes:
            data: bytes = storage.get_object(Bucket=bucket, Key=key, Range=range)["Body"].read()
            return data

        assert get("x.dat") == b"0123456789"
        assert (get("x.dat", "bytes=2-4"), get("x.dat", "bytes=8-99"), get("x.dat", "bytes=-3")) == (
            b"234",
            b"89",
            b"789",
        )
        assert get("x.idx") == b"beside"
        assert get("x.dat", bucket="b.meta") == b"meta"
        for key, bucket in (("none", "b"), ("none", "b.meta")):
            with pytest.raises(ClientError) as caught:
                storage.head_object(Bucket=bucket, Key=key)
            assert caught.value.response["Error"]["Code"] == "404"
        with pytest.raises(ClientError, match="InvalidRange"):
            get("x.dat", "bytes=10-")
        with pytest.raises(BadRequest, match="may not write"):
            storage.put_object(Bucket="b", Key="x.dat", Body=b"")
        with pytest.raises(BadRequest, match="which only reading S3 can give"):
            storage.generate_presigned_url("get_object")
        without = format.cloud_object(source.uri, source.size, None, Learned())
        with pytest.raises(BadRequest, match=r"reads .* itself while it cuts"):
            without.open("rb")


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def _readme_example() -> str:
    """The Python of the README's example, from what is installed of Dataplug or as it was in version 1.0.2."""
    if HAS_DATAPLUG:
        from importlib.metadata import metadata

        about: Any = metadata("cloud-dataplug")
        text = about.get_payload() or about["Description"]
        found = re.search(r"### Partitioning text example.*?```python\n(.*?)```", text, re.DOTALL)
        assert found, "the README of Dataplug has no such example any more"
        return found[1]
    return README


def _bucket_named(boto: Any, name: str) -> None:
    if name not in [held["Name"] for held in boto.list_buckets()["Buckets"]]:
        boto.create_bucket(Bucket=name)


README = """\
from dataplug import CloudObject
from dataplug.formats.genomics.fastq import FASTQGZip, partition_reads_batches

# Assign FASTQGZip data type for object in s3://genomics/SRR6052133_1.fastq.gz
co = CloudObject.from_s3(FASTQGZip, "s3://genomics/SRR6052133_1.fastq.gz")

co.preprocess(parallel_config={"backend": "dask"})

data_slices = co.partition(partition_reads_batches, num_batches=200)

def process_fastq_data(data_slice):
    fastq_reads = data_slice.get()
    ...

import dask.bag as db
from dask.distributed import Client

client = Client()
dask_bag = db.from_sequence(data_slices)

dask_bag.map(process_fastq_data).compute()
"""
