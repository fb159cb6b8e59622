"""`campaign prove`: that a letter is among those of a bundle, from its file alone."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from campaign.bundles.letter_codes.proof_file import (
    MOST_BYTES,
    MOST_TEXT_BYTES,
    UnreadableProof,
    is_text_of,
    read_code,
    read_proof,
)
from campaign.core.text.desk_texts import group_code

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--code",
    "--root",
    "code",
    default="",
    help="The check code from the case page, the cover letter or the delivery sheet.",
)
@click.option("--letter", "text", type=_FILE, help="The text of the letter, from the same page.")
def prove(file: Path, code: str, text: Path | None) -> None:
    """Check that a letter is among the letters of a bundle.

    FILE is the proof from the page of the letter. The exit code is 0 only if the proof is right
    and fits the check code and the text, where they are given. No database is needed.
    """
    own = read_code(code)
    if code and not own:
        raise click.BadParameter("A check code has 64 digits and letters from a to f.")
    try:
        proof = read_proof(_read(file, MOST_BYTES))
    except UnreadableProof as problem:
        _fail(str(problem))
    if not proof.holds:
        _fail("The proof is wrong: its check code does not follow from the letter and the number.")
    if own and own != proof.check_code:
        _fail(
            f"The proof is for another check code: {group_code(proof.check_code)}\n"
            "Download it again: the letters may have been printed again since then."
        )
    if text is not None and not is_text_of(proof, _read(text, MOST_TEXT_BYTES)):
        _fail(f"{text.name} does not have the words of this letter. Use the file as downloaded.")
    click.echo(f"Letter {proof.number} is {proof.place} of {proof.bundle}.")
    click.echo(f"Check code: {group_code(proof.check_code)}")
    if own:
        click.echo("The check code you gave is the same. It is made from exactly these letters.")
    else:
        click.echo(
            "Compare it with the check code on the page of the case, on the cover letter or on the "
            "delivery sheet. If it is another one, this proof shows nothing."
        )
    if text is not None:
        click.echo(f"{text.name} has the words of this letter.")
    click.echo("The proof does not show who wrote the other letters, or what was done with them.")


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _fail(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(1)
