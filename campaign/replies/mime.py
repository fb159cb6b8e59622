"""What a stranger's mail says, taken out of it safely: text, and files to be judged later. Pure.

Run by `core.isolation.run_apart`, in a process of its own.
Nothing in it is executed, fetched or believed: the sender's name is what the mail says it is.
"""

import email.utils
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from itertools import islice

from lxml import etree

from campaign.core.errors import UnreadableFile
from campaign.mail.headers import parse_mail

MAX_BYTES = 25 * 1024 * 1024
MAX_FILES = 10
MAX_FILE_BYTES = 12 * 1024 * 1024
_MAX_PARTS = 200
_MACHINES = {"mailer-daemon", "postmaster", "noreply-dmarc-support"}
LONGEST = 30_000
_LONGEST_HEAD = 200_000
_MOST_HEADERS = 50  # of one name, as `Delivered-To`
_MOST_READ = 250_000  # characters of a mail's words and markup that are read
_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")


@dataclass(frozen=True, slots=True)
class Email:
    """A mail, as far as a reply needs it."""

    sender_name: str
    sender_address: str
    subject: str
    sent_at: datetime | None
    text: str
    files: tuple[bytes, ...]  # what came along, up to ten of 12 MB
    message_id: str
    language: str
    """What its head says of it, as it stands there; empty where it says nothing."""
    is_automatic: bool
    """Whether a machine wrote it: an answer that somebody is away, a report, a bounce."""


@dataclass(frozen=True, slots=True)
class Head:
    recipients: list[str]
    """Addresses that a mail was sent to."""
    sender_address: str


def read_head(raw: bytes) -> Head:
    """Read the head of an email alone. Raises as `read_email`."""
    head = parse_mail(raw[:_LONGEST_HEAD], head_alone=True)
    values = [value for header in _TO for value in _list_headers(head, header)]
    try:
        addresses = [address for _name, address in email.utils.getaddresses(values)]
    except Exception as problem:  # whatever strangers send
        raise UnreadableFile("mail-broken") from problem
    recipients = [_plain(address) for address in addresses if address.strip()]
    return Head(recipients, _find_sender(head)[1])


def read_email(raw: bytes) -> Email:
    """Read an email. Raises UnreadableFile (`mail-too-big`, `mail-broken`)."""
    if len(raw) > MAX_BYTES:
        raise UnreadableFile("mail-too-big")
    try:
        mail = parse_mail(raw)
        parts = _list_parts(mail)
    except Exception as problem:  # whatever strangers send
        raise UnreadableFile("mail-broken") from problem
    name, address = _find_sender(mail)
    return Email(
        sender_name=name,
        sender_address=address,
        subject=one_line(_get_header(mail, "Subject"), 200),
        sent_at=_parse_moment(_get_header(mail, "Date")),
        text=_find_text(parts),
        files=_list_files(parts),
        message_id=_plain(_get_header(mail, "Message-ID").strip()[:500]),
        language=one_line(_get_header(mail, "Content-Language"), 100),
        is_automatic=_is_automatic(mail, address),
    )


def clean_text(text: str, limit: int = LONGEST) -> str:
    """Remove control characters, marks that turn the text around, and towers of empty lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    visible = "".join(
        character
        for character in lines
        if character in "\n\t"
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    tidy = "\n".join(line.rstrip() for line in visible.replace("\t", " ").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", tidy).strip()[:limit].strip()


def one_line(text: str, limit: int) -> str:
    return " ".join(clean_text(text, 10 * limit).split())[:limit].strip()


def html_to_text(html: str) -> str:
    """Return what HTML says: without what is not shown, and with the lines that it has."""
    reader = _TextReader()
    # Python's own parser takes the square of the time for broken markup before 3.14.
    parser = etree.HTMLParser(target=reader, encoding="utf-8", no_network=True)
    # It gives up on some broken markup: what was read until then counts.
    with suppress(etree.LxmlError):
        etree.fromstring(html.encode("utf-8", "replace"), parser)
    return "".join(reader.said)


class _TextReader:
    """Takes the words of a page, as the parser comes to them."""

    _LINES = frozenset(
        ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "blockquote", "table", "hr")
    )
    _UNSEEN = frozenset(("script", "style", "head", "title", "template", "noscript", "object"))

    def __init__(self) -> None:
        self.said: list[str] = []
        self._hidden = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in self._UNSEEN:
            self._hidden += 1
        elif tag in self._LINES:
            self.said.append("\n\n" if tag == "p" else "\n")

    def end(self, tag: str) -> None:
        if tag in self._UNSEEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "p":
            self.said.append("\n")

    def data(self, text: str) -> None:
        if not self._hidden:
            self.said.append(re.sub(r"\s+", " ", text))

    def comment(self, text: str) -> None:
        """Comments are not shown."""

    def close(self) -> None:
        """Nothing is left to do at the end of the page."""


def _list_parts(mail: EmailMessage) -> list[Message]:
    """List its leaves, in order; an email within it is one of its files, not of its words."""
    parts: list[Message] = []
    waiting: list[Message] = [mail]
    while waiting and len(parts) < _MAX_PARTS:
        part = waiting.pop(0)
        inner = part.get_payload() if part.is_multipart() else None
        if isinstance(inner, list) and part.get_content_maintype() == "multipart":
            waiting[:0] = [
                message for message in inner[:_MAX_PARTS] if isinstance(message, Message)
            ]
        else:
            parts.append(part)
    return parts


def _find_text(parts: list[Message]) -> str:
    """Return the plain words, else those of the HTML."""
    for kind, take in (("text/plain", str), ("text/html", html_to_text)):
        words = []
        room = _MOST_READ
        for part in parts:
            if part.get_content_type() == kind and not _is_file(part):
                text = _decode_text(part)[:room]
                room -= len(text)
                words.append(take(text))
        if text := clean_text("\n\n".join(words)):
            return text
    return ""


def _list_files(parts: list[Message]) -> tuple[bytes, ...]:
    files = []
    for part in parts:
        kind = part.get_content_maintype()
        if not (_is_file(part) or kind == "image" or part.get_content_type() == "application/pdf"):
            continue
        body = _decode_bytes(part)
        if body and len(body) <= MAX_FILE_BYTES:
            files.append(body)
        if len(files) == MAX_FILES:
            break
    return tuple(files)


def _is_file(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment" or bool(part.get_filename())
    except Exception:
        return True


def _decode_bytes(part: Message) -> bytes:
    try:
        body = part.get_payload(decode=True)
    except Exception:
        return b""
    return body if isinstance(body, bytes) else b""


def _decode_text(part: Message) -> str:
    body = _decode_bytes(part)
    try:
        return body.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, UnicodeError, ValueError):
        return body.decode("utf-8", "replace")


def _find_sender(mail: Message) -> tuple[str, str]:
    """Return name and address, as the mail says."""
    name, address = email.utils.parseaddr(_get_header(mail, "From"))
    return one_line(name, 200), one_line(address, 254)


def _get_header(mail: Message, name: str) -> str:
    return next(iter(_list_headers(mail, name)), "")


def _list_headers(mail: Message, name: str) -> list[str]:
    try:
        values = (value for key, value in mail.raw_items() if key.casefold() == name.casefold())
        return [
            str(mail.policy.header_fetch_parse(name, value))
            for value in islice(values, _MOST_HEADERS)
        ]
    except Exception:  # a header that even its parser cannot take
        return []


def _parse_moment(value: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _is_automatic(mail: Message, address: str) -> bool:
    return (
        _get_header(mail, "Auto-Submitted").strip().casefold().partition(";")[0].strip()
        not in {"", "no"}
        or mail.get_content_type() == "multipart/report"
        or _get_header(mail, "Return-Path").strip() == "<>"
        or _get_header(mail, "Precedence").strip().casefold() == "auto_reply"
        or bool(_get_header(mail, "X-Autoreply"))
        or address.partition("@")[0].casefold() in _MACHINES
        or not address
    )


def _plain(text: str) -> str:
    """Replace halves of characters, which no text has."""
    return text.encode("utf-8", "replace").decode()
