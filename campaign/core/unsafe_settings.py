"""Which settings must not be served: what would put people at risk, and what cannot work."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaign.core.age import is_recipient
from campaign.core.colours import contrast, is_colour
from campaign.core.errors import UnsafeSettings
from campaign.core.keyfiles import KEY_BYTES, refuse_readable

if TYPE_CHECKING:
    from campaign.core.settings import Settings

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SECRETS = {"data_key", "secret_key", "smtp_password"}
SHOWS_MAILS = "Development mode shows mails to everybody: on a public host set mode to production."


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what listens on `host`."""
    return host in _LOOPBACK


def refuse_readable_secrets(path: Path) -> None:
    """Raise UnsafeSettings for a file of settings that holds secrets and that others can read."""
    if not path.is_file():
        return
    held = sorted(_SECRETS & tomllib.loads(path.read_text("utf-8")).keys())
    if held:
        refuse_readable(path, f" It holds {', '.join(held)}.")


def refuse_unsafe(settings: "Settings") -> None:
    """Raise UnsafeSettings where the mix would put people at risk or cannot work."""
    for wrong, sentence in (*_unusable(settings), *_exposed(settings)):
        if wrong:
            raise UnsafeSettings(sentence)


def _exposed(settings: "Settings") -> Iterator[tuple[bool, str]]:
    """Yield what would let others read letters, mails or passwords."""
    production = settings.mode == "production"
    host = urlsplit(settings.base_url).hostname
    secret = settings.secret_key.get_secret_value() if settings.secret_key else None
    yield (
        production and not settings.secure,
        "In production base_url must start with https: letters and passwords travel over it.",
    )
    yield (not production and bool(host) and host not in _LOOPBACK, SHOWS_MAILS)
    yield (
        production and settings.mail_transport == "files",
        "In production mail_transport must be smtp: mails in files reach nobody.",
    )
    yield (
        production and settings.smtp_security == "none" and settings.smtp_host not in _LOOPBACK,
        "In production smtp_security must be starttls or tls, or the server on this machine.",
    )
    yield (
        secret is not None and (len(secret) < KEY_BYTES or len(set(secret)) < 10),
        "secret_key is too short or too plain: 32 random characters at least.",
    )
    yield (
        production
        and settings.s3_endpoint.startswith("http://")
        and urlsplit(settings.s3_endpoint).hostname not in _LOOPBACK,
        "In production s3_endpoint must start with https, or be on this machine.",
    )


def _unusable(settings: "Settings") -> Iterator[tuple[bool, str]]:
    """Yield what nobody could use or read."""
    url = urlsplit(settings.base_url)
    yield (
        url.scheme not in {"http", "https"} or not url.hostname,
        "base_url must be an http or https address.",
    )
    yield not settings.locales, "locales must name one language at least."
    yield (
        not (is_colour(settings.accent) and is_colour(settings.accent_dark)),
        "accent and accent_dark must be colours such as #1f4e79.",
    )
    yield (
        contrast(settings.accent, "#ffffff") < 4.5,
        "accent is too light: text in it on white paper needs a contrast of 4.5 at least.",
    )
    yield (
        contrast(settings.accent_dark, "#1d1f22") < 4.5,
        "accent_dark is too dark: text in it on the dark page needs a contrast of 4.5.",
    )
    yield (
        not all(is_recipient(key) for key in settings.backup_recipients),
        "backup_recipients must be public keys of age (age1…) or SSH (ssh-ed25519, ssh-rsa).",
    )
    s3 = urlsplit(settings.files)
    yield (
        "://" in settings.files and not (s3.scheme == "s3" and s3.netloc),
        "files must be a folder, or an address such as s3://bucket/prefix.",
    )
    yield (
        bool(settings.s3_endpoint)
        and urlsplit(settings.s3_endpoint).scheme not in {"http", "https"},
        "s3_endpoint must be an http or https address.",
    )
    yield not _known_zone(settings.timezone), "timezone must be a name such as America/Toronto."


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
