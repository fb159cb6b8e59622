"""How many letters wait, for whom: exact at any moment, and quick with a million of them.

Letters are counted by blocks of signatures (ids in a row). A periodic job (`overview.count`) keeps
the counts of blocks in which nothing changed since; triggers write down the others in
`figures_due`, and those are counted here, when somebody asks.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import case, column, delete, func, insert, select, table, true
from sqlalchemy.orm import Session

from campaign.models.bundle import WaitingLetters
from campaign.models.signature import Letter, Signature, SignatureState

BLOCK = 1000
"""Signatures of a block; the triggers divide by the same number."""
Key = tuple[int, str]
"""A target's id, and the language of the letters."""

# The job that counts belongs to a higher layer: what is due is read by the table's name.
_DUE = table("figures_due", column("block"))


def count_waiting(unit: Session, targets: Iterable[int]) -> Counter[Key]:
    """Confirmed letters to these targets that are in no bundle, by target and language."""
    wanted = list(targets)
    due = unit.scalars(select(_DUE.c.block).distinct().order_by(_DUE.c.block)).all()
    kept = unit.execute(
        select(WaitingLetters.target_id, WaitingLetters.locale, func.sum(WaitingLetters.letters))
        .where(
            WaitingLetters.target_id.in_(wanted),
            WaitingLetters.block.not_in(select(_DUE.c.block)),
        )
        .group_by(WaitingLetters.target_id, WaitingLetters.locale)
    )
    found: Counter[Key] = Counter({(target, locale): int(n) for target, locale, n in kept})
    for first, last in _ranges(due):
        found.update({key: n for key, n in _count(unit, first, last).items() if key[0] in wanted})
    return found


def first_blocks(
    unit: Session,
    targets: Iterable[int],
    locales: Collection[str] | None,
    *,
    letters: int,
    most: int,
) -> list[tuple[int, int]]:
    """Where the first letters that wait are: ids of signatures, from one to before another.

    Blocks of which about so many letters to these targets, in these languages (None: in any), wait
    together, `most` blocks at most. A look at what is kept: what changed since may lie elsewhere.
    """
    chosen = true() if locales is None else WaitingLetters.locale.in_(sorted(locales))
    rows = unit.execute(
        select(WaitingLetters.block, func.sum(WaitingLetters.letters))
        .where(WaitingLetters.target_id.in_(list(targets)), chosen)
        .group_by(WaitingLetters.block)
        .order_by(WaitingLetters.block)
        .limit(most)
    )
    blocks, found = [], 0
    for block, some in rows:
        blocks.append(block)
        found += int(some)
        if found >= letters:
            break
    return [(first * BLOCK, (last + 1) * BLOCK) for first, last in _ranges(blocks)]


def keep_block(unit: Session, block: int) -> None:
    """Count a block, and keep what was found."""
    unit.execute(delete(WaitingLetters).where(WaitingLetters.block == block))
    rows = [
        {"block": block, "target_id": target_id, "locale": locale, "letters": letters}
        for (target_id, locale), letters in _count(unit, block, block).items()
    ]
    if rows:
        unit.execute(insert(WaitingLetters), rows)


def _count(unit: Session, first: int, last: int) -> Mapping[Key, int]:
    """What waits in the blocks from `first` to `last`."""
    begin, end = first * BLOCK, (last + 1) * BLOCK
    rows = unit.execute(
        select(
            Letter.target_id,
            Signature.letter_locale,
            Signature.state,
            func.sum(case((Signature.forgotten_at.is_(None), 1), else_=0)),
        )
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Letter.bundle_id.is_(None),
            *(Letter.signature_id >= begin, Letter.signature_id < end),
            *(Signature.id >= begin, Signature.id < end),
        )
        # By id alone: a condition on the state would have SQLite read all that are confirmed.
        .group_by(Letter.target_id, Signature.letter_locale, Signature.state)
    )
    return {
        (target_id, locale): int(n)
        for target_id, locale, state, n in rows
        if state is SignatureState.CONFIRMED and n
    }


def _ranges(blocks: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Blocks in a row, as the first and the last of each row."""
    first = last = None
    for block in blocks:
        if last is not None and block == last + 1:
            last = block
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = block
    if first is not None and last is not None:
        yield first, last
