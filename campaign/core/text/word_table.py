"""Tables of words as people edit them. Pure."""


def read_word_table(text: str) -> dict[str, list[str]]:
    """Read lines such as "PS: palestine|state of palestine"; an indented one goes on with it."""
    rows = (line.partition(":") for line in text.strip().replace("\n  ", "").splitlines())
    return {key: [word.strip() for word in words.split("|")] for key, _colon, words in rows}
