"""The guard: what nothing of ours connects to, whatever names, redirects and libraries lead there."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from cloud_data_cockpit.errors import AccessDenied, CockpitError
from cloud_data_cockpit.models import ConnectionRef
from cloud_data_cockpit.s3 import guard, http, objects
from cloud_data_cockpit.s3.clients import Keys
from cloud_data_cockpit.s3.connections import Connection, connect
from cloud_data_cockpit.s3.signing import SignedRequest, send

from .conftest import ACCESS_KEY, SECRET_KEY
from .stub import Answer, Stub

NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.1.1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "64:ff9b::a9fe:a9fe",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
]
PRIVATE = ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.1"]
PUBLIC = ["8.8.8.8", "52.216.0.1", "2600:1f18::1"]


@pytest.mark.parametrize("address", NEVER)
def test_addresses_that_no_service_has(address: str) -> None:
    with pytest.raises(AccessDenied, match="never connected to"):
        guard.check_address("host.example", address)


@pytest.mark.parametrize("address", [*PRIVATE, *PUBLIC])
def test_other_addresses_are_let_through(address: str) -> None:
    guard.check_address("host.example", address)


def test_private_addresses_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_REFUSE_PRIVATE_HOSTS", "true")
    for address in PRIVATE:
        with pytest.raises(AccessDenied, match="refuse_private_hosts"):
            guard.check_address("host.example", address)
    for address in PUBLIC:
        guard.check_address("host.example", address)


# --- by whichever way --------------------------------------------------------------------------


def resolving(monkeypatch: pytest.MonkeyPatch, answers: dict[str, list[str]]) -> list[str]:
    """Let names resolve to these addresses, one answer after another; gives the names that were asked for."""
    asked: list[str] = []
    original = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in answers:
            return original(host, port, *args, **more)
        asked.append(name)
        address = answers[name].pop(0) if len(answers[name]) > 1 else answers[name][0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def actions(endpoint_url: str) -> list[Any]:
    """The same through our own requests and through a client of botocore's, which STS goes by too."""
    connection = connect("c", endpoint_url=endpoint_url, access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    return [
        lambda: objects.list_buckets(connection),
        lambda: connection.client.list_buckets(),
        lambda: connection.client_of("box", "k").put_object(Bucket="box", Key="k", Body=b"1"),
        lambda: connection.sts().get_caller_identity(),
    ]


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0"])
def test_a_name_that_leads_to_a_metadata_service(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    asked = resolving(monkeypatch, {"s3.evil.example": [address]})
    opened: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, where: opened.append(where))
    for act in actions("http://s3.evil.example"):
        with pytest.raises(AccessDenied, match="never connected to"):
            act()
    assert len(asked) >= 4
    assert opened == []


def test_what_was_looked_at_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch, stub: Stub) -> None:
    """A name that answers with a good address first and a forbidden one then (DNS rebinding)."""
    stub.then = lambda asked: Answer(200, b"<ListAllMyBucketsResult/>", {"Connection": "close"})
    port = stub.endpoint_url.rpartition(":")[2]
    asked = resolving(monkeypatch, {"rebind.example": ["127.0.0.1", "169.254.169.254"]})
    connection = connect("c", endpoint_url=f"http://rebind.example:{port}", access_key="a", secret_key="b")
    assert objects.list_buckets(connection) == []
    assert asked == ["rebind.example"]  # resolved once, looked at, connected to
    assert len(stub.asked) == 1
    http._pools.clear()
    with pytest.raises(AccessDenied, match=r"169\.254\.169\.254"):
        objects.list_buckets(connection)


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "2852039166", "0xa9fea9fe", "169.254.43518", "metadata.google.internal."],
)
def test_every_spelling_of_an_address(host: str) -> None:
    ref = ConnectionRef(name="c", kind="custom", endpoint_url=f"http://{host}")
    with pytest.raises(AccessDenied, match="never connected to"):
        objects.list_buckets(Connection(ref, Keys("a", "b")))


def test_redirects_are_not_followed_to_other_hosts(stub: Stub) -> None:
    stub.then = lambda asked: Answer(307, b"", {"Location": "http://169.254.169.254/latest/meta-data/"})
    listing, _, _, asking = actions(stub.endpoint_url)
    for act in (listing, asking):
        with pytest.raises((CockpitError, ResponseParserError)):
            act()
    assert len(stub.asked) >= 2
    assert all("meta-data" not in asked.target for asked in stub.asked)


def test_the_metadata_service_stays_possible_for_botocore_itself(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of an instance come from a service of botocore's own choosing, not from an endpoint of a user's."""

    def metadata(asked: Any) -> Answer:
        if asked.method == "PUT":
            return Answer(200, b"token")
        if asked.target.endswith("security-credentials/"):
            return Answer(200, b"role")
        keys = b'{"Code": "Success", "AccessKeyId": "A", "SecretAccessKey": "B", "Token": "C", "Expiration": '
        return Answer(200, keys + b'"2099-01-01T00:00:00Z"}')

    stub.then = metadata
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", stub.endpoint_url)
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_REFUSE_PRIVATE_HOSTS", "true")
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_HOSTS", "*.amazonaws.com")
    connection = connect("c", region="eu-west-1")
    url = SignedRequest(connection, "list_buckets", {}).url()
    assert "X-Amz-Credential=A%2F" in url
    assert stub.asked


# --- the administrator's rules -----------------------------------------------------------------


def test_allowed_hosts(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.then = lambda asked: Answer(200, b"<ListAllMyBucketsResult/>")
    connection = connect("c", endpoint_url=stub.endpoint_url, access_key="a", secret_key="b")
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_HOSTS", "*.lab.example, 127.0.0.*")
    assert objects.list_buckets(connection) == []
    port = stub.endpoint_url.rpartition(":")[2]
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_HOSTS", f"127.0.0.1:{port}")
    assert objects.list_buckets(connection) == []
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_HOSTS", "*.lab.example")
    for act in (lambda: objects.list_buckets(connection), lambda: connection.client.list_buckets()):
        with pytest.raises(AccessDenied, match=r"allowed are \*\.lab\.example"):
            act()
    with pytest.raises(AccessDenied, match="allowed_hosts"):
        connect("d", endpoint_url="https://s3.other.example", access_key="a", secret_key="b")
    connect("e", endpoint_url="https://S3.LAB.example", access_key="a", secret_key="b")


def test_own_endpoints_can_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_USER_ENDPOINTS", "false")
    with pytest.raises(AccessDenied, match="allow_user_endpoints"):
        connect("c", endpoint_url="https://minio.example", access_key="a", secret_key="b")
    with pytest.raises(AccessDenied, match="allow_user_endpoints"):
        connect("c", endpoint_url="https://minio.example", anonymous=True)
    assert connect("aws", region="eu-west-1", access_key="a", secret_key="b").client
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio.example")  # the administrator's own choice
    assert connect("c", access_key="a", secret_key="b").client


def test_allowed_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_DATA_COCKPIT_ALLOWED_ROLES", "arn:aws:iam::1*:role/read-*")
    connect("c", access_key="a", secret_key="b", role_arn="arn:aws:iam::123456789012:role/read-all")
    with pytest.raises(AccessDenied, match="allowed_roles"):
        connect("d", access_key="a", secret_key="b", role_arn="arn:aws:iam::123456789012:role/admin")


def test_the_rules_travel_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in guard._VARIABLES.values():
        monkeypatch.setenv(name, "")  # so that it is put back
    rules = guard.Policy(False, ("*.a.example", "b.example:9000"), ("arn:aws:iam::1:role/*",), True)
    guard.enforce(rules)
    assert guard.policy() == rules
    guard.enforce(guard.Policy())  # a second server of the process with no rules lifts none
    assert guard.policy() == rules


def test_a_service_that_refuses_the_first_of_its_addresses(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(stub.endpoint_url.rpartition(":")[2])
    where = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("169.254.1.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: where)
    opened = guard.open_socket("two.example", port, 2)
    assert opened.getpeername()[0] == "127.0.0.1"
    opened.close()


def test_own_and_botocores_requests_share_connections(stub: Stub) -> None:
    stub.then = lambda asked: Answer(200, b"<ListAllMyBucketsResult/>")
    connection = connect("c", endpoint_url=stub.endpoint_url, access_key="a", secret_key="b")
    send(SignedRequest(connection, "list_buckets", {}), lambda reply: reply.read(1000))
    connection.client.list_buckets()
    pools = [pool for key, pool in http._pools.items() if f":{key[2]}" in stub.endpoint_url]
    assert sum(pool.num_connections for pool in pools) == 1
