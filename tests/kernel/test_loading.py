"""load_slices: where it looks and in which order, on another machine, and what it says of what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import (
    BadRequest,
    Conflict,
    CredentialsError,
    FormatError,
    NotFound,
    SourceChanged,
)
from cloud_data_cockpit.kernel.server import JupyterServer, fetch_manifest, find_server
from cloud_data_cockpit.s3 import connections
from cloud_data_cockpit.slicing import manifests, opened, sharing
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import Slices
from tests.handlers.servers import Server

TOKEN = "secret-of-the-server"
TEXT = "".join(f"line {i}\n" for i in range(1000)).encode()


@pytest.fixture
def lab(s3_service: Any) -> Any:
    return cdc.connect(
        name="lab",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
    )


@pytest.fixture
def made(boto: Any, bucket: str, lab: Any) -> Slices:
    boto.put_object(Bucket=bucket, Key="a text.txt", Body=TEXT)
    return partition(f"s3://{bucket}/a text.txt", connection="lab", format="text", num_slices=4)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process keeps its manifests in another directory, which is empty; asked for after `made`."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "elsewhere"))
    return tmp_path


class Says:
    """A web server that gives one answer and remembers what it was asked."""

    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        says = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                says.asked.append((self.path, dict(self.headers)))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return None

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def says() -> Iterator[Callable[..., Says]]:
    begun: list[Says] = []

    def begin(*args: Any, **headers: str) -> Says:
        begun.append(Says(*args, **headers))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()


# --- where the server is -----------------------------------------------------------------------


def note_server(name: str, **held: Any) -> None:
    Path(os.environ["JUPYTER_RUNTIME_DIR"], name).write_text(json.dumps(held))


def test_the_server_that_started_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_server() is None
    note_server("jpserver-7.json", pid=7, url="http://localhost:8888/x/", token="seven")
    note_server("jpserver-8.json", pid=8, url="https://localhost:8889", token="eight")
    note_server("jpserver-9.json", pid=9, url="http+unix://%2Ftmp%2Fx", token="nine")
    Path(os.environ["JUPYTER_RUNTIME_DIR"], "jpserver-6.json").write_text("{")
    assert find_server() is None
    monkeypatch.setenv("JPY_PARENT_PID", "8")
    assert find_server() == JupyterServer("https://localhost:8889/", "eight")
    monkeypatch.setenv("JPY_PARENT_PID", "9")
    assert find_server() is None


@pytest.mark.parametrize(
    ("text", "url", "token"),
    [
        ("http://gpu:8888", "http://gpu:8888/", "from the environment"),
        ("https://hub/user/me/lab?token=pasted", "https://hub/user/me/", "pasted"),
        ("https://hub/user/me/lab/tree/a.ipynb", "https://hub/user/me/", "from the environment"),
        ("https://hub/user/labrador/", "https://hub/user/labrador/", "from the environment"),
    ],
)
def test_the_server_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, text: str, url: str, token: str
) -> None:
    monkeypatch.setenv("JPY_PARENT_PID", "8")
    note_server("jpserver-8.json", pid=8, url="https://localhost:8889", token="eight")
    monkeypatch.setenv("JUPYTER_TOKEN", "from the environment")
    monkeypatch.setenv("JUPYTER_SERVER_URL", "http://not/this/one/")
    monkeypatch.setenv("DATA_COCKPIT_SERVER", text)
    server = find_server()
    assert server == JupyterServer(url, token)
    assert token not in repr(server)


def test_a_terminal_of_jupyter_names_its_server_and_the_token_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    note_server("jpserver-7.json", pid=7, url="http://localhost:8888/", token="seven")
    monkeypatch.setenv("JUPYTER_SERVER_URL", "http://localhost:8888/")
    assert find_server() == JupyterServer("http://localhost:8888/", "seven")
    monkeypatch.setenv("JUPYTER_SERVER_URL", "http://localhost.evil:8888/")
    assert find_server() == JupyterServer("http://localhost.evil:8888/", "")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """What JupyterHub tells the server that it starts, and so the kernels of that."""
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of the hub")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/me/")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", "http://0.0.0.0:8888/user/me/")


@pytest.mark.usefixtures("hub")
def test_the_server_that_jupyterhub_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_server() == JupyterServer("http://127.0.0.1:8888/user/me/", "of the hub")
    monkeypatch.setenv("JPY_PARENT_PID", "7")
    note_server("jpserver-7.json", pid=7, url="http://localhost:8888/user/me/", token="")
    assert find_server() == JupyterServer("http://localhost:8888/user/me/", "of the hub")
    monkeypatch.setenv("DATA_COCKPIT_SERVER", "http://127.0.0.1:8888/user/me/lab")
    assert find_server() == JupyterServer("http://127.0.0.1:8888/user/me/", "of the hub")
    monkeypatch.setenv("DATA_COCKPIT_TOKEN", "mine")
    assert find_server() == JupyterServer("http://127.0.0.1:8888/user/me/", "mine")


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    "url", ["https://evil.example/user/me/", "http://localhost:8888/user/other/", "http://localhost:8888/"]
)
def test_the_token_of_jupyterhub_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATA_COCKPIT_SERVER", url)
    assert find_server() == JupyterServer(url, "")
    monkeypatch.delenv("DATA_COCKPIT_SERVER")
    monkeypatch.setenv("JPY_PARENT_PID", "8")
    note_server("jpserver-8.json", pid=8, url=url, token="")
    assert find_server() == JupyterServer(url, "")


def test_a_hub_that_tells_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of the hub")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1/")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/me/")
    assert find_server() is None


@pytest.mark.parametrize("text", ["localhost:8888", "ftp://x/", "http://", "http://u:p@x/", "http://x:port/"])
def test_what_is_no_server(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DATA_COCKPIT_SERVER", text)
    with pytest.raises(BadRequest, match="DATA_COCKPIT_SERVER is no URL"):
        find_server()


# --- what a server answers ---------------------------------------------------------------------


def test_the_token_goes_in_a_header_to_this_server_only(says: Callable[..., Says]) -> None:
    other = says(200, b"{}")
    server = says(302, b"", Location=other.url + "login")
    with pytest.raises(CredentialsError, match="does not take this token"):
        fetch_manifest(JupyterServer(server.url, TOKEN), "a-1")
    ((path, headers),) = server.asked
    assert path == "/cloud-data-cockpit/api/manifests/a-1/document"
    assert headers["Authorization"] == f"token {TOKEN}"
    assert other.asked == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, b"", "does not take us without a token; set DATA_COCKPIT_TOKEN"),
        (404, b"<html>", "has no Data Cockpit"),
        (500, b'{"message": "no room"}', "answers 500: no room"),
        (502, b"[" * 100_000, "answers 502"),
    ],
)
def test_servers_that_do_not_help_are_told_of(
    says: Callable[..., Says], monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, words: str
) -> None:
    server = says(status, body)
    monkeypatch.setenv("DATA_COCKPIT_SERVER", server.url)
    with pytest.raises(NotFound) as caught:
        cdc.load_slices("a-1")
    assert words in str(caught.value)
    assert server.url in str(caught.value)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"no JSON", FormatError, "is not a manifest"),
        (b'{"version": 99}', Conflict, "newer Data Cockpit"),
    ],
)
def test_what_a_server_sends_is_checked(
    says: Callable[..., Says], monkeypatch: pytest.MonkeyPatch, body: bytes, error: type[Exception], words: str
) -> None:
    monkeypatch.setenv("DATA_COCKPIT_SERVER", says(200, body).url)
    with pytest.raises(error, match=words):
        cdc.load_slices("a-1")


def test_it_says_where_it_looked(monkeypatch: pytest.MonkeyPatch, lab: Any, bucket: str) -> None:
    with pytest.raises(NotFound) as caught:
        cdc.load_slices("gone-1")
    words = str(caught.value)
    assert str(manifests.directory()) in words
    assert "set DATA_COCKPIT_SERVER and DATA_COCKPIT_TOKEN" in words
    assert "CLOUD_DATA_COCKPIT_MANIFEST_PLACE names no place" in words
    monkeypatch.setenv("DATA_COCKPIT_SERVER", "http://127.0.0.1:9/")
    monkeypatch.setenv("DATA_COCKPIT_TOKEN", TOKEN)
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_MANIFEST_PLACE", f"s3://{bucket}/shared")
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_MANIFEST_CONNECTION", "lab")
    with pytest.raises(NotFound) as caught:
        cdc.load_slices("gone-1")
    words = str(caught.value)
    assert "http://127.0.0.1:9/ cannot be reached" in words
    assert f"s3://{bucket}/shared/gone-1.json" in words
    assert TOKEN not in words


# --- another machine ---------------------------------------------------------------------------

PROGRAM = """
import sys
import cloud_data_cockpit as cdc
slices = cdc.load_slices(sys.argv[1])
print(len(slices), slices.records, slices[2].read(header=False).splitlines()[0].decode())
"""


def run_elsewhere(home: Path, *args: str, program: str = PROGRAM, **more: str) -> subprocess.CompletedProcess[str]:
    """A Python with another home, nothing of AWS, and only what is told in its environment."""
    home.mkdir(exist_ok=True)
    keep = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "SYSTEMROOT") if name in os.environ}
    environment = {**keep, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", **more}
    command = [sys.executable, "-W", "error", "-c", program, *args]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)


def open_to_all(boto: Any, bucket: str) -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    boto.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))


def test_a_kernel_on_another_machine(
    boto: Any, bucket: str, s3_service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto.put_object(Bucket=bucket, Key="a.txt", Body=TEXT)
    open_to_all(boto, bucket)
    anonymous = cdc.connect(anonymous=True, endpoint_url=s3_service.endpoint_url)
    made = partition(f"s3://{bucket}/a.txt", connection=anonymous, format="text", num_slices=4)
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    cdc.connect("lab", endpoint_url=s3_service.endpoint_url, save=True, keep_in="aws-credentials-file", **keys)
    with Server(tmp_path, tmp_path / "log") as server:
        known = {"DATA_COCKPIT_SERVER": server.url, "DATA_COCKPIT_TOKEN": server.token}
        done = run_elsewhere(tmp_path / "other", made.manifest_id, **known)
        assert (done.stdout, done.stderr) == ("4 1000 line 500\n", "")
        done = run_elsewhere(tmp_path / "other", "gone-1", **known)
        assert f"Looked for it on this machine: there is no manifest 'gone-1' in {tmp_path / 'other'}" in done.stderr
        assert f"on the Jupyter server {server.url}: it has none of that id" in done.stderr
        assert server.token not in done.stderr
        done = run_elsewhere(tmp_path / "other", made.manifest_id, DATA_COCKPIT_SERVER=server.url)
        assert "does not take us without a token" in done.stderr
        # And a kernel that this server started, on this machine, whose manifests lie elsewhere.
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("JPY_PARENT_PID", str(server.process.pid))
        assert list(cdc.load_slices(made.manifest_id)) == list(made)
        # The server writes a copy where a colleague finds it without the server.
        uri = f"s3://{bucket}/shared/"
        shared = server("POST", f"manifests/{made.manifest_id}/share", {"connection": "lab", "uri": uri})
        assert (shared.status, shared.json.get("id")) == (200, made.manifest_id), shared.json
        refused = server("POST", f"manifests/{made.manifest_id}/share", {"connection": "lab", "uri": uri + "x"})
        assert (refused.status, refused.json["code"]) == (400, "bad_request")
        assert server("POST", "manifests/gone-1/share", {"connection": "lab", "uri": uri}).status == 404
        assert server("GET", "manifests/gone-1/document").status == 404
    program = PROGRAM.replace("(sys.argv[1])", "(sys.argv[1], anon=True, endpoint_url=sys.argv[2])")
    ref = f"{uri}{made.manifest_id}.json"
    done = run_elsewhere(tmp_path / "third", ref, s3_service.endpoint_url, program=program)
    assert (done.stdout, done.stderr) == ("4 1000 line 500\n", "")


# --- shared in a bucket or a directory -----------------------------------------------------------


def test_saved_to_a_bucket_and_loaded_by_uri_and_by_id(
    made: Slices, bucket: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"s3://{bucket}/team/manifests/"
    uri = made.save(place)
    assert uri == f"{place}{made.manifest_id}.json"
    assert list(cdc.load_slices(uri, connection="lab")) == list(made)
    assert list(sharing.shared_in(place, "lab")) == [uri]
    assert made.save(f"{place}named so.json") == f"{place}named so.json"
    with pytest.raises(NotFound):
        cdc.load_slices(made.manifest_id)
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_MANIFEST_PLACE", place)
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_MANIFEST_CONNECTION", "lab")
    assert cdc.load_slices(made.manifest_id)[3].get() == made[3].get()
    with pytest.raises(BadRequest, match=r"give a prefix, .*/team/, or a key that ends with .json"):
        made.save(f"s3://{bucket}/team")
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_MANIFEST_PLACE", "/tmp")
    with pytest.raises(BadRequest, match="has to be s3://bucket/prefix/"):
        cdc.load_slices(made.manifest_id)


def test_saved_to_a_directory_or_a_file(made: Slices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made.save(tmp_path)
    assert path == str(tmp_path / f"{made.manifest_id}.json")
    assert made.save(tmp_path / "cut.json") == str(tmp_path / "cut.json")
    assert made.save(f"{tmp_path}/new/") == str(tmp_path / "new" / f"{made.manifest_id}.json")
    assert list(cdc.load_slices(path)) == list(made)
    monkeypatch.chdir(tmp_path)
    assert list(cdc.load_slices("cut.json")) == list(made)
    with pytest.raises(BadRequest, match="no connection reaches"):
        made.save(tmp_path, connection="lab")


def test_a_path_where_no_file_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no manifest file"):
        cdc.load_slices(str(tmp_path / "none.json"))


def test_a_path_in_the_home_directory(made: Slices, isolated_home: Path) -> None:
    made.save("~/cut.json")
    assert cdc.load_slices("~/cut.json").manifest_id == made.manifest_id


def test_overrides_replace_the_connection(made: Slices, bucket: str, boto: Any, s3_service: Any) -> None:
    open_to_all(boto, bucket)
    again = cdc.load_slices(made.manifest_id, anon=True, endpoint_url=s3_service.endpoint_url)
    assert again.connection is not None
    assert again.connection.anonymous
    assert again[1].get() == made[1].get()
    with pytest.raises(CredentialsError, match="no profile 'nobody'"):
        cdc.load_slices(made.manifest_id, profile="nobody")
    with pytest.raises(BadRequest, match="either a connection"):
        cdc.load_slices(made.manifest_id, connection="lab", anon=True)


# --- what is wrong -------------------------------------------------------------------------------


def edited(made: Slices, tmp_path: Path, **changes: Any) -> Path:
    held = json.loads(made.manifest.model_dump_json())
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(held | changes))
    return path


RENTED = [
    "https://evil.example",
    "https://ec2-203-0-113-7.compute-1.amazonaws.com",
    "https://s3-1.us-east-1.elb.amazonaws.com",
    "https://abc.execute-api.us-east-1.amazonaws.com",
    "https://evil.example\\.s3.amazonaws.com",
    "http://s3.amazonaws.com",
]


@pytest.mark.parametrize("endpoint", RENTED)
def test_a_manifest_that_points_at_another_host(made: Slices, tmp_path: Path, endpoint: str) -> None:
    connection = {"name": "theirs", "kind": "profile", "profile": "default", "endpoint_url": endpoint}
    connections._registered.clear()
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        "[default]\naws_access_key_id = AKIAMINE\naws_secret_access_key = mine\n"
    )
    slices = cdc.load_slices(edited(made, tmp_path, connection=connection))
    opened._open.clear()
    with pytest.raises(CredentialsError, match="this process has no credentials for"):
        slices[0].get()
    with pytest.raises(CredentialsError, match="this process has no credentials for"):
        slices.map(lambda piece: piece.read())


@pytest.mark.parametrize("text", ["uri", "etag", "slices"])
def test_a_manifest_with_something_missing_in_a_bucket(made: Slices, boto: Any, bucket: str, text: str) -> None:
    held = json.loads(made.manifest.model_dump_json())
    del held[text]
    boto.put_object(Bucket=bucket, Key="edited.json", Body=json.dumps(held).encode())
    with pytest.raises(FormatError, match=rf"s3://{bucket}/edited.json is not a manifest: {text}"):
        cdc.load_slices(f"s3://{bucket}/edited.json", connection="lab")


def test_a_newer_manifest_in_a_bucket(boto: Any, bucket: str, lab: Any) -> None:
    boto.put_object(Bucket=bucket, Key="new.json", Body=b'{"version": 2, "novel": true}')
    with pytest.raises(Conflict, match="newer Data Cockpit"):
        cdc.load_slices(f"s3://{bucket}/new.json", connection="lab")
    with pytest.raises(NotFound, match=r"gone\.json"):
        cdc.load_slices(f"s3://{bucket}/gone.json", connection="lab")


def test_objects_that_changed_or_are_gone(made: Slices, boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="a text.txt", Body=TEXT.swapcase())
    with pytest.raises(SourceChanged):
        cdc.load_slices(made.manifest_id)[0].get()
    boto.delete_object(Bucket=bucket, Key="a text.txt")
    with pytest.raises(NotFound, match=r"a text\.txt"):
        cdc.load_slices(made.manifest_id)[0].get()


def test_credentials_that_have_expired(made: Slices, s3_service: Any) -> None:
    s3_service.inject(status=403, code="ExpiredToken", times=8)
    try:
        with pytest.raises(CredentialsError, match="expired"):
            made[0].get()
    finally:
        s3_service.clear_faults()


def test_keys_that_have_expired_name_the_cure(
    made: Slices, s3_service: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By every way of reading, and once they are renewed the same slices read on."""
    slices = cdc.load_slices(made.manifest_id)
    s3_service.inject(status=400, code="ExpiredToken", times=50)
    try:
        for read in (
            lambda: slices[0].read(),
            lambda: slices.map(lambda piece: piece.get()),
            lambda: next(slices.iterate()),
            lambda: slices[0].to_file(tmp_path / "x"),
            lambda: slices.verify(),
        ):
            with pytest.raises(CredentialsError, match=r"expired.*(renew|log in|new|again)"):
                read()
        assert not (tmp_path / "x").exists()
    finally:
        s3_service.clear_faults()
    assert slices[0].get() == made[0].get()


@pytest.mark.parametrize("how", ["get", "read", "to_file", "map", "verify", "iterate"])
def test_a_deleted_object_is_named(made: Slices, boto: Any, bucket: str, tmp_path: Path, how: str) -> None:
    boto.delete_object(Bucket=bucket, Key="a text.txt")
    slices = cdc.load_slices(made.manifest_id)
    ways: dict[str, Callable[[], Any]] = {
        "get": lambda: slices[0].get(),
        "read": lambda: slices[1].read(),
        "to_file": lambda: slices[1].to_file(tmp_path / "x"),
        "map": lambda: slices.map(lambda piece: piece.count()),
        "verify": lambda: slices.verify(),
        "iterate": lambda: list(slices.iterate()),
    }
    with pytest.raises(NotFound, match=r"a text\.txt is gone"):
        ways[how]()
    assert list(tmp_path.glob("x*")) == []


EXTRAS = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
import cloud_data_cockpit as cdc
from cloud_data_cockpit import cockpit
slices = None if sys.argv[2] == "-" else cdc.load_slices(sys.argv[2])
try:
    {call}
except cdc.CockpitError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("missing", "call", "words"),
    [
        ("zarr", "cdc.Arrays('s3://b/')", "pip install 'cloud-data-cockpit[arrays]'"),
        ("dask,distributed", "slices.to_dask_bag()", "pip install 'cloud-data-cockpit[dask]'"),
        ("dask,distributed", "slices.map(len, engine='dask')", "cloud-data-cockpit[dask]"),
        ("ray", "slices.to_ray()", "pip install 'cloud-data-cockpit[ray]'"),
        ("ray", "slices.map(len, engine='ray')", "cloud-data-cockpit[ray]"),
        ("pyspark", "slices.to_rdd()", "pip install 'cloud-data-cockpit[spark]'"),
        ("lithops", "slices.map(len, engine='lithops')", "cloud-data-cockpit[lithops]"),
        ("joblib", "slices.map(len, engine='joblib')", "cloud-data-cockpit[joblib]"),
        ("torch", "slices.to_torch()", "pip install 'torch'"),
        ("matplotlib", "slices.plot()", "pip install 'cloud-data-cockpit[plot]'"),
        ("s3fs", "cockpit.fsspec_filesystem()", "pip install s3fs"),
    ],
)
def test_an_extra_that_is_missing_is_named(tmp_path: Path, missing: str, call: str, words: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT)
    saved = partition(path, format="text", num_slices=2).save(tmp_path / "cut.json")
    done = run_elsewhere(tmp_path / "home", missing, saved, program=EXTRAS.replace("{call}", call))
    assert done.stdout.startswith("MissingExtra "), done
    assert words in done.stdout
