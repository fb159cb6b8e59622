"""`codes.txt`: number and code of each letter, a line each. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from campaign.bundles.letter_codes import hash_tree
from campaign.bundles.letter_codes.proof_file import hash_letter, make_check_code

_LINE = re.compile(rb"([0-9]{5,9}) ([0-9a-f]{64})\r?\n")
_LONGEST_LINE = 80


def write_codes(codes: Iterable[tuple[str, bytes]], out: Path) -> None:
    with out.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(f"{number} {words.hex()}\n" for number, words in codes)


def read_check_code(source: IO[bytes], bundle: str, numbers: Sequence[str]) -> str:
    """Return the check code of the letters listed; "" where they are not those of `numbers`."""
    count = 0

    def hashes() -> Iterator[bytes]:
        nonlocal count
        for line in iter(lambda: source.readline(_LONGEST_LINE), b""):
            match = _LINE.fullmatch(line)
            number = match[1].decode() if match else ""
            if match is None or count == len(numbers) or number != numbers[count]:
                count = -1
                return
            count += 1
            yield hash_letter(bundle, number, bytes.fromhex(match[2].decode()))

    head = hash_tree.fold_hashes(hash_tree.fold_blocks(hashes()))
    return make_check_code(bundle, count, head) if count == len(numbers) else ""
