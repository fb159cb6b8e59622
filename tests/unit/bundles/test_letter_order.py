"""By what letters are put in order."""

from dataclasses import replace

from campaign.bundles.freeze.choices import BundleChoice, LetterOrder, Split
from campaign.bundles.freeze.select_letters import OrderFacts, key_of, label_of
from campaign.models.signature import Disclosure


def someone(letter_id: int, family: str, **facts: object) -> OrderFacts:
    given = {"given_name": "Ada", "region": "Ontario", "country": "Canada", "at": letter_id}
    return OrderFacts(
        letter_id=letter_id,
        family_name=family,
        **({"disclosure": Disclosure.FULL} | given | facts),  # type: ignore[arg-type]
    )


def in_order(people: list[OrderFacts], choice: BundleChoice) -> list[int]:
    return [facts.letter_id for facts in sorted(people, key=lambda facts: key_of(facts, choice))]


def test_names_stand_by_their_letters_whatever_the_case_and_marks() -> None:
    people = [someone(1, "Zhou"), someone(2, "Öztürk"), someone(3, "oakley"), someone(4, "Abel")]
    assert in_order(people, BundleChoice(order=LetterOrder.NAME)) == [4, 3, 2, 1]


def test_a_name_that_does_not_open_stands_at_the_end() -> None:
    people = [OrderFacts(1, 1), someone(2, "Žižka"), someone(3, "عبد")]
    assert in_order(people, BundleChoice(order=LetterOrder.NAME)) == [2, 3, 1]


def test_by_region_who_shows_only_the_name_is_not_found_among_a_region_s_letters() -> None:
    people = [
        someone(1, "Abel", region="Alberta", disclosure=Disclosure.NAME),
        someone(2, "Baker", region="Quebec"),
        someone(3, "Cole", region="alberta"),
        someone(4, "Dumas", country="Belgium", region=""),
    ]
    assert in_order(people, BundleChoice(order=LetterOrder.REGION)) == [4, 3, 2, 1]
    assert label_of(people[0]) == ""
    assert label_of(people[1]) == "Quebec, Canada"


def test_volumes_by_region_keep_the_order_within_each() -> None:
    people = [
        someone(1, "Abel", region="Quebec"),
        someone(2, "Baker", region="Ontario"),
        someone(3, "Cole", region="Quebec"),
    ]
    choice = BundleChoice(order=LetterOrder.CONFIRMED, split=Split.REGION)
    assert in_order(people, choice) == [2, 1, 3]
    assert in_order([replace(people[0], at=9), *people[1:]], choice) == [2, 3, 1]


def test_only_what_is_sealed_has_to_be_opened() -> None:
    assert [BundleChoice(order=order).by_person for order in LetterOrder] == [
        False,
        False,
        True,
        True,
    ]
    assert BundleChoice(split=Split.REGION).by_person
