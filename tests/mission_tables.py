"""Missions of a CSV text, read as the imports read a file whose columns are named for us."""

from collections.abc import Iterator, Sequence

from campaign.directory.imports.guess_columns import guess
from campaign.directory.imports.read_missions import read_table, refuse_incomplete
from campaign.directory.imports.read_rows import MissionRecord
from campaign.directory.imports.row_parts import ImportChoices
from campaign.directory.imports.row_problems import RowProblem
from campaign.directory.imports.tables import table_of_csv
from campaign.models.directory import Directory


def read_csv(text: str, languages: Sequence[str] = ()) -> Iterator[MissionRecord | RowProblem]:
    """Its rows. Raises UnreadableFile without the columns operator, country and type."""
    table = table_of_csv(text)
    mapping = guess(table, Directory.MISSIONS)
    refuse_incomplete(table, mapping)
    yield from read_table(table, ImportChoices(mapping=mapping), languages=languages)
