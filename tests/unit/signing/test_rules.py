"""Rules that hold letters, names that pass for others, hours that stand out."""

import json
import runpy
from importlib import resources
from pathlib import Path

import pytest

from campaign.screening.trends import spikes_in
from campaign.signing.checks.screening_rules import (
    CaseWords,
    ScreeningRules,
    list_held_places,
    looks_like_any,
    pieces,
    reasons_of_name,
    reasons_of_text,
)
from campaign.signing.checks.wordlist import word_rules_of


@pytest.mark.parametrize(
    "name",
    ["Noor Haddad", "NОOR HАDDАD", "N00r Haddad", "Haddad Noor", "Nöör  Haddäd", "Noоr Наddаd"],
)
def test_a_name_that_a_reader_takes_for_another_is_found(name: str) -> None:
    assert looks_like_any(name, ["Ada Admin", "Noor Haddad"]) == "Noor Haddad"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ΗΛΙΑΣ ΝΙΚΟΥ", "Ηλίας Νίκου"),
        ("ИВАН ПЕТРОВ", "Иван Петров"),
        ("أحمد علي", "احمد علي"),
        ("Łucja Peña", "Lucja Pena"),
        ("Øystein", "Oystein"),
        ("ARNOLD", "Amold"),
        ("кamila", "Kamila"),
        ("νanessa", "Vanessa"),
        ("ωilliam", "William"),
        ("Allan", "AIIan"),
    ],
)
def test_names_of_any_script_look_like_themselves_and_like_what_imitates_them(
    name: str, other: str
) -> None:
    assert looks_like_any(name, [other])
    assert looks_like_any(other, [name])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("कमला", "कमल"),
        ("राम सिंह", "रोम सिंह"),
        ("محمد", "محمود"),
        ("Иван", "Иваш"),
        ("Marta", "Maria"),
    ],
)
def test_letters_that_differ_keep_names_apart(name: str, other: str) -> None:
    assert looks_like_any(name, [other]) is None


def test_the_table_is_unicodes() -> None:
    text = (resources.files("campaign.signing.checks") / "confusables.json").read_text("utf-8")
    table = json.loads(text)
    assert table["source"].startswith("https://www.unicode.org/Public/")
    assert table["version"] in table["source"]
    letters = "".join(table["letters"].values())
    assert len(letters) == len(set(letters)) > 2000


def test_the_table_of_what_looks_alike_can_be_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "confusables.txt"
    source.write_text("# Version: 99.0.0\n0430 ;\t0061 ;\tMA\t# a\n00F8 ;\t006F 0338 ;\tMA\n")
    table = tmp_path / "campaign/signing/checks/confusables.json"
    table.parent.mkdir(parents=True)
    script = runpy.run_path(str(Path(__file__).parents[3] / ".ci/confusables.py"))
    monkeypatch.chdir(tmp_path)
    script["main"](str(source))
    assert json.loads(table.read_text("utf-8"))["letters"] == {"a": "\u0430"}


@pytest.mark.parametrize("name", ["Nora Haddad", "Noor", "Haddad", "", "努尔"])
def test_other_names_are_left_alone(name: str) -> None:
    assert looks_like_any(name, ["Noor Haddad", "", "Li", "É"]) is None


def test_references_look_alike_too() -> None:
    assert looks_like_any("UA 58/2O", ["UA 58/20"])
    assert looks_like_any("UA 58/21", ["UA 58/20"]) is None


def test_every_rule_of_words_names_its_reason() -> None:
    rules = ScreeningRules(
        longer_than=60, watched=("río sagrado",), held=("insult", "link", "phone-number")
    )
    text = "You IDIOT: www.example.com, +1 613 996 8885, the Rio  Sagrado is ours and theirs."
    assert reasons_of_text(text, rules, ("CA",)) == [
        "watched-word",
        "insult",
        "link",
        "phone-number",
        "long",
    ]
    places = list_held_places(text, rules, ("CA",))
    marked = [(text[place.start : place.end], place.reason) for place in places]
    assert marked == [
        ("You IDIOT", "insult"),
        ("www.example.com", "link"),
        ("+1 613 996 8885", "phone-number"),
        ("Rio  Sagrado", "watched-word"),
    ]
    assert "".join(part for part, _ in pieces(text, places)) == text


def test_what_a_risk_flag_rules_out_holds_a_letter_unless_the_page_says_it() -> None:
    case = CaseWords(risks=("Halldora Lysing",))
    text = "I thank HALLDORA lysing."
    assert reasons_of_text(text, ScreeningRules(), case=case) == ["risk"]
    told = CaseWords(risks=case.risks, public=text)
    assert reasons_of_text(text, ScreeningRules(), case=told) == []
    assert reasons_of_name("Halldora Lysing", risks=case.risks) == ["risk"]
    assert reasons_of_name("Max Mustermann-Fuck") == ["insult"]
    assert reasons_of_name("<b>Max</b> Mustermann") == ["markup"]


def test_what_is_not_set_holds_nothing() -> None:
    assert reasons_of_text("A fucking shame, see www.example.com.", ScreeningRules()) == []
    assert reasons_of_text("", ScreeningRules(shorter_than=10)) == []
    assert reasons_of_text("Short.", ScreeningRules(shorter_than=10)) == ["short"]


def test_what_the_campaign_itself_says_holds_nobodys_letter() -> None:
    rules = ScreeningRules(held=("link",))
    assert (
        reasons_of_text("See www.example.org.", rules, proposed_text="More on www.example.org.")
        == []
    )


def test_insults_are_those_of_the_languages_that_are_chosen() -> None:
    only_french = ScreeningRules(held=("insult",), insult_languages=("fr",))
    assert reasons_of_text("You bastard.", only_french) == []
    assert reasons_of_text("Salaud !", only_french) == ["insult"]


def test_what_a_campaign_holds_the_guard_lets_through_and_nothing_else() -> None:
    text = "You idiot, see www.example.com."
    kinds = {finding.kind for finding in word_rules_of((), (), held=("insult",)).findings(text)}
    assert kinds == {"link"}
    assert {finding.kind for finding in word_rules_of((), ()).findings(text)} == {"link", "insult"}


def test_rules_are_stored_as_what_differs() -> None:
    rules = ScreeningRules(first=3, watched=("a",), insult_languages=("en",), lookalikes=False)
    assert ScreeningRules.of(rules.stored) == rules
    assert ScreeningRules().stored == {}
    assert ScreeningRules.of({"first": 1, "of a later version": 2}) == ScreeningRules(first=1)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([0] * 23 + [25], {23}),
        ([10] * 23 + [39], set()),
        ([10] * 23 + [40], {23}),
        ([0] * 23 + [19], set()),
        ([], set()),
        ([100] * 24, set()),
    ],
)
def test_hours_stand_out_against_the_usual_one(hours: list[int], expected: set[int]) -> None:
    assert spikes_in(hours) == expected
