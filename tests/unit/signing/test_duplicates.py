"""Who counts as one person, and who may share a mailbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaign.addresses import canonical_email
from campaign.signing.duplicates import Person, Ruling, Seat, folded, rule
from campaign.signing.models import SignatureState

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAYA = Person("Maya", "Roy", "CA", "K1P 1A4", "Ottawa")
LEO = Person("Leo", "Roy", "CA", "k1p1a4", "Ottawa")
STRANGER = Person("Zoe", "Lind", "CA", "H2X 1Y4", "Montréal")


def seat(
    person: Person, state: SignatureState = SignatureState.CONFIRMED, number: int = 1, days: int = 7
) -> Seat:
    return Seat(number, number, person, state, NOW + timedelta(days=days))


@pytest.mark.parametrize("name", ["maya ROY", "Mayá  Roy", "MAYA róy"])
def test_case_and_accents_do_not_make_another_person(name: str) -> None:
    given, _, family = name.partition(" ")
    newcomer = Person(given, family, "MX", "", "")
    assert rule(newcomer, [seat(MAYA)], NOW)[0] is Ruling.ALREADY


def test_of_a_mailbox_whose_signer_is_forgotten_nobody_signs_again() -> None:
    nobody = replace(seat(Person("", "", "CA", "", "")), is_forgotten=True)
    assert rule(MAYA, [nobody], NOW) == (Ruling.ALREADY, None)


def test_an_unconfirmed_signature_is_replaced_by_the_same_person() -> None:
    taken = seat(MAYA, SignatureState.PENDING)
    assert rule(MAYA, [taken], NOW) == (Ruling.RENEW, taken)


def test_a_withdrawn_signature_can_be_signed_again() -> None:
    taken = seat(MAYA, SignatureState.WITHDRAWN)
    assert rule(MAYA, [taken], NOW) == (Ruling.RENEW, taken)


@pytest.mark.parametrize("state", [SignatureState.HELD, SignatureState.REJECTED])
def test_what_staff_decided_is_not_undone_by_signing_again(state: SignatureState) -> None:
    assert rule(MAYA, [seat(MAYA, state)], NOW)[0] is Ruling.ALREADY


def test_a_second_person_of_the_household_may_share_the_mailbox() -> None:
    assert rule(LEO, [seat(MAYA)], NOW) == (Ruling.SIT, None)


def test_somebody_of_another_household_may_not() -> None:
    assert rule(STRANGER, [seat(MAYA)], NOW) == (Ruling.FULL, None)


def test_a_third_person_may_not() -> None:
    third = Person("Ida", "Roy", "CA", "K1P 1A4", "Ottawa")
    assert rule(third, [seat(MAYA), seat(LEO, number=2)], NOW) == (Ruling.FULL, None)


@pytest.mark.parametrize(
    ("country", "one", "two"),
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
    country: str, one: str, two: str
) -> None:
    first, second = Person("A", "B", country, one, "X"), Person("C", "D", country, two, "Y")
    assert rule(second, [seat(first)], NOW)[0] is Ruling.SIT
    elsewhere = Person("C", "D", country, f"{two}9", "Y")
    assert rule(elsewhere, [seat(first)], NOW)[0] is Ruling.FULL


def test_a_dash_is_no_postal_code() -> None:
    one, two = Person("A", "B", "HK", "-", "Sha Tin"), Person("C", "D", "HK", "-", "Tai Po")
    assert rule(two, [seat(one)], NOW)[0] is Ruling.FULL


def test_where_there_are_no_postal_codes_the_town_tells() -> None:
    one, two = Person("A", "B", "HK", "", "Sha Tin"), Person("C", "D", "HK", "", "sha tin")
    assert rule(two, [seat(one)], NOW)[0] is Ruling.SIT


def test_a_signature_nobody_confirmed_in_time_holds_no_seat() -> None:
    lapsed = seat(STRANGER, SignatureState.PENDING, days=-1)
    assert rule(MAYA, [lapsed], NOW) == (Ruling.RENEW, lapsed)


def test_a_signature_nobody_has_confirmed_yet_keeps_the_owner_of_the_mailbox_from_nothing() -> None:
    waiting = seat(STRANGER, SignatureState.PENDING)
    assert rule(MAYA, [waiting], NOW) == (Ruling.RENEW, waiting)


def test_a_letter_that_waits_beside_a_confirmed_one_is_lost_to_nobody_of_elsewhere() -> None:
    taken = [seat(MAYA), seat(LEO, SignatureState.PENDING, number=2)]
    assert rule(STRANGER, taken, NOW) == (Ruling.FULL, None)
    nowhere = replace(STRANGER, postal_code="")
    assert rule(nowhere, taken, NOW) == (Ruling.FULL, None)


def test_who_gives_no_postal_code_shows_no_common_home_where_there_are_codes() -> None:
    maya, leo = replace(MAYA, postal_code=""), replace(LEO, postal_code="")
    assert rule(leo, [seat(maya)], NOW) == (Ruling.FULL, None)
    assert rule(leo, [seat(MAYA)], NOW) == (Ruling.FULL, None)


def test_a_household_with_two_letters_does_not_lose_one_to_a_third() -> None:
    third = Person("Ida", "Roy", "CA", "K1P 1A4", "Ottawa")
    taken = [seat(MAYA, SignatureState.PENDING), seat(LEO, SignatureState.PENDING, number=2)]
    assert rule(third, taken, NOW) == (Ruling.FULL, None)


def test_one_who_took_the_letter_back_frees_the_seat_for_anybody_of_the_mailbox() -> None:
    left = seat(MAYA, SignatureState.WITHDRAWN)
    assert rule(STRANGER, [left], NOW) == (Ruling.RENEW, left)


def test_a_freed_seat_beside_a_letter_is_for_the_same_household_only() -> None:
    left = seat(MAYA, SignatureState.WITHDRAWN, number=2)
    ida = Person("Ida", "Roy", "CA", "K1P 1A4", "Ottawa")
    assert rule(ida, [seat(LEO), left], NOW) == (Ruling.RENEW, left)
    assert rule(STRANGER, [seat(LEO), left], NOW) == (Ruling.FULL, None)


def test_a_seat_that_lapsed_beside_a_letter_is_for_the_same_household_only() -> None:
    lapsed = seat(LEO, SignatureState.PENDING, number=2, days=-1)
    assert rule(STRANGER, [seat(MAYA), lapsed], NOW) == (Ruling.FULL, None)


def test_one_taken_back_out_of_a_bundle_stays_as_its_record() -> None:
    record = Seat(1, 1, MAYA, SignatureState.WITHDRAWN, NOW, is_record=True)
    assert rule(MAYA, [record], NOW) == (Ruling.ALREADY, record)
    assert rule(STRANGER, [record], NOW) == (Ruling.FULL, None)
    assert rule(LEO, [record], NOW) == (Ruling.SIT, None)


def test_names_are_folded() -> None:
    assert folded("  JOSÉ   Núñez ") == "jose nunez"


@pytest.mark.parametrize(
    "alias", ["A.B+x@gmail.com", "ab@googlemail.com", "AB@GMAIL.COM", "a.b@gmail.com"]
)
def test_spellings_of_one_mailbox_are_one(alias: str) -> None:
    assert canonical_email(alias) == "ab@gmail.com"


def test_a_domain_in_letters_and_in_ascii_is_one() -> None:
    assert canonical_email("x@BÜCHER.example") == canonical_email("x@xn--bcher-kva.example")
