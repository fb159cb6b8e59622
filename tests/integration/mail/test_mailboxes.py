"""In which order the mails of a mailbox are read, and for how long those of one share."""

from collections.abc import Callable, Hashable
from io import BytesIO
from typing import BinaryIO

import pytest

from campaign.mail import mailboxes


class Waiting:
    has_failed = False

    def __init__(self, text: str) -> None:
        self.text = text

    def open(self) -> BinaryIO:
        return BytesIO(self.text.encode())

    def remember_failure(self) -> None:
        pass

    leave = remove = remember_failure


def find_share(beginning: bytes) -> str | None:
    share = beginning.decode()[0]
    if share == "x":
        raise ValueError
    return None if share == "-" else share


def read(*texts: str, find_share: Callable[[bytes], Hashable] = find_share) -> list[str]:
    taken: list[bytes] = []

    def take(raw: bytes) -> bool:
        taken.append(raw)
        return True

    mails = [Waiting(text) for text in texts]
    mailboxes._empty(mails, take=take, kind="reply", most_bytes=9, find_share=find_share)
    return [raw.decode() for raw in taken]


def test_what_goes_beyond_its_share_is_read_after_all_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailboxes, "_SECONDS_OF_SHARE", 0.0)
    assert read("a1", "a2", "b1", "a3", "b2", "-1", "-2") == [
        *("a1", "b1", "-1", "-2"),
        *("a2", "a3", "b2"),
    ]


def test_what_does_not_say_its_share_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "_SECONDS_OF_SHARE", 0.0)
    assert read("x1", "x2", "b1", "x3") == ["x1", "b1", "x2", "x3"]


def test_a_flood_is_not_looked_at_for_the_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "_SECONDS_OF_SHARE", 0.0)
    monkeypatch.setattr(mailboxes, "_SECONDS_OF_LOOKING", -1.0)
    looked: list[bytes] = []

    def look(head: bytes) -> str:
        looked.append(head)
        return "a"

    assert read("a1", "a2", "a3", "a4", find_share=look) == ["a1", "a2", "a3", "a4"]
    assert looked == [b"a1", b"a2"]
