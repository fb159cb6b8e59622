"""Who counts as one person, and who may share a mailbox."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from campaign.core.text.email_addresses import canonical_email
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.person_fingerprint import Person
from campaign.signing.signatures_per_mailbox import Ruling, decide_confirmed, decide_newcomer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAYA = Person("Maya", "Roy", "CA", "K1P 1A4", "Ottawa")
LEO = Person("Leo", "Roy", "CA", "k1p1a4", "Ottawa")
IDA = Person("Ida", "Roy", "CA", "K1P 1A4", "Ottawa")
STRANGER = Person("Zoe", "Lind", "CA", "H2X 1Y4", "Montréal")


def seat(
    person: Person,
    state: SignatureState = SignatureState.CONFIRMED,
    number: int = 1,
    days: int = 7,
    hours: int = 0,
) -> Signature:
    return Signature(
        id=number,
        seat=number,
        state=state,
        token_expires_at=NOW + timedelta(days=days),
        signed_at=NOW - timedelta(hours=hours),
        **asdict(person),
    )


@pytest.mark.parametrize("name", ["maya ROY", "Mayá  Roy", "MAYA róy"])
def test_case_and_accents_do_not_make_another_person(name: str) -> None:
    given, _, family = name.partition(" ")
    newcomer = Person(given, family, "MX", "", "")
    assert decide_newcomer(newcomer, [seat(MAYA)], NOW)[0] is Ruling.ALREADY


def test_of_a_mailbox_whose_signer_is_forgotten_nobody_signs_again() -> None:
    nobody = seat(Person("", "", "CA", "", ""))
    nobody.forgotten_at = NOW
    assert decide_newcomer(MAYA, [nobody], NOW) == (Ruling.ALREADY, None)


def test_an_unconfirmed_signature_is_replaced_by_the_same_person() -> None:
    taken = seat(MAYA, SignatureState.PENDING)
    assert decide_newcomer(MAYA, [taken], NOW) == (Ruling.RENEW, taken)


def test_a_withdrawn_signature_can_be_signed_again() -> None:
    taken = seat(MAYA, SignatureState.WITHDRAWN)
    assert decide_newcomer(MAYA, [taken], NOW) == (Ruling.RENEW, taken)


@pytest.mark.parametrize(
    ("state", "ruling"),
    [(SignatureState.HELD, Ruling.ALREADY), (SignatureState.REJECTED, Ruling.REJECTED)],
)
def test_what_staff_decided_is_not_undone_by_signing_again(
    state: SignatureState, ruling: Ruling
) -> None:
    assert decide_newcomer(MAYA, [seat(MAYA, state)], NOW)[0] is ruling


def test_a_letter_of_another_name_waits_beside_the_first() -> None:
    for state in (SignatureState.CONFIRMED, SignatureState.PENDING):
        for newcomer in (LEO, STRANGER):
            assert decide_newcomer(newcomer, [seat(MAYA, state)], NOW) == (Ruling.SIT, None)


def test_a_second_person_of_the_household_may_share_the_mailbox() -> None:
    assert decide_confirmed(LEO, [seat(MAYA)]) is Ruling.SIT


def test_somebody_of_another_household_may_not() -> None:
    assert decide_confirmed(STRANGER, [seat(MAYA)]) is Ruling.ELSEWHERE
    abroad = replace(MAYA, given_name="Max", country="US", postal_code="")
    assert decide_confirmed(abroad, [seat(MAYA)]) is Ruling.ELSEWHERE


def test_a_third_person_may_not() -> None:
    two = [seat(MAYA), seat(LEO, number=2)]
    assert decide_newcomer(IDA, two, NOW) == (Ruling.FULL, None)
    assert decide_confirmed(IDA, two) is Ruling.FULL
    for state in (SignatureState.PENDING, SignatureState.WITHDRAWN):
        again = [*two, seat(IDA, state, number=4)]
        assert decide_newcomer(IDA, again, NOW) == (Ruling.FULL, None), state


def test_nobody_counts_twice_who_has_confirmed_under_that_name() -> None:
    again = replace(MAYA, given_name="MAYA", postal_code="H2X 1Y4")
    assert decide_confirmed(again, [seat(MAYA)]) is Ruling.ALREADY


def test_what_waits_keeps_nobody_from_confirming() -> None:
    waiting = [seat(MAYA, SignatureState.PENDING), seat(LEO, SignatureState.PENDING, number=2)]
    assert decide_confirmed(STRANGER, waiting) is Ruling.SIT


def test_so_many_letters_wait_and_no_more() -> None:
    people = [replace(STRANGER, given_name=name) for name in "abcdef"]
    numbers = (1, 2, 4, 5, 6, 7)
    taken = [
        seat(person, SignatureState.PENDING, number)
        for person, number in zip(people, numbers, strict=True)
    ]
    assert decide_newcomer(MAYA, taken[:5], NOW) == (Ruling.SIT, None)
    assert decide_newcomer(MAYA, taken, NOW) == (Ruling.WAITING, None)
    assert decide_newcomer(people[3], taken, NOW) == (Ruling.RENEW, taken[3])


@pytest.mark.parametrize(
    ("country", "code", "other_code"),
    [
        ("JP", "1540023", "154-0023"),
        ("JP", "154-0023", "\uff11\uff15\uff14\u2212\uff10\uff10\uff12\uff13"),
        ("BR", "01310100", "01310-100"),
        ("BR", "01.310-100", "01310 100"),
        ("PT", "1000\u2013001", "1000-001"),
        ("GB", "sw1a1aa", "SW1A 1AA"),
    ],
)
def test_a_postal_code_is_the_same_however_it_is_set_apart(
    country: str, code: str, other_code: str
) -> None:
    first, second = Person("A", "B", country, code, "X"), Person("C", "D", country, other_code, "Y")
    assert decide_confirmed(second, [seat(first)]) is Ruling.SIT
    elsewhere = Person("C", "D", country, f"{other_code}9", "X")
    assert decide_confirmed(elsewhere, [seat(first)]) is Ruling.ELSEWHERE


def test_a_dash_is_no_postal_code() -> None:
    first, second = Person("A", "B", "HK", "-", "Sha Tin"), Person("C", "D", "HK", "-", "Tai Po")
    assert decide_confirmed(second, [seat(first)]) is Ruling.ELSEWHERE


def test_where_one_gives_no_postal_code_the_town_tells() -> None:
    first, second = Person("A", "B", "HK", "", "Sha Tin"), Person("C", "D", "HK", "", "sha tin")
    assert decide_confirmed(second, [seat(first)]) is Ruling.SIT
    maya, leo = replace(MAYA, postal_code=""), replace(LEO, postal_code="")
    assert decide_confirmed(leo, [seat(maya)]) is Ruling.SIT
    assert decide_confirmed(leo, [seat(MAYA)]) is Ruling.SIT
    assert decide_confirmed(replace(leo, locality="Laval"), [seat(MAYA)]) is Ruling.ELSEWHERE
    nowhere = replace(leo, locality="")
    assert decide_confirmed(nowhere, [seat(replace(maya, locality=""))]) is Ruling.ELSEWHERE


def test_a_signature_nobody_confirmed_in_time_holds_no_seat() -> None:
    lapsed = seat(STRANGER, SignatureState.PENDING, days=-1)
    assert decide_newcomer(MAYA, [lapsed], NOW) == (Ruling.RENEW, lapsed)


def test_a_withdrawn_letter_of_another_name_stays_and_keeps_nobody_out() -> None:
    left = seat(MAYA, SignatureState.WITHDRAWN)
    for newcomer in (LEO, STRANGER):
        assert decide_newcomer(newcomer, [left], NOW) == (Ruling.SIT, None)
        assert decide_confirmed(newcomer, [left]) is Ruling.SIT


def test_one_withdrawn_after_printing_stays_as_a_record_and_keeps_nobody_out() -> None:
    record = seat(MAYA, SignatureState.WITHDRAWN)
    record.letters = [Letter(bundle_id=1)]
    assert decide_newcomer(MAYA, [record], NOW) == (Ruling.SIT, None), "its row is not taken"
    again = seat(MAYA, SignatureState.PENDING, number=2)
    assert decide_newcomer(MAYA, [record, again], NOW) == (Ruling.RENEW, again)
    assert decide_newcomer(MAYA, [record, seat(MAYA, number=2)], NOW)[0] is Ruling.ALREADY
    assert decide_confirmed(MAYA, [record]) is Ruling.SIT
    assert decide_confirmed(STRANGER, [record]) is Ruling.SIT
    assert decide_confirmed(IDA, [record, seat(LEO, number=2)]) is Ruling.SIT


@pytest.mark.parametrize(
    "alias", ["A.B+x@gmail.com", "ab@googlemail.com", "AB@GMAIL.COM", "a.b@gmail.com"]
)
def test_spellings_of_one_mailbox_are_one(alias: str) -> None:
    assert canonical_email(alias) == "ab@gmail.com"


def test_a_domain_in_letters_and_in_ascii_is_one() -> None:
    assert canonical_email("x@BÜCHER.example") == canonical_email("x@xn--bcher-kva.example")


def waiting(name: str, number: int, hours: int) -> Signature:
    return seat(replace(MAYA, given_name=name), SignatureState.PENDING, number, hours=hours)


def test_where_all_places_are_taken_the_oldest_that_waits_for_a_day_gives_way() -> None:
    hours = {1: 1, 2: 25, 4: 30, 5: 2, 6: 26, 7: 3}
    taken = [waiting(f"P{n}", n, hours) for n, hours in hours.items()]
    assert decide_newcomer(IDA, taken, NOW) == (Ruling.RENEW, taken[2])
    assert decide_newcomer(IDA, taken[:5], NOW) == (Ruling.SIT, None), (
        "nobody gives way beside a free place"
    )
    fresh = [waiting(f"P{n}", n, 23) for n in hours]
    withdrawn = seat(replace(MAYA, given_name="P7"), SignatureState.WITHDRAWN, 7)
    assert decide_newcomer(IDA, [*fresh[:5], withdrawn], NOW) == (Ruling.RENEW, withdrawn), (
        "nobody is kept from signing by letters that were withdrawn"
    )
    assert decide_newcomer(IDA, fresh, NOW) == (Ruling.WAITING, None)
    mine = seat(replace(MAYA, given_name="P2"), number=2, hours=25)
    assert decide_newcomer(IDA, [taken[0], mine, *fresh[2:]], NOW) == (Ruling.WAITING, None)
