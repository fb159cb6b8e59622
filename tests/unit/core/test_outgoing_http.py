import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaign.core import clock
from campaign.core.outgoing_http import (
    Answer,
    Limits,
    OutgoingFailed,
    OutgoingHttp,
    Resolve,
    look_up,
    refuse_address,
    rest_of,
)
from tests.http_target import Answering, Handler, Target, serve

SOON = Limits(connect_seconds=2, whole_seconds=0.3)
HERE = ("127.0.0.1",)


@contextmanager
def refused(slug: str, answered: int | None = None) -> Iterator[None]:
    with pytest.raises(OutgoingFailed) as caught:
        yield
    assert (caught.value.slug, caught.value.answered) == (slug, answered)


def fail(answer: Answering, slug: str, answered: int | None = None) -> Target:
    with serve(answer) as target, OutgoingHttp(HERE, limits=SOON) as http, refused(slug, answered):
        http.send("POST", target.url, headers={}, body=b"{}")
    return target


def test_an_answer_comes_back_over_one_connection_and_names_us() -> None:
    with (
        serve(lambda handler: handler.say(201, b"taken", Colour="red")) as target,
        OutgoingHttp(HERE) as http,
    ):
        for _ in range(3):
            answer = http.send("POST", target.url + "/a?b=c", headers={"X-One": "1"}, body=b"{}")
    assert (answer.status, answer.body, answer.headers["colour"]) == (201, b"taken", "red")
    first, *rest = target.received
    assert (first.path, first.body, first.headers["x-one"]) == ("/a?b=c", b"{}", "1")
    assert first.headers["user-agent"].startswith("urgent-action-letters/")
    assert {each.peer for each in rest} == {first.peer}


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    def close(handler: Handler) -> None:
        handler.say(200, Connection="close")

    with serve(close) as target, OutgoingHttp(HERE) as http:
        statuses = [http.send("GET", target.url, headers={}).status for _ in range(2)]
    assert statuses == [200, 200]
    assert len({each.peer for each in target.received}) == 2


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serve(lambda handler: handler.say(200)) as target, OutgoingHttp(HERE) as http:
        assert http.send("GET", target.url, headers={}).status == 200


def test_who_hangs_is_left() -> None:
    fail(lambda handler: handler.wait() and None, "too-slow")


def test_who_drips_its_head_or_its_answer_is_left() -> None:
    def drip(handler: Handler, head: bytes) -> None:
        handler.wfile.write(head)
        for _ in range(100):
            if handler.wait(0.02):
                return
            handler.wfile.write(b"x")

    def drip_head(handler: Handler) -> None:
        drip(handler, b"HTTP/1.1 200 OK\r\nX-Slow: ")
        handler.wfile.write(b"\r\nContent-Length: 0\r\n\r\n")

    def drip_body(handler: Handler) -> None:
        drip(handler, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")

    def drip_without_length(handler: Handler) -> None:
        drip(handler, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        handler.close_connection = True

    with (
        serve(drip_head) as target,
        OutgoingHttp(HERE, limits=SOON) as http,
        pytest.raises(OutgoingFailed, match="too-slow"),
    ):
        http.send("GET", target.url, headers={})
    fail(drip_body, "too-slow", 200)
    fail(drip_without_length, "too-slow", 200)


def test_no_redirect_is_followed() -> None:
    target = fail(
        lambda handler: handler.say(307, Location="http://127.0.0.1:9/"), "redirected", 307
    )
    assert len(target.received) == 1


def test_ten_megabytes_are_not_read() -> None:
    fail(lambda handler: handler.say(200, b"x" * 10_000_000), "answer-too-large", 200)


def test_half_an_answer_is_none() -> None:
    def break_off(handler: Handler) -> None:
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"half":')
        handler.close_connection = True

    def say_nonsense(handler: Handler) -> None:
        handler.wfile.write(b"hello\r\n\r\n")
        handler.close_connection = True

    fail(break_off, "broken-off", 200)
    fail(say_nonsense, "broken-off")


def test_a_header_that_cannot_be_sent_is_a_failure_of_the_call() -> None:
    with (
        serve(lambda handler: handler.say(200)) as target,
        OutgoingHttp(HERE) as http,
        refused("broken-off"),
    ):
        http.send("GET", target.url, headers={"X-Key": "a key…"})


def test_nobody_listens_there() -> None:
    with serve(lambda handler: handler.say(200)) as target:
        pass
    with OutgoingHttp(HERE) as http, refused("not-reached"):
        http.send("GET", target.url, headers={})


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("http://example.org/", "address-not-https"),
        ("ftp://example.org/", "address-malformed"),
        ("example.org", "address-malformed"),
        ("", "address-malformed"),
        ("https:///path", "address-malformed"),
        ("https://example.org:0/", "address-malformed"),
        ("https://example.org:99999/", "address-malformed"),
        ("https://name:word@example.org/", "address-with-password"),
        ("https://-.example..org/", "host-unknown"),
        ("https://127.0.0.1/", "address-private"),
        ("https://[::1]/", "address-private"),
        ("https://[::ffff:127.0.0.1]/", "address-private"),
        ("https://169.254.169.254/latest/meta-data/", "address-private"),
        ("http://10.0.0.1/", "address-private"),
        ("https://localhost/", "address-private"),
        ("http://crm.LOCALHOST.:8080/", "address-private"),
        # What only a look-up makes an address of.
        ("https://2130706433/", "address-private"),
        ("https://0x7f.1/", "address-private"),
        ("https://127.1/", "address-private"),
    ],
)
def test_addresses_that_are_not_called(address: str, slug: str) -> None:
    with OutgoingHttp() as http, refused(slug):
        http.send("GET", address, headers={})


def test_an_address_is_judged_when_it_is_saved() -> None:
    def lead(*addresses: str) -> Resolve:
        return lambda _host, _port: addresses

    public, private = lead("93.184.216.34"), lead("93.184.216.34", "10.0.0.1")
    refuse_address("https://example.org/hook", (), resolve=public)
    refuse_address("http://crm.internal/", ("crm.internal",), resolve=private)
    refuse_address("http://127.0.0.1:8080/hook", ("127.0.0.1:8080",))
    with refused("address-private"):
        refuse_address("https://127.0.0.1:8081/hook", ("127.0.0.1:8080",))
    with refused("address-private"):
        refuse_address("https://crm.internal/", (), resolve=private)
    with refused("address-not-https"):
        refuse_address("http://example.org/hook", ("127.0.0.1",), resolve=public)


def test_a_name_server_that_does_not_answer_keeps_nothing_from_being_saved() -> None:
    def fail(_host: str, _port: int) -> list[str]:
        raise OSError

    refuse_address("https://example.org/hook", (), resolve=fail)


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1"]  # noqa: RUF005
    + ["255.255.255.255", "198.18.0.1", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::", "::1"]
    + ["::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:db8::1"],
)
def test_a_name_that_leads_into_a_private_network_is_not_called(address: str) -> None:
    for answer in ([address], ["93.184.216.34", address]):
        with (
            OutgoingHttp(resolve=lambda host, port, answer=answer: answer) as http,
            refused("address-private"),
        ):
            http.send("GET", "https://example.org/", headers={})


def test_what_was_looked_at_is_what_is_called() -> None:
    """A name server that answers otherwise the second time leads nowhere: it is asked once."""
    asked: list[str] = []

    def rebind(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else look_up("192.0.2.1", port)

    with serve(lambda handler: handler.say(200)) as target:
        port = target.url.rpartition(":")[2]
        with OutgoingHttp(["rebind.example.org"], resolve=rebind) as http:
            url = f"http://rebind.example.org:{port}/"
            answers = [http.send("GET", url, headers={}).status for _ in range(2)]
    assert answers == [200, 200]
    assert asked == ["rebind.example.org"]
    assert target.received[0].headers["host"] == f"rebind.example.org:{port}"


def test_a_host_with_an_address_that_is_away_is_reached_at_its_next() -> None:
    with serve(lambda handler: handler.say(200)) as target:
        port = target.url.rpartition(":")[2]
        with OutgoingHttp(["two.test"], resolve=lambda host, port: ["::1", "127.0.0.1"]) as http:
            assert http.send("GET", f"http://two.test:{port}/", headers={}).status == 200


def test_tls_is_verified_against_the_name_of_the_host(tmp_path: Path) -> None:
    authority, server = make_certificate(tmp_path, "hooks.example.org")

    def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    allowed = ["hooks.example.org", "other.example.org"]
    with serve(lambda handler: handler.say(200), tls=server) as target:
        port = target.url.rpartition(":")[2]
        with OutgoingHttp(allowed, resolve=here, trust=authority) as http:
            assert http.send("GET", f"https://hooks.example.org:{port}/", headers={}).status == 200
            with refused("not-trusted"):
                http.send("GET", f"https://other.example.org:{port}/", headers={})
        with OutgoingHttp(allowed, resolve=here) as http, refused("not-trusted"):
            http.send("GET", f"https://hooks.example.org:{port}/", headers={})


def make_certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what trusts the certificate of `host`, and what serves with it."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.NameAttribute(NameOID.COMMON_NAME, host),
    )
    certificate = (
        x509.CertificateBuilder(x509.Name([name]), x509.Name([name]), key.public_key())
        .serial_number(1)
        .not_valid_before(clock.utcnow() - timedelta(days=1))
        .not_valid_after(clock.utcnow() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return ssl.create_default_context(cafile=folder / "cert.pem"), server


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("3600", 3600),
        ("9" * 5000, 86_400),
        ("Fri, 31 Dec 9999 23:59:59 -1200", 0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 86_400),
        ("Thu, 01 Jan 2009 00:00:00 GMT", 0),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_whatever_retry_after_says_is_seconds(asked: str, seconds: int) -> None:
    assert rest_of(Answer(429, {"Retry-After": asked}, b"")) == seconds
