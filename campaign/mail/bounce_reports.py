"""What a mail that came back reports. Pure; run by `core.isolation.run_apart`."""

import email
import logging
import re
from dataclasses import dataclass
from email.message import Message, MIMEPart
from itertools import islice

from flufl.bounce import scan_message

from campaign.mail.headers import parse_mail

logging.getLogger("flufl.bounce").disabled = True  # it may quote a mail

_MOST_IN_WORDS = 60_000  # bytes of a mail that is read line by line; our own is quoted well before
_LONGEST_STATUS = 20
_MOST_REPORTS = 50  # recipients of one report: ours have one, and each is looked up
_QUOTED = re.compile(rb"(?im)^[> \t]*Message-ID:\s*<([\w-]{22})@")
_STATUS = re.compile(rb"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_NOT_OF_THE_ADDRESS = re.compile(rb"\b(?:4\d\d|55[24])[ -]")
"""Answers without such a status: try later, full, or refused for what the mail is."""


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What a delivery-status mail says of one recipient."""

    message_id: str  # the part before the `@` of the Message-ID that it quotes; may be empty
    status: str


def list_reports(raw: bytes) -> list[BounceReport] | None:
    """List what a mail reports, recipient by recipient; only failures. None: it is no report."""
    mail = parse_mail(raw)
    if mail.get_content_type() != "multipart/report":
        report = _find_in_words(raw[:_MOST_IN_WORDS])
        return [report] if report else None
    parts = list(mail.iter_parts())
    status = next(
        (part for part in parts if part.get_content_type() == "message/delivery-status"), None
    )
    if status is None or not isinstance(status.get_payload(), list):
        return None
    message_id = next(filter(None, map(_quoted_id, parts)), "")
    reports: list[BounceReport] = []
    for block in islice(status.get_payload(), _MOST_REPORTS):
        assert isinstance(block, Message)
        if str(block.get("Action", "")).strip().casefold() != "failed":
            continue
        status_code = str(block.get("Status", "")).split()[:1]
        reports.append(BounceReport(message_id, "".join(status_code)[:_LONGEST_STATUS]))
    return reports


def _find_in_words(raw: bytes) -> BounceReport | None:
    """Read what a server wrote for people, of the one mail that it quotes."""
    quoted = _QUOTED.search(raw)
    try:
        failed = quoted and scan_message(email.message_from_bytes(raw))
    except Exception:  # whatever strangers send
        return None
    if not quoted or not failed:
        return None
    words = raw[: quoted.start()]
    if status := _STATUS.search(words):
        return BounceReport(quoted[1].decode(), status[0].decode())
    return BounceReport(quoted[1].decode(), "" if _NOT_OF_THE_ADDRESS.search(words) else "5.0.0")


def _quoted_id(part: MIMEPart) -> str:
    """Find the Message-ID in the part of a report that gives our mail back, whole or its head."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        value = inner.get("Message-ID") if isinstance(inner, Message) else None
    elif kind == "text/rfc822-headers":
        head = part.get_payload(decode=True)
        value = email.message_from_bytes(head)["Message-ID"] if isinstance(head, bytes) else None
    else:
        return ""
    return str(value or "").strip().strip("<>").partition("@")[0][:22]
