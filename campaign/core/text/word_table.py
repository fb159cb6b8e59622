"""Tables of words as people edit them. Pure."""

from campaign.core.text.fold import fold_name


def read_word_table(text: str) -> dict[str, list[str]]:
    """Read lines such as "CI: Côte d'Ivoire|ivory coast", each word as a name is looked up.

    An indented line goes on with the one above it.
    """
    rows = (line.partition(":") for line in text.strip().replace("\n  ", "").splitlines())
    return {key: [fold_name(word) for word in words.split("|")] for key, _colon, words in rows}
