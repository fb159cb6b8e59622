"""Letters of invented people, the same for every way of printing that is measured."""

import random

from campaign.printing.printed_content import LetterContext

_GIVEN = ("Ana", "Bo", "Chidi", "Dara", "Émile", "Fatou", "Goran", "Hana", "Inés", "Joan")
_FAMILY = ("Example", "Sample", "Specimen", "Muster", "Ejemplo", "Exemple", "Instance")
_TOWNS = ("Ottawa", "Halifax", "Regina", "Montréal", "Toronto", "Guelph", "Québec", "Moncton")
_WORDS = (
    "I am a nurse, and I know what it means to rely on somebody at night.",
    "My mother taught me to write when someone is in danger, and I write today.",
    "I have two children, and I want them to see that letters are answered.",
    "In our town people who speak up are listened to; I wish her the same.",
    "I have read what happened, and I could not put it aside.",
)
_ASK = (
    "I respectfully ask you to restore the full measures of protection, in agreement with her "
    "and according to her wishes."
)


def letters(count: int, own_words: float, seed: int = 7) -> list[LetterContext]:
    """`count` letters to one official, that share of them with a paragraph of own words."""
    chance = random.Random(seed)
    return [_letter(number, chance, own_words) for number in range(1, count + 1)]


def _letter(number: int, chance: random.Random, own_words: float) -> LetterContext:
    name = f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}-{chance.choice(_FAMILY)}"
    town = chance.choice(_TOWNS)
    own = " ".join(chance.sample(_WORDS, 3)) if chance.random() < own_words else ""
    return LetterContext(
        key=str(number),
        number=f"{number:06d}",
        reference="UA 58/20",
        locale="en",
        sender_lines=(name, town, "Canada"),
        place_and_date=f"{town}, {chance.randint(1, 30)} April 2020",
        addressee_lines=(
            "Governor of Yucatán",
            "Embassy of Mexico",
            "45 O'Connor Street, Suite 1000",
            "Ottawa ON K1P 1A4",
        ),
        subject="UA 58/20: protection for a woman who defends rights",
        salutation="Excellency:",
        opening=(
            "I am writing about the safety of a person who defends the rights of others. " * 2,
        ),
        points=(_ASK,) * 3,
        own_words=(own,) if own else (),
        closing=("Thank you for your attention to this letter.",),
        complimentary_close="Yours sincerely,",
        signature_name=name,
        signature_locality=town,
    )


def paragraphs(letter: LetterContext) -> list[str]:
    """The letter's text, a paragraph each, for ways that have a layout of their own."""
    return [
        "\n".join(letter.sender_lines),
        letter.place_and_date,
        "\n".join(letter.addressee_lines),
        letter.subject,
        letter.salutation,
        *letter.opening,
        *(f"– {point}" for point in letter.points),
        *letter.own_words,
        *letter.closing,
        letter.complimentary_close,
        f"{letter.signature_name}\n{letter.signature_locality}",
        f"{letter.reference} · {letter.number}",
    ]
