"""Invented words for the papers that carry a code: delivery sheet, poster, sheets."""

from typing import Any

from campaign.printing.printed_content import Both, BothRow, DeliverySheetContext, FactRow, Said
from campaign.printing.sheets.handouts import ByHandContext, SheetContext
from campaign.printing.sheets.posters import PosterContext

ADDRESS = ("H. E. the Ambassador", "Embassy of Valdemira", "12 Elgin Row", "Ottawa ON  K1P 0X0")


def both(there: str, here: str) -> Both:
    return (Said("es", there), Said("en", here))


def delivery(targets: int = 2, **changes: Any) -> DeliverySheetContext:
    values: dict[str, Any] = {
        "locale": "es",
        "title": both("Entrega de cartas", "Delivery of letters"),
        "reference": "UA 7/31",
        "case": "Teodora Quiñones Abarca",
        "mission_lines": ADDRESS,
        "sender_lines": ("Lantern Network", "9 Sparks Lane", "Ottawa ON  K1P 0X1"),
        "handed": both("Lo que se entrega", "What is delivered"),
        "counts": (
            *(FactRow(f"Official {n}", "12") for n in range(1, targets + 1)),
            FactRow("En total", "1,204"),
        ),
        "things": tuple(BothRow(both(f"Cosa {n}", f"Thing {n}"), str(n)) for n in range(4)),
        "outcomes": (both("Aceptada", "Accepted"), both("Rechazada", "Refused")),
        "outcome": both("Qué ocurrió", "What happened"),
        "lines": tuple(both(f"Línea {n}", f"Line {n}") for n in range(4)),
        "signatures": (both("Firma", "Signature"), both("Firma", "Signature")),
        "stamp": both("Sello", "Stamp"),
        "code": "https://letters.example.org/desk/bundles/abcdefghijklmnopqrstuv/deliver",
        "code_note": both("Para quienes van", "For our delegates"),
        "bundle": "UA-7-31_valdemira-ottawa_001",
    }
    return DeliverySheetContext(**{**values, **changes})


def poster(**changes: Any) -> PosterContext:
    values: dict[str, Any] = {
        "locale": "en",
        "kicker": "Mexico",
        "title": "A title",
        "summary": "A summary.",
        "text_locale": "en",
        "call": "Write a letter now",
        "promise": "It takes 3 minutes.",
        "deadline": "Write until Friday",
        "link": "https://letters.example/en/actions/x?from=poster",
        "shown_link": "letters.example/en/actions/x",
        "site": "A site",
    }
    return PosterContext(**{**values, **changes})


def notes(**changes: Any) -> ByHandContext:
    """The page of notes of who writes by hand, without the pages to write on."""
    values: dict[str, Any] = {
        "locale": "en",
        "kicker": "Mexico",
        "title": "A title",
        "text_locale": "en",
        "reference": "UA 7/31",
        "asks_head": "What to ask",
        "asks": ("One", "Two"),
        "address_head": "Write to",
        "letters": (),
        "letter_locale": "en",
        "advice_head": "How",
        "advice": ("Be polite.",),
        "return_to": "Send it to us.",
        "call": "To write online:",
        "link": "https://letters.example/x?from=hand",
        "shown_link": "letters.example/x",
        "title_label": "By hand",
    }
    return ByHandContext(**{**values, **changes})


def sign_on(asks: tuple[str, ...] = ("One", "Two"), **changes: Any) -> SheetContext:
    values: dict[str, Any] = {
        "locale": "en",
        "kicker": "Mexico",
        "title": "A title",
        "text_locale": "en",
        "asks": asks,
        "statement": "By signing, I ask them to deliver this sheet.",
        "return_to": "Send the sheet to us. It counts if it reaches us by Friday.",
        "columns": ("Name", "Town", "Postal code", "Country", "Signature"),
        "strip_columns": ("Email address", "News", "Network"),
        "strip_note": "We keep this strip.",
        "cut_note": "We cut along this line.",
        "call": "To write yourself:",
        "link": "https://letters.example/x?from=sheet",
        "shown_link": "letters.example/x",
        "site": "A site",
        "title_label": "Sheet",
    }
    return SheetContext(**{**values, **changes})
