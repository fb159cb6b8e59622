"""Protections taken out one by one: for each, its tests must fail. `make mutate` runs them all."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A protection, taken out by replacing a text that occurs once in its file."""

    line: int
    """What it protects: a numbered line of `docs/threat-model.md`."""
    name: str
    file: str
    old: str
    new: str
    tests: list[str]
    """Each of them must fail."""
    engine: str = "sqlite"
    """`postgresql` for races: SQLite lets one write at a time whatever the program does."""


def load_mutations() -> list[Mutation]:
    text = Path(__file__).with_name("mutations.toml").read_text("utf-8")
    return [Mutation(**fields) for fields in tomllib.loads(text)["mutation"]]
