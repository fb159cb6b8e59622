"""What others see of a site: asked of a name server and a web server on this machine."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dns.exception import DNSException

from campaign.core import clock
from campaign.operations.outside_checks import (
    Note,
    SiteAnswer,
    check_dkim,
    check_dkim_key,
    check_dmarc,
    check_inbox,
    check_name,
    check_spf,
    fetch_site,
    judge_certificate,
    judge_clocks,
    judge_site,
    sender_domain,
)
from tests.dns_server import Records, serve_dns

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SITE, MAIL = "letters.example.org", "example.org"
SOUND: Records = {
    (SITE, "A"): ["9.9.9.9"],
    (MAIL, "TXT"): ['"google-site-verification=1"', '"v=spf1 mx " "-all"'],
    (MAIL, "MX"): ["10 mail.example.org."],
    (f"k1._domainkey.{MAIL}", "TXT"): ['"v=DKIM1; k=ed25519; p=AAAA"'],
    (f"_dmarc.{MAIL}", "TXT"): ['"v=DMARC1; p=reject"'],
}
CHECKS = {
    "name": lambda resolver: check_name(SITE, resolver),
    "spf": lambda resolver: check_spf(MAIL, "mail.example.org", resolver),
    "dkim": lambda resolver: check_dkim(MAIL, resolver),
    "key": lambda resolver: check_dkim_key("k1", MAIL, resolver),
    "dmarc": lambda resolver: check_dmarc(MAIL, "office@example.org", resolver),
    "inbox": lambda resolver: check_inbox(MAIL, resolver),
}


@pytest.mark.parametrize(
    ("name", "kind", "texts", "expected"),
    [
        (SITE, "A", [], {"name": "has no address in DNS"}),
        (SITE, "A", ["10.0.0.7"], {"name": "which only your own network reaches"}),
        (MAIL, "TXT", [], {"spf": 'such as "v=spf1 mx a:mail.example.org -all"'}),
        (MAIL, "TXT", ['"v=spf1 -all"', '"v=spf1 mx -all"'], {"spf": "has 2 SPF records"}),
        (MAIL, "TXT", ['"v=spf1 +all"'], {"spf": "lets anybody send"}),
        (MAIL, "TXT", ['"v=spf1 mx"'], {"spf": "does not say who may not send"}),
        (MAIL, "TXT", ['"v=spf1 redirect=_spf.example.net"'], {}),
        (MAIL, "MX", [], {"inbox": "takes no emails"}),
        (MAIL, "MX", ["0 ."], {"inbox": "says that it takes no emails"}),
        (
            f"k1._domainkey.{MAIL}",
            "TXT",
            [],
            {"dkim": "no DKIM key in DNS below _domainkey.example.org", "key": "not in DNS at k1."},
        ),
        (f"k1._domainkey.{MAIL}", "TXT", ['"v=DKIM1; p="'], {"key": "not in DNS at k1."}),
        (f"_dmarc.{MAIL}", "TXT", [], {"dmarc": "rua=mailto:office@example.org"}),
        (f"_dmarc.{MAIL}", "TXT", ['"v=DMARC1; rua=mailto:x@y.z"'], {"dmarc": "says no policy"}),
    ],
)
def test_each_record_that_is_missing_or_wrong_is_named_with_its_remedy(
    name: str, kind: str, texts: list[str], expected: dict[str, str]
) -> None:
    with serve_dns(SOUND | {(name, kind): texts}) as resolver:
        for check_name_, check in CHECKS.items():
            sentences = [each for each in check(resolver) if not isinstance(each, Note)]
            assert len(sentences) == (check_name_ in expected), (check_name_, sentences)
            assert expected.get(check_name_, "") in "".join(sentences)


def test_a_sound_name_has_nothing_to_fix() -> None:
    with serve_dns(SOUND) as resolver:
        sentences = [each for check in CHECKS.values() for each in check(resolver)]
    assert all(isinstance(each, Note) for each in sentences)
    assert "leads to 9.9.9.9" in sentences
    assert "_dmarc.example.org says p=reject" in sentences


def test_a_domain_below_another_goes_by_the_policy_of_that() -> None:
    with serve_dns(SOUND) as resolver:
        (sentence,) = check_dmarc("news.mail.example.org", "office@example.org", resolver)
    assert sentence == Note("_dmarc.example.org says p=reject")


def test_two_policies_count_as_none() -> None:
    twice = {(f"_dmarc.{MAIL}", "TXT"): ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']}
    with serve_dns(twice) as resolver:
        (sentence,) = check_dmarc(MAIL, "office@example.org", resolver)
    assert "has 2 DMARC records" in sentence


def test_a_name_server_that_is_away_is_no_missing_record() -> None:
    with serve_dns({}) as resolver:
        pass
    resolver.lifetime = 0.2
    with pytest.raises(DNSException):
        list(check_spf(MAIL, "mail.example.org", resolver))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_an_address_needs_no_dns(host: str) -> None:
    with serve_dns({}) as resolver:
        assert list(check_name(host, resolver)) == [Note(f"{host} needs no DNS")]


def test_a_domain_beyond_ascii_is_asked_as_dns_writes_it() -> None:
    assert sender_domain("letters@exämple.org") == "xn--exmple-cua.org"


class _Site(BaseHTTPRequestHandler):
    status, headers_sent = 200, {"Content-Security-Policy": "default-src 'self'"}

    def do_GET(self) -> None:
        self.send_response_only(self.status)
        for name, value in (self.headers_sent | {"Content-Length": "0"}).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


@contextmanager
def serve_site(certificate: Path | None = None, **changes: object) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), type("Site", (_Site,), changes))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        scheme = "https" if certificate else "http"
        yield f"{scheme}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificate(path: Path, host: str, *, days: int) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = clock.utcnow()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(key_bytes + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("host", "days", "is_trusted", "expected"),
    [
        ("localhost", 60, True, Note("valid for 60 days")),
        ("localhost", 9, True, "ends in 9 days, and was not renewed"),
        (
            "localhost",
            -1,
            True,
            "Browsers refuse the certificate of localhost: certificate has exp",
        ),
        ("elsewhere.example", 60, True, "Hostname mismatch"),
        ("localhost", 60, False, "self-signed certificate"),
    ],
)
def test_a_certificate_is_judged_as_browsers_do(
    host: str,
    days: int,
    *,
    is_trusted: bool,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = make_certificate(tmp_path / "site.pem", host, days=days)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serve_site(certificate) as url:
        try:
            answer: SiteAnswer | OSError = fetch_site(url)
        except OSError as problem:
            answer = problem
    (sentence,) = judge_certificate("localhost", answer, clock.utcnow())
    assert expected in sentence
    assert isinstance(sentence, Note) is isinstance(expected, Note)


def test_a_site_is_told_from_another_and_from_a_proxy_alone() -> None:
    answers = {}
    for name, changes in {
        "ours": {},
        "another": {"headers_sent": {"Server": "nginx"}},
        "no server": {"status": 502},
    }.items():
        with serve_site(**changes) as url:
            answers[name] = list(judge_site(url, fetch_site(url)))
    assert answers["ours"] == []
    assert "is not this site" in answers["another"][0]
    assert "Start the web server" in answers["no server"][0]
    with pytest.raises(ConnectionRefusedError) as refused:
        fetch_site(url)
    (sentence,) = judge_site(url, refused.value)
    assert "does not answer from here (ConnectionRefusedError)" in sentence
    (sentence,) = judge_site(url, socket.gaierror())
    assert isinstance(sentence, Note), "the check of the name says what is missing"


def test_a_page_from_a_cache_tells_when_it_was_fetched_from_there() -> None:
    headers = {"Date": "Fri, 27 Nov 2026 11:58:00 GMT", "Age": "120"}
    with serve_site(headers_sent=headers) as url:
        assert fetch_site(url).moment == NOW
    with serve_site(headers_sent={"Date": "noon"}) as url:
        assert fetch_site(url).moment is None


def test_clocks_that_differ_are_named() -> None:
    late, near = NOW - timedelta(seconds=42), NOW + timedelta(seconds=3)

    def judge(**clocks: datetime | None) -> list[str]:
        given = {"database": None, "proxy": None} | clocks
        return list(judge_clocks(NOW, **given, is_synchronized=True))

    assert judge() == judge(database=near, proxy=near) == []
    (sentence,) = judge(database=late, proxy=near)
    assert "The clock of the database is 42 seconds behind this machine's" in sentence
    (sentence,) = judge(proxy=NOW + timedelta(minutes=2))
    assert "The clock of the proxy is 120 seconds ahead of this machine's" in sentence
    (sentence,) = judge_clocks(NOW, database=None, proxy=None, is_synchronized=False)
    assert "apt install systemd-timesyncd" in sentence
