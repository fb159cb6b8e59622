"""What others see of an instance: its name, its certificate, its clock, the DNS of its emails."""

import ctypes
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection  # noqa: TID251
from urllib.parse import urlsplit

import idna
from dns.resolver import NXDOMAIN, NoAnswer, Resolver
from sqlalchemy import Engine, text

from campaign.core.slow_work import leave_database

_SECONDS = 10
_RENEWED = timedelta(days=14)
"""Before its end; certificates that renew themselves have been renewed by then."""
_MOST_APART = timedelta(seconds=10)
"""Of two clocks. Leases allow for more, and a second factor by an app for half a minute."""
_TIME_ERROR = 5
"""What adjtimex(2) gives where nothing keeps the clock right."""
_TIMEX_BYTES = 512
"""More than `struct timex` has."""


class Note(str):
    """What is worth knowing, though nothing is wrong with it."""

    __slots__ = ()


class Skipped(Note):
    """Why something could not be looked at."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    status: int
    is_ours: bool
    moment: datetime | None
    """When it was answered, by the clock of the proxy."""
    certificate_ends_at: datetime | None


def fetch_site(base_url: str) -> SiteAnswer:
    """Ask for the first page as a reader does. Raises OSError.

    The address is the site's own, and its certificate is wanted: not for `core.outgoing_http`.
    """
    leave_database()
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = HTTPSConnection(host, parts.port, timeout=_SECONDS, context=context)
    else:
        connection = HTTPConnection(host, parts.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/")
        certificate_ends_at = None
        if isinstance(connection.sock, ssl.SSLSocket):
            ends = str((connection.sock.getpeercert() or {})["notAfter"])
            certificate_ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
        response = connection.getresponse()
        return SiteAnswer(
            response.status,
            "Content-Security-Policy" in response.headers,
            _read_date(response.headers),
            certificate_ends_at,
        )
    except HTTPException as problem:
        raise ConnectionError(type(problem).__name__) from problem
    finally:
        connection.close()


def _read_date(headers: HTTPMessage) -> datetime | None:
    try:
        moment = parsedate_to_datetime(headers.get("Date", ""))
        return moment + timedelta(seconds=int(headers.get("Age", "0")))
    except ValueError:
        return None


def judge_site(base_url: str, answer: SiteAnswer | OSError) -> Iterator[str]:
    """Yield what is wrong with the answer of `base_url`. Pure."""
    if isinstance(answer, ssl.SSLCertVerificationError):
        yield Skipped("not asked: see tls")
    elif isinstance(answer, socket.gaierror):
        yield Skipped("not asked: this machine finds no address for its name, see dns")
    elif isinstance(answer, Exception):
        yield (
            f"{base_url} does not answer from here ({type(answer).__name__}). Check that the proxy "
            "runs, and that no firewall closes its port."
        )
    elif answer.status >= 500:
        yield (
            f"{base_url} answers {answer.status}. Start the web server (campaign web), and have "
            "the proxy pass requests on to it."
        )
    elif not answer.is_ours:
        yield (
            f"What answers at {base_url} is not this site. Check the name in the proxy's settings, "
            "and where DNS leads."
        )


def judge_certificate(host: str, answer: SiteAnswer | OSError, now: datetime) -> Iterator[str]:
    """Yield what is wrong with the certificate, or how long it is valid. Pure."""
    if isinstance(answer, ssl.SSLCertVerificationError):
        yield (
            f"Browsers refuse the certificate of {host}: {answer.verify_message}. Have the proxy "
            "fetch one for this name, with its whole chain (Caddy does; or certbot)."
        )
    elif isinstance(answer, ssl.SSLError):
        yield f"{host} speaks no TLS that browsers accept ({answer.reason}). Check the proxy."
    elif isinstance(answer, Exception):
        yield Skipped("not seen: the site does not answer")
    elif answer.certificate_ends_at is None:
        yield Note("base_url is not https")
    else:
        left = answer.certificate_ends_at - now
        if left < _RENEWED:
            yield (
                f"The certificate of {host} ends in {left.days} days, and was not renewed. Look at "
                "what renews it (certbot renew --dry-run; the log of Caddy)."
            )
        else:
            yield Note(f"valid for {left.days} days")


def judge_clocks(
    now: datetime,
    *,
    database: datetime | None,
    proxy: datetime | None,
    is_synchronized: bool | None,
) -> Iterator[str]:
    """Yield which clock differs from this machine's. Pure."""
    if is_synchronized is False:
        yield (
            "Nothing keeps the clock of this machine right. Install something that does: "
            "apt install systemd-timesyncd"
        )
    for name, moment in (("database", database), ("proxy", proxy)):
        if moment is not None and abs(moment - now) > _MOST_APART:
            seconds = round((moment - now).total_seconds())
            yield (
                f"The clock of the {name} is {abs(seconds)} seconds "
                f"{'ahead of' if seconds > 0 else 'behind'} this machine's. Have both machines "
                "keep time (timedatectl)."
            )


def read_database_clock(engine: Engine) -> datetime | None:
    """Return the moment by the database's machine; none where it is this one."""
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        moment: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
    return moment


def is_clock_synchronized() -> bool | None:
    """Return what the kernel says of its clock; None where it does not say."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def check_name(host: str, resolver: Resolver) -> Iterator[str]:
    """Yield why readers do not find the site's name in DNS."""
    if host == "localhost" or _is_address(host):
        yield Note(f"{host} needs no DNS")
        return
    addresses = [*_look_up(resolver, host, "A"), *_look_up(resolver, host, "AAAA")]
    if not addresses:
        yield f"{host} has no address in DNS. Add a record A (and AAAA) for this machine."
    inner = [address for address in addresses if not ipaddress.ip_address(address).is_global]
    if inner:
        yield (
            f"{host} leads to {', '.join(inner)}, which only your own network reaches. Give its "
            "record the public address."
        )
    elif addresses:
        yield Note(f"leads to {', '.join(addresses)}")


def check_spf(domain: str, smtp_host: str, resolver: Resolver) -> Iterator[str]:
    records = [
        record
        for record in _look_up(resolver, domain, "TXT")
        if re.match(r"v=spf1( |$)", record, re.IGNORECASE)
    ]
    if not records:
        yield (
            f"{domain} has no SPF record: others may take your emails for forged. Add a TXT record "
            f'to {domain}, such as "v=spf1 mx a:{smtp_host} -all". Your email provider says which.'
        )
        return
    if len(records) > 1:
        yield f"{domain} has {len(records)} SPF records, so none counts. Join them in one."
        return
    words = records[0].lower().split()
    if "all" in words or "+all" in words:
        yield f'The SPF record of {domain} lets anybody send in your name. End it with "-all".'
    elif not any(word.endswith("all") or word.startswith("redirect=") for word in words):
        yield f'The SPF record of {domain} does not say who may not send. End it with "-all".'


def check_dkim(domain: str, resolver: Resolver) -> Iterator[str]:
    """Yield whether there is no key at all: by which name one is found, only an email tells."""
    name = f"_domainkey.{domain}"
    try:
        resolver.resolve(name, "TXT", search=False)
    except NXDOMAIN:
        yield (
            f"There is no DKIM key in DNS below {name}. Have the mail server sign what it sends, "
            "and add the TXT record that it names. Your email provider says how."
        )
        return
    except NoAnswer:
        pass
    yield Note("there are keys in DNS; the test email shows whether emails are signed")


def check_dkim_key(selector: str, domain: str, resolver: Resolver) -> Iterator[str]:
    """Yield why others cannot check a signature with this key."""
    name = f"{selector}._domainkey.{domain}"
    if not any(re.search(r"\bp=\s*[^;\s]", record) for record in _look_up(resolver, name, "TXT")):
        yield (
            f"Emails are signed with a key that is not in DNS at {name}. Add the TXT record that "
            "the mail server names, or others take the emails for forged."
        )


def check_dmarc(domain: str, report_to: str, resolver: Resolver) -> Iterator[str]:
    labels = domain.split(".")
    for first in range(max(len(labels) - 1, 1)):  # a domain without one goes by its parents'
        name = "_dmarc." + ".".join(labels[first:])
        records = [
            record
            for record in _look_up(resolver, name, "TXT")
            if re.match(r"v=DMARC1\s*(;|$)", record)
        ]
        if len(records) > 1:
            yield f"{name} has {len(records)} DMARC records, so none counts. Keep one."
            return
        if records:
            policy = re.search(r";\s*p=\s*(none|quarantine|reject)\b", records[0], re.IGNORECASE)
            if policy is None:
                yield f'The record {name} says no policy. Write "v=DMARC1; p=none" at least.'
            else:
                yield Note(f"{name} says p={policy[1].lower()}")
            return
    yield (
        f"{domain} has no DMARC record: large providers want one. Add a TXT record to "
        f'_dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:{report_to}". Once all emails pass, '
        "p=quarantine keeps others from sending in your name."
    )


def check_inbox(domain: str, resolver: Resolver) -> Iterator[str]:
    servers = _look_up(resolver, domain, "MX")
    if not servers and not _look_up(resolver, domain, "A"):
        yield (
            f"{domain} takes no emails: bounces and answers get lost, and some servers refuse such "
            "a sender. Add an MX record."
        )
    elif [server.split()[-1] for server in servers] == ["."]:
        yield f"{domain} says that it takes no emails (MX 0 .). Bounces and answers get lost."


def sender_domain(mail_from: str) -> str:
    """Return the domain of the sender as DNS writes it."""
    return idna.encode(mail_from.rpartition("@")[2], uts46=True).decode()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(resolver: Resolver, name: str, kind: str) -> Sequence[str]:
    """Return the records of a name. Raises DNSException where no server answers."""
    try:
        answer = resolver.resolve(name, kind, search=False)
    except (NXDOMAIN, NoAnswer):
        return []
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [record.to_text() for record in answer]
