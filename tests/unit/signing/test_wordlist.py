"""What must not stand in a letter is found, and what only looks like it is left alone."""

import pytest

from campaign.signing.checks.screening_rules import ScreeningRules, private_places, reasons_of_text
from campaign.signing.checks.wordlist import (
    FORBIDDEN,
    INSULT,
    LINK,
    PHONE,
    THREAT,
    missing_points,
    word_rules_of,
)

GUARD = word_rules_of(["Elena Ruíz", "l'atelier", "شاهد", "証人"], ["MX", "CA"])

INNOCENT = (
    "On 26 September 2014 police attacked buses; 43 students were never seen again.",
    "More than 35,000 messages came in 2018-2019, 2,500 of them cards: 1 234 567 in all.",
    "Write to me at 45 O'Connor Street, Suite 1000, Ottawa ON K1P 1A4.",
    "The U.S.A. knows it. Please help.me and Mr.Smith, e.g. by law no. 12.3.",
    "Con respeto, le pido que proteja a la niñez. Vivo en Morón de la Frontera.",
    "Je ne suis pas sûr que l’ordure soit ramassée ; je garde un ton poli.",
    "أكتب إليكم بشأن المدافعة عن حقوق الإنسان وأطلب حمايتها",
)


@pytest.mark.parametrize("text", INNOCENT)
def test_ordinary_letters_are_left_alone(text: str) -> None:
    assert GUARD.findings(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("I saw ELENA  RUIZ there.", FORBIDDEN, "ELENA  RUIZ"),
        ("Ele\u0301na Ruiz, a witness", FORBIDDEN, "Ele\u0301na Ruiz"),
        ("Chez nous, à L’Atelier, on sait.", FORBIDDEN, "L’Atelier"),
        ("والشاهِد قال ذلك", FORBIDDEN, "والشاهِد"),
        ("その証人は知っている", FORBIDDEN, "証人"),
        ("You are idiots.", INSULT, "are idiots"),
        ("Vous êtes des ENCULÉS !", INSULT, "ENCULÉS"),
        ("Son unos imbeciles", INSULT, "Son unos imbeciles"),
        ("أنتم أوغادٌ", INSULT, "أنتم أوغاد"),
        ("Listen: I will  KILL you.", THREAT, "I will  KILL you"),
        ("We know where you live", THREAT, "We know where you live"),
        ("On va vous tuer.", THREAT, "On va vous tuer"),
        ("Sabemos donde vives", THREAT, "Sabemos donde vives"),
        ("نعرف أين تسكن", THREAT, "نعرف أين تسكن"),
        ("Call +52 999 123 4567 today", PHONE, "+52 999 123 4567"),
        ("Call 613-233-8988 today", PHONE, "613-233-8988"),
        ("See https://example.org/a?b=c.", LINK, "https://example.org/a?b=c"),
        ("See example.org, please", LINK, "example.org"),
        ("See bit.ly/abc", LINK, "bit.ly/abc"),
        ("Mail me: ana.g+x@mail.example.org!", LINK, "ana.g+x@mail.example.org"),
    ],
)
def test_what_must_go_is_named_as_it_stands(text: str, kind: str, words: str) -> None:
    [finding] = GUARD.findings(text)
    assert (finding.kind, finding.text) == (kind, words)


@pytest.mark.parametrize(
    "text",
    [
        "Idiots ruled us, and she was called a bastard child.",
        "They wrote to her: “We know where you live.” She stayed.",
        'A note said "I will kill you", and nobody looked for who sent it.',
        "Ils lui ont écrit : « On va te tuer ».",
    ],
)
def test_prose_that_a_list_cannot_judge_is_not_refused(text: str) -> None:
    assert GUARD.findings(text) == []
    assert reasons_of_text(text, ScreeningRules()) in (["insult"], ["threat"])


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (
            "her daughter Lucia, 8, lives at Calle 60 in Merida",
            ["her daughter Lucia", "lives at Calle"],
        ),
        ("Su hija Lucía vive en la calle 60.", ["Su hija Lucía", "vive en la calle"]),
        ("Son fils Karim habite rue des Lilas.", ["Son fils Karim", "habite rue"]),
        ("ابنتها تسكن في شارع النيل", ["تسكن في شارع"]),
        ("Es valiente. Vive en la calle 60.", ["Vive en la calle"]),
        ("Su casa está en la calle 60.", ["casa está en la calle"]),
        ("Su casa es un refugio para otras.", []),
        ("Her home is at Calle 60. HIDES AT Elm Street.", ["home is at Calle", "HIDES AT Elm"]),
        ("Her house is not safe; she lives on hope.", []),
        ("Habite rue des Lilas. Son domicile est au 12.", ["Habite rue", "domicile est au 12"]),
        ("She lives in fear; her family asks for protection, and her sister was never told.", []),
        ("Sus hijos esperan. Ella vive en México.", []),
        ("Ses enfants l’attendent.", []),
    ],
)
def test_family_by_name_and_homes_are_noticed(text: str, places: list[str]) -> None:
    assert [text[start:end] for start, end in private_places(text)] == places


@pytest.mark.parametrize("text", ["Elenas", "Ruiz Elena", "MariaElena Ruizma"])
def test_a_forbidden_word_is_found_whole_only(text: str) -> None:
    assert GUARD.findings(text) == []


def test_a_number_without_its_prefix_is_known_by_where_its_writer_lives() -> None:
    text = "Appelez le 912 34 56 78."
    assert GUARD.findings(text) == []
    assert [finding.text for finding in GUARD.findings(text, "ES")] == ["912 34 56 78"]
    assert GUARD.findings(text, "no country") == []


@pytest.mark.parametrize(
    "number",
    [
        "06 12 34 56 78",
        "0612345678",
        "06.12.34.56.78",
        "0033612345678",
        "020 794 6095",
        "٠٦١٢٣٤٥٦٧٨",
    ],
)
def test_a_number_dialled_with_a_zero_is_known_wherever_its_writer_lives(number: str) -> None:
    assert [finding.text for finding in GUARD.findings(f"Call {number} today", "CA")] == [number]


@pytest.mark.parametrize(
    "text", ["03.04.2020 05", "01.02.2020 - 03.04.2020", "000123456789", "0,5"]
)
def test_dates_and_file_numbers_are_no_telephone_numbers(text: str) -> None:
    assert GUARD.findings(f"On {text} we wrote.", "CA") == []


def test_what_the_campaigns_own_letter_says_is_never_the_supporters_fault() -> None:
    word_rules = word_rules_of(["Merida"], ["MX"], ["The hearing in Mérida is at example.org."])
    assert word_rules.findings("I was in MERIDA; see example.org.") == []
    assert [finding.text for finding in word_rules.findings("See example.net and Mérida")] == [
        "example.net"
    ]


POINT = "Restore at once both police escorts that were withdrawn on 30 March 2020."


@pytest.mark.parametrize(
    "text",
    [
        f"Excellency. {POINT} I thank you.",
        POINT.upper().replace(" ", "\n"),
        "I ask you to restore both police escorts, withdrawn on 30 March 2020, at once.",
    ],
)
def test_a_fact_may_be_said_in_other_words(text: str) -> None:
    assert missing_points(text, {"escorts": POINT}) == []


@pytest.mark.parametrize(
    "text",
    [
        "I ask you to protect her.",
        "Restore at once both police escorts that were withdrawn on 30 March 2019.",
        "Both " + "and much else " * 20 + "police " + "and more " * 20 + "30 March 2020.",
    ],
)
def test_a_fact_that_is_gone_or_changed_is_missed(text: str) -> None:
    assert missing_points(text, {"escorts": POINT, "none": "?!"}) == ["escorts"]
