"""Half a megabyte in any header or in the words of a mail is read, or refused, within a second."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from campaign.core.errors import UnreadableFile
from campaign.mail.bounce_reports import list_reports
from campaign.replies.mime import read_email, read_head
from tests.deadlines import seconds_of

_SIZE = 500_000
_READERS: tuple[Callable[[bytes], object], ...] = (read_email, read_head, list_reports)
_EACH_HEADER = {
    "quotation marks": '"' * _SIZE,
    "groups": "a:b;" * (_SIZE // 4),
    "folded lines": "x\n " * (_SIZE // 3),
}
_VALUES = {
    "addresses": "a@b," * (_SIZE // 4),
    "backslashes": "\\" * _SIZE,
    "brackets": "<" * _SIZE,
    "comments": "(" * _SIZE,
    "encoded words": "=?utf-8?q?a?= " * (_SIZE // 14),
    "marks": "a" + "\u0301" * (_SIZE // 2),
    "parameters": "; a*0*=%41" * (_SIZE // 10),
}
_HEADERS = (
    "Auto-Submitted", "Cc", "Content-Disposition", "Content-Transfer-Encoding", "Content-Type",
    "Date", "Delivered-To", "Envelope-To", "From", "MIME-Version", "Message-ID", "Precedence",
    "Return-Path", "Subject", "To", "X-Autoreply", "X-Original-To",
)  # fmt: skip


def seconds_to_read(read: Callable[[bytes], object], raw: bytes) -> float:
    def work() -> None:
        with suppress(UnreadableFile):
            read(raw)

    return seconds_of(work)


@pytest.mark.parametrize("header", _HEADERS)
def test_a_header_of_hostile_size_takes_less_than_a_second(header: str) -> None:
    values = _EACH_HEADER | (_VALUES if header in {"Content-Type", "From", "To"} else {})
    for what, value in values.items():
        raw = f"{header}: {value}\nX-Other: 1\n\nwords".encode()
        for read in _READERS if header in {"Content-Type", "From"} else _READERS[:2]:
            assert seconds_to_read(read, raw) < 1, (what, read.__name__)


@pytest.mark.parametrize(
    "words",
    [
        "<" * _SIZE,
        "<a" * (_SIZE // 2),
        "<a b='" * (_SIZE // 6),
        "<!--" * (_SIZE // 4),
        "<![CDATA[" * (_SIZE // 9),
        "<style>" + "</" * (_SIZE // 2),
        "&#" * (_SIZE // 2),
        "<div>" * (_SIZE // 5),
        "<table>x" * (_SIZE // 8),
        "<a " + " ".join(f"x{number}" for number in range(_SIZE // 8)) + ">",
        "".join(f"<b x={number}>" for number in range(_SIZE // 10)) + "<p>" * 1_000,
        "\n" * _SIZE,
        "\u0301" * (_SIZE // 2),
    ],
    ids=lambda words: repr(words[:9]),
)
def test_words_of_hostile_size_take_less_than_a_second(words: str) -> None:
    for kind in ("plain", "html"):
        head = f"From: a@b\nTo: c@d\nContent-Type: text/{kind}; charset=utf-8\n\n"
        assert seconds_to_read(read_email, (head + words).encode()) < 1, kind


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("read", [read_email, list_reports])
def test_a_mail_of_very_many_parts_is_refused_at_once(
    read: Callable[[bytes], object], end: bytes
) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nX: y\n\nx\n" * 40_000
    assert seconds_to_read(read, raw.replace(b"\n", end)) < 1


def test_many_headers_and_nested_parts_are_read_or_refused() -> None:
    many = "From: a@b\n" * 50_000 + "\nwords"
    assert seconds_to_read(read_email, many.encode()) < 1
    assert seconds_to_read(read_head, many.replace("From", "To").encode()) < 1
    nested = "".join(
        f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(1_000)
    )
    with pytest.raises(UnreadableFile):
        read_email(nested.encode())
