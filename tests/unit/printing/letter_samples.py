"""Invented letters that the tests of this folder print."""

from typing import Any

from campaign.printing.engine.letters_job import render_letters
from campaign.printing.geometry import Layout
from campaign.printing.printed_content import LetterContext

OPENING = (
    (
        "I write of Teodora Quiñones Abarca, who teaches in the hills above Valdemira and "
        "speaks for the families whose wells were taken. On 3 March officials withdrew the two "
        "police escorts who protected her and left one officer of limited functions."
    ),
    (
        "Since then she has had to travel without the protection that the authorities "
        "themselves had found she needs. I am concerned for her safety."
    ),
)
POINTS = (
    "Restore at once the protection measures that were agreed with her, both escorts included.",
    "Investigate the threats against her promptly and impartially.",
    (
        "See that those who defend the wells can do their work without fear of reprisal, in the "
        "dry months as at any other time."
    ),
    "Recognise in public that her work is legitimate and necessary.",
)
OWN_WORDS = (
    (
        "I taught for thirty years in a town where the nearest clinic was two hours away by "
        "bus. I know what it means to find one person who answers the telephone, who tells the "
        "truth and who goes with you through the door. When such a person is threatened, "
        "everybody who depends on her is threatened too. My daughter is the age Ms Quiñones was "
        "when she began."
    ),
    (
        "I ask you to think of her as you would of a neighbour who keeps a light in the window. "
        "Two officers at her side are a small cost for a State. Without them, the people who "
        "want her silent will draw their own conclusions about what the authorities are "
        "prepared to tolerate. I shall follow this case with my reading group here, and we will "
        "write again in the spring."
    ),
)


def letter(number: int = 1, **changes: Any) -> LetterContext:
    """A letter of one page; `changes` replace fields."""
    values: dict[str, Any] = {
        "key": f"key-{number}",
        "number": f"{number:05d}",
        "reference": "UA 7/31",
        "locale": "en",
        "sender_lines": ("Ottoline Freke", "Peterborough, Ontario"),
        "place_and_date": "Peterborough, 24 April 2031",
        "addressee_lines": (
            "Governor of the State of Valdemira",
            "c/o Embassy of Valdemira",
            "12 Elgin Row, Suite 400",
            "Ottawa ON  K1P 0X0",
            "Canada",
        ),
        "subject": "Protection for Teodora Quiñones Abarca",
        "salutation": "Dear Governor,",
        "opening": OPENING,
        "points": POINTS,
        "own_words": (),
        "closing": ("I would be grateful to hear what steps your office has taken.",),
        "complimentary_close": "Yours sincerely,",
        "signature_name": "Ottoline Freke",
        "signature_locality": "Peterborough, Ontario",
    }
    return LetterContext(**{**values, **changes})


def render_one(context: LetterContext, layout: Layout) -> bytes:
    return render_letters([context], layout)
