"""The samples of proxies in docs/deploy.md: whole, buffering, and as wide as our largest form."""

import re
import shutil
import subprocess
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaign.core import clock
from campaign.deliveries.attachments import MAX_REQUEST_BYTES

DEPLOY = (Path(__file__).parents[3] / "docs/deploy.md").read_text("utf-8")
_BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)
_CERTIFICATE = "# ssl_certificate …; ssl_certificate_key …;"


def _sample(word: str) -> str:
    [sample] = [textwrap.dedent(block) for block in _BLOCK.findall(DEPLOY) if word in block]
    return sample.strip()


NGINX = _sample("limit_conn_zone")
CADDY = f"{_sample('servers {')}\n{_sample('reverse_proxy')}"


def _is_whole(sample: str, ends: tuple[str, ...]) -> bool:
    lines = [line.partition("#")[0].strip() for line in sample.splitlines()]
    settings = [line for line in lines if line]
    return all(line.endswith(ends) for line in settings) and sample.count("{") == sample.count("}")


def test_each_line_of_the_sample_for_nginx_ends() -> None:
    assert _is_whole(NGINX, (";", "{", "}"))
    assert not _is_whole(NGINX.replace("on;", "on", 1), (";", "{", "}"))
    assert CADDY.count("{") == CADDY.count("}")


@pytest.mark.parametrize(
    "line",
    [
        "proxy_request_buffering on;",
        "proxy_buffering on;",
        "proxy_set_header Host $host;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "access_log off;",
    ],
)
def test_nginx_buffers_keeps_no_log_and_replaces_what_visitors_say(line: str) -> None:
    assert line in NGINX


@pytest.mark.parametrize("name", ["client_header_timeout", "client_body_timeout", "send_timeout"])
def test_nginx_gives_up_within_half_a_minute(name: str) -> None:
    [seconds] = re.findall(rf"{name} (\d+)s;", NGINX)
    assert 5 <= int(seconds) <= 30


def test_caddy_buffers_gives_up_and_replaces_what_visitors_say() -> None:
    for line in ("header_up X-Forwarded-For {remote_host}", "request_buffers 64MiB"):
        assert line in CADDY
    for name in ("read_header", "read_body", "write", "idle"):
        assert re.search(rf"{name} \d+s", CADDY)


def test_both_take_our_largest_form() -> None:
    [mebibytes] = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    [megabytes] = re.findall(r"max_size (\d+)MB", CADDY)
    assert min(int(mebibytes) * 2**20, int(megabytes) * 10**6) >= MAX_REQUEST_BYTES


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx on this machine")
def test_nginx_takes_the_sample(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]), clock.utcnow()
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (tmp_path / "c.pem").write_bytes(
        builder.sign(key, hashes.SHA256()).public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    files = f"ssl_certificate {tmp_path}/c.pem; ssl_certificate_key {tmp_path}/c.pem;"
    assert _CERTIFICATE in NGINX
    text = f"pid {tmp_path}/pid; events {{}} http {{ {NGINX.replace(_CERTIFICATE, files)} }}"
    (tmp_path / "nginx.conf").write_text(text.replace("443", "8443"), "utf-8")
    command = ["nginx", "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
