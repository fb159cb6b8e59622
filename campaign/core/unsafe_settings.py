"""Which settings must not be served: what would put people at risk, and what cannot work."""

import hmac
import os
import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaign.core.age import is_recipient
from campaign.core.colours import contrast, is_colour
from campaign.core.errors import UnsafeSettings
from campaign.core.keyfiles import KEY_BYTES, is_weak, refuse_readable

if TYPE_CHECKING:
    from campaign.core.settings import Settings

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SECRETS = {
    "data_key", "later_data_keys", "secret_key", "smtp_password", "bounce_imap_password",
    "reply_imap_password", "postmark_bounce_secret", "mailgun_signing_key", "brevo_bounce_secret",
}  # fmt: skip
_SHORTEST_SECRET = 24
_TOPIC = re.compile(r"arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+")
_IMAP = re.compile(r"imaps://[^\s/]+@[^\s/@]+(/[\x21-\x7e]*)?")
_TLS_MODES = {"require", "verify-ca", "verify-full"}
"""What libpq's sslmode must be: all others fall back to plain text, or begin with it."""
SECOND_FACTOR_ROLES = {"staff", "admin"}
"""Who sees supporters' names and addresses, or gives others the right to."""
SHOWS_MAILS = "Development mode shows mails to everybody: on a public host set mode to production."


def is_loopback(host: str) -> bool:
    return host in _LOOPBACK


def refuse_readable_secrets(path: Path) -> None:
    if not path.is_file():
        return
    held = sorted(_SECRETS & tomllib.loads(path.read_text("utf-8")).keys())
    if held:
        refuse_readable(path, f" It holds {', '.join(held)}.")


def refuse_unsafe(settings: "Settings") -> None:
    """Raise UnsafeSettings where the mix would put people at risk or cannot work."""
    for sentence in chain(
        _unusable(settings),
        _unreadable_mailboxes(settings),
        _guessable_secrets(settings),
        _unsafe(settings),
    ):
        raise UnsafeSettings(sentence)


def refuse_weak_keys(settings: "Settings") -> None:
    """Raise UnsafeSettings for a data key that is no random one, or that signs links as well."""
    if settings.mode != "production":
        return
    if any(map(is_weak, settings.data_secrets)):
        raise UnsafeSettings(
            "The data key is too plain to be random. Make one: openssl rand -base64 32"
        )
    given = settings.data_key.get_secret_value() if settings.data_key else ""
    if hmac.compare_digest(settings.secret.encode(), given.encode()):
        raise UnsafeSettings("secret_key and data_key are the same. Make another secret_key.")


def refuse_open_folders(settings: "Settings") -> None:
    """Raise UnsafeSettings for a folder of ours that others than its owner can look into."""
    if settings.mode != "production":
        return
    for folder in (settings.folder, *settings.own_folders):
        if folder.is_dir() and folder.stat().st_mode & 0o077:
            raise UnsafeSettings(f"{folder} can be read by others. Run: chmod 700 {folder}")


def _unsafe(settings: "Settings") -> Iterator[str]:
    """Yield what would let others read letters, mails or passwords, or let them in."""
    secret = settings.secret_key.get_secret_value() if settings.secret_key else None
    if secret is not None and (len(secret) < KEY_BYTES or len(set(secret)) < 10):
        yield "secret_key is too short or too plain: 32 random characters at least."
    if settings.mode == "production":
        yield from _unsafe_in_production(settings)
    elif not _is_here(settings.base_url):
        yield SHOWS_MAILS


def _unsafe_in_production(settings: "Settings") -> Iterator[str]:
    if not settings.secure:
        yield "In production base_url must start with https: letters and passwords travel over it."
    if settings.mail_transport == "files":
        yield "In production mail_transport must be smtp: mails in files reach nobody."
    if settings.smtp_security == "none" and settings.smtp_host not in _LOOPBACK:
        yield "In production smtp_security must be starttls or tls, or the server on this machine."
    s3 = urlsplit(settings.s3_endpoint)
    if s3.scheme == "http" and s3.hostname not in _LOOPBACK:
        yield "In production s3_endpoint must start with https, or be on this machine."
    for name in ("database_url", "jobs_url"):
        url: str = getattr(settings, name)
        if url.startswith("postgres") and not _is_postgres_private(url):
            yield f"In production {name} needs sslmode=verify-full or require, or this machine."
    if settings.jobs_url.startswith("redis://") and not _is_here(settings.jobs_url):
        yield "In production jobs_url must start with rediss, or be on this machine."
    if not (settings.second_factor_waived or settings.second_factor_roles_suffice):
        yield (
            "In production second_factor_roles must name staff and admin: who guesses one password "
            "would read every letter. To go without: second_factor_waived = true."
        )


def _is_here(url: str) -> bool:
    """An address without a host, such as redis:///0, means this machine."""
    return (urlsplit(url).hostname or "localhost") in _LOOPBACK


def _is_postgres_private(url: str) -> bool:
    """Return whether what travels to that PostgreSQL is encrypted, or leaves this machine never.

    As libpq reads it: `host` of the query wins, and a path is a socket; several have commas.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    mode = query.get("sslmode", [os.environ.get("PGSSLMODE", "")])[-1]
    if mode in _TLS_MODES:
        return True
    if "service" in query or os.environ.get("PGSERVICE"):
        return False  # a file of libpq's says where it is
    named = parts.netloc.rpartition("@")[2]
    given = query.get("host", []) + query.get("hostaddr", [])
    if "hostaddr" not in query and (address := os.environ.get("PGHOSTADDR")):
        given = [*given, address]
    hosts = ",".join(given or [named or os.environ.get("PGHOST", "")]).split(",")
    return all(_is_local_host(host) for host in hosts)


def _is_local_host(host: str) -> bool:
    if not host or host.startswith("/"):
        return True
    bare = host[1:].partition("]")[0] if host.startswith("[") else host
    return bare in _LOOPBACK or bare.partition(":")[0] in _LOOPBACK


def _unusable(settings: "Settings") -> Iterator[str]:
    """Yield what nobody could use or read."""
    url, s3 = urlsplit(settings.base_url), urlsplit(settings.files)
    if url.scheme not in {"http", "https"} or not url.hostname:
        yield "base_url must be an http or https address."
    if not settings.locales:
        yield "locales must name one language at least."
    if not (is_colour(settings.accent) and is_colour(settings.accent_dark)):
        yield "accent and accent_dark must be colours such as #1f4e79."
    if contrast(settings.accent, "#ffffff") < 4.5:
        yield "accent is too light: text in it on white paper needs a contrast of 4.5 at least."
    if contrast(settings.accent_dark, "#1d1f22") < 4.5:
        yield "accent_dark is too dark: text in it on the dark page needs a contrast of 4.5."
    if not all(map(is_recipient, settings.backup_recipients)):
        yield "backup_recipients must be public keys of age (age1…) or SSH (ssh-ed25519, ssh-rsa)."
    if "://" in settings.files and not (s3.scheme == "s3" and s3.netloc):
        yield "files must be a folder, or an address such as s3://bucket/prefix."
    if settings.s3_endpoint and urlsplit(settings.s3_endpoint).scheme not in {"http", "https"}:
        yield "s3_endpoint must be an http or https address."
    if not _is_zone(settings.timezone):
        yield "timezone must be a name such as America/Toronto."


def _unreadable_mailboxes(settings: "Settings") -> Iterator[str]:
    for name, (address, password) in settings.imap_mailboxes.items():
        if address and not (_is_imap(address) and password):
            yield f"{name} must be imaps://user@server/folder, with {name}_password beside it."
    maildirs = [
        settings.folder / each for each in (settings.bounce_maildir, settings.reply_maildir)
    ]
    if settings.bounce_maildir and maildirs[0].resolve() == maildirs[1].resolve():
        yield "bounce_maildir and reply_maildir are the same. Each needs a folder of its own."
    folders = [_read_imap(address) for address, _password in settings.imap_mailboxes.values()]
    if settings.bounce_imap and folders[0] == folders[1]:
        yield "bounce_imap and reply_imap are the same. Each needs a folder of its own."


def _guessable_secrets(settings: "Settings") -> Iterator[str]:
    for name in ("postmark_bounce_secret", "brevo_bounce_secret"):
        if 0 < len(getattr(settings, name).get_secret_value()) < _SHORTEST_SECRET:
            yield f"{name} is too short: {_SHORTEST_SECRET} random characters at least."
    if settings.ses_bounce_topic and not _TOPIC.fullmatch(settings.ses_bounce_topic):
        yield "ses_bounce_topic must be like arn:aws:sns:ca-central-1:123456789012:bounces."


def _is_imap(address: str) -> bool:
    try:
        return bool(_IMAP.fullmatch(address)) and urlsplit(address).port != 0
    except ValueError:
        return False


def _read_imap(address: str) -> tuple[str, int, str, str]:
    """Return server, port, user and folder, equal where the mailbox is the same."""
    parts = urlsplit(address)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    user = unquote(parts.username or "").lower()
    is_inbox = folder.upper() == "INBOX"  # whose case alone does not matter
    return parts.hostname or "", parts.port or 993, user, "INBOX" if is_inbox else folder


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
