"""All that is printed of a letter, as one text. Pure."""

from campaign.printing.printed_content import LetterContext, Translation


def text_of(letter: LetterContext) -> str:
    """Return every word of it in its order; blank lines part what stands apart.

    Codes of letters are made of it (`bundles.letter_codes`). Whoever changes it parts the texts of
    letters that are printed from their codes.
    """
    parts = [
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
        f"{letter.signature_name}\n{letter.signature_locality}".strip(),
        "\n".join(letter.copies_to),
    ]
    if letter.translation is not None:
        parts += _parts_of_translation(letter.translation)
    return "\n\n".join(part for part in parts if part)


def _parts_of_translation(translation: Translation) -> list[str]:
    return [
        translation.mark,
        translation.subject,
        translation.salutation,
        *translation.opening,
        *(f"– {point}" for point in translation.points),
        translation.note,
        *translation.own_words,
        *translation.closing,
        translation.complimentary_close,
        f"{translation.signature_name}\n{translation.signature_locality}".strip(),
    ]
