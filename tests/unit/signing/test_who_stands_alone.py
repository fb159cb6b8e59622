"""How many of 20,000 invented people a thief of the database could tell from all others.

By all that the rows tell in clear and that somebody could know of a person from elsewhere: the
action, the languages, about when they signed, how long their name, address and words are.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from campaign.core import clock
from campaign.core.db import table_of
from campaign.core.db.personal_columns import place_of, sealed_columns, shortest_of
from campaign.core.sealing import Keyring
from campaign.models.signature import ExactTimes, Letter, Signature

Columns = dict[str, Any]
People = list[tuple[Columns, ExactTimes]]
PEOPLE = 20_000
MOST = PEOPLE // 100
SEALED = {column.name: column for column in sealed_columns(table_of(Signature))}
TOLD = {
    "campaign_id", "state", "origin", "locale", "letter_locale", "consent_delivery_at",
    "consent_wording_id", "signed_at", "confirmed_at", "reminded_at", "token_expires_at",
}  # fmt: skip
"""Columns in clear that are measured, with the lengths of all that are sealed."""
_DRAWN = "drawn by chance"
_KEYED = "a keyed hash: it tells of nobody without the key"
_FORM = "what somebody ticked in the form, which nobody else saw"
_LATER = "what few do, and later: nobody else saw it"
_STAFF = "what staff or a job did with it"
UNKNOWN = {
    "id": "the order of coming: whose turn it was nobody else saw",
    "public_id": _DRAWN,
    "seal_id": _DRAWN,
    "token_digest": _DRAWN,
    "email_hmac": _KEYED,
    "person_hmac": _KEYED,
    "address_mark": _KEYED,
    "network_mark": _KEYED,
    "domain_mark": _KEYED,
    "agent_mark": _KEYED,
    "seat": "1 but for a second letter of one mailbox",
    "disclosure": _FORM,
    "consent_updates_at": _FORM,
    "consent_network_at": _FORM,
    "sent_by_self_at": _LATER,
    "withdrawn_at": _LATER,
    "news_stopped_at": _LATER,
    "state_before": _STAFF,
    "invalidation_id": _STAFF,
    "flags_checked": _STAFF,
    "forgotten_at": _STAFF,
    "unlinked_at": _STAFF,
    "forgotten_words": _STAFF,
}
OF_LETTER = {
    "id": "the order of coming",
    "public_id": _DRAWN,
    "seal_id": _DRAWN,
    "salt": _DRAWN,
    "signature_id": "the signature: what is measured is of both",
    "target_id": "each letter of an action has the same",
    "template_id": "follows from action and language",
    "bundle_id": _STAFF,
    "volume_id": _STAFF,
    "sequence": "the order of coming, on paper; the bundle's list of names is encrypted",
    "first_page": _STAFF,
    "pages": _STAFF,
    "set_aside": _STAFF,
}
"""Columns in clear that are not, and why."""


def _in_clear(table: sa.Table) -> set[str]:
    return {column.name for column in table.columns} - {
        column.name for column in sealed_columns(table)
    }


def test_each_column_in_clear_is_measured_or_has_its_reason() -> None:
    assert _in_clear(table_of(Signature)) == TOLD | UNKNOWN.keys()
    assert not TOLD & UNKNOWN.keys()
    assert _in_clear(table_of(Letter)) == OF_LETTER.keys()


OPENED = datetime(2026, 5, 4, 13, tzinfo=UTC)
_BY_HOUR = (
    1,
    0.2,
    0.1,
    0.1,
    0.1,
    0.2,
    0.5,
    1,
    2,
    2.5,
    2.5,
    2.5,
    3,
    *[2.5] * 4,
    *[3] * 4,
    2.5,
    2,
    1.5,
)
_HOURS = 72
_WEIGHTS = [_BY_HOUR[(hour + 9) % 24] * 2 ** (-hour / 72) for hour in range(_HOURS)]
"""An action is opened and mailed to the network: half as many come after three days."""


def _invent(chance: Random) -> tuple[Columns, ExactTimes]:
    """Return a letter that waits, with texts of the usual lengths, and its times."""

    def write(least: int, most: int) -> str:
        return "x" * chance.randint(least, most)

    [hour] = chance.choices(range(_HOURS), _WEIGHTS)
    signed = OPENED + timedelta(hours=hour, seconds=chance.random() * 3600)
    confirmed = signed + timedelta(hours=min(160, chance.lognormvariate(-2.5, 2.2)))
    [locale] = chance.choices(("en", "fr", "es", "ar"), (8, 4, 2, 1))
    rewritten, has_words = chance.random() < 0.05, chance.random() < 0.4
    own = has_words and not rewritten and min(1500, int(chance.lognormvariate(5, 0.9)))
    row = {
        "campaign_id": chance.choices((1, 2), (3, 1)),
        "state": "confirmed",
        "origin": "online",
        "locale": locale,
        "letter_locale": locale,
        "consent_wording_id": locale,
        "consent_delivery_at": signed,
        "signed_at": signed,
        "confirmed_at": confirmed,
        "token_expires_at": signed + timedelta(days=7),
        "reminded_at": confirmed if confirmed - signed > timedelta(days=2) else None,
        "given_name": write(3, 14),
        "family_name": write(3, 34),
        "email": write(14, 44),
        "locality": write(3, 26),
        "region": write(2, 2),
        "postal_code": write(5, 8),
        "country": write(2, 2),
        "own_words": "x" * own,
        "full_text": write(900, 2500) if rewritten else "",
        "points": write(18, 60),
        "source": "" if chance.random() < 0.5 else write(6, 24),
        "trace": write(70, 120),
    }
    return row, ExactTimes(signed, confirmed)


RING = Keyring(b"k" * 32)


@cache
def _length_of(name: str, size: int) -> int:
    column = SEALED[name]
    return len(RING.seal("x" * size, place_of(column), b"r" * 16, shortest_of(column)))


def _count_alone(people: People) -> int:
    """Count whom days, lengths, languages and action tell from all others."""
    rows: Counter[tuple[object, ...]] = Counter()
    for texts, times in people:
        row = texts | times.cut("America/Toronto")
        lengths = (_length_of(name, len(row[name])) for name in SEALED)
        rows[*(str(row[name]) for name in TOLD), *lengths] += 1
    return sum(n == 1 for n in rows.values())


@pytest.fixture(scope="module")
def people() -> People:
    chance = Random(7)
    return [_invent(chance) for _ in range(PEOPLE)]


def test_fewer_than_one_in_a_hundred_stand_alone(people: People) -> None:
    assert _count_alone(people) < MOST


@pytest.mark.parametrize("mended", ["days", "lengths"])
def test_without_days_or_lengths_that_are_alike_most_would(
    mended: str, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mended == "days":
        monkeypatch.setattr(clock, "cut_to_day", lambda moment, zone: moment)
    else:
        monkeypatch.setattr(f"{__name__}._length_of", lambda name, size: size)
    assert _count_alone(people) > PEOPLE * 3 // 4
