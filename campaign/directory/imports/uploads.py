"""Files that staff upload: kept sealed, each for its owner alone, and thrown away after a while."""

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.db import on_rollback
from campaign.core.errors import N_, Invalid, Refused, UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.directory.countries import country_code_anywhere
from campaign.directory.imports import read_missions, read_officials
from campaign.directory.imports.guess_columns import NEEDED, WHICH, find_repeated, guess
from campaign.directory.imports.read_list import (
    MAX_BYTES,
    Opened,
    Shape,
    View,
    read_list,
    samples_of,
)
from campaign.directory.imports.read_missions import read_json, sending_country_of
from campaign.directory.imports.read_officials import country_of, languages_of, read_popolo
from campaign.directory.imports.read_rows import Reading
from campaign.directory.imports.row_parts import ImportChoices
from campaign.directory.imports.tables import Table, find_lists
from campaign.models.directory import Directory, DirectoryImport, ImportState
from campaign.storage import forget_file, storage
from campaign.web.edit_conflict import lock_row

_MOST_VALUES = 100  # texts that are no country's name for which the mapping page asks
KEPT_FOR = timedelta(days=3)
_FOLDER = "imports"
_PLACE = "directory_import.file"
_NAME_LENGTH = 120
_LOOKED_BACK = 50  # imports among which one with the same heads is looked for
_ASKED = {ImportState.UPLOADED, ImportState.READY, ImportState.FAILED}


@dataclass(frozen=True, slots=True)
class ImportSource:
    directory: Directory
    opened: Opened
    table: Table | None

    def guesses(self, file_name: str) -> ImportChoices:
        # What was guessed stays a guess until somebody has compared the samples.
        choices = ImportChoices(encoding="" if self.opened.guessed_from else self.opened.encoding)
        choices.sheet = self.opened.book.sheet if self.opened.book else ""
        if self.table is not None:
            choices.mapping = guess(self.table, self.directory)
        if self.opened.shape is Shape.MINISTRY:
            sending = sending_country_of(items_of(self.opened.data))
            choices.fixed = {"sending_country": sending} if sending else {}
        if self.directory is Directory.OFFICIALS and "country" not in choices.mapping:
            home = country_of(self.opened.data, file_name)
            choices.fixed = {"country": home} if home else {}
        return choices

    def refuse_incomplete(self, choices: ImportChoices) -> None:
        """Raise UnreadableFile where no mapping page will ask for what is missing."""
        if self.table is None:
            return
        if self.directory is Directory.MISSIONS:
            read_missions.refuse_incomplete(self.table, choices.mapping, choices.fixed)
        else:
            self.table.refuse_twice(choices.mapping)

    def list_unread(self, choices: ImportChoices) -> list[str]:
        """List the columns with anything in them that mean nothing to us."""
        table = self.table.with_lists(choices.lists) if self.table else Table([])
        read = {at: word for at, word in enumerate(choices.mapping) if word != WHICH}
        return table.list_unread(read)

    def languages(self) -> list[str]:
        return languages_of(self.opened.data) if self.opened.shape is Shape.POPOLO else []

    def unknown_countries(self, mapping: Sequence[str], lists: Sequence[str]) -> dict[str, int]:
        """Find texts of columns of countries that name none, with how many rows have each."""
        unknown: Counter[str] = Counter()
        table = self.table.with_lists(lists) if self.table else Table([])
        for at, meaning in enumerate(mapping):
            if meaning in {"country", "sending_country", "host_country", WHICH}:
                sender = meaning in {"sending_country", WHICH}
                texts = Counter(" ".join(cells[at].split()) for _row, cells in table.rows)
                for text, count in texts.items():
                    if text and country_code_anywhere(text, sender=sender) is None:
                        unknown[text] += count
        return dict(unknown.most_common(_MOST_VALUES))

    def readings(
        self, choices: ImportChoices, *, today: date, languages: Sequence[str]
    ) -> Iterable[Reading]:
        data = self.opened.data
        if self.opened.shape is Shape.POPOLO:
            country = choices.fixed.get("country", "")
            return read_popolo(data, country, language=choices.language, today=today)
        if self.opened.shape is Shape.MINISTRY:
            return read_json(items_of(data), choices.fixed.get("sending_country", ""), languages)
        assert self.table is not None
        table = self.table.with_lists(choices.lists)
        if self.directory is Directory.MISSIONS:
            return read_missions.read_table(table, choices, today=today, languages=languages)
        return read_officials.read_table(table, choices, today=today, languages=languages)


def open_source(data: bytes, directory: Directory, **view: Unpack[View]) -> ImportSource:
    """Open the file as a source for that directory, as `read_list` does. Raises UnreadableFile."""
    opened, table = run_apart(read_list, data, **view)
    if opened.shape is Shape.POPOLO and directory is Directory.MISSIONS:
        raise UnreadableFile(N_("This is a list of people. Import it with the officials."))
    if opened.shape is Shape.MINISTRY and directory is Directory.OFFICIALS:
        raise UnreadableFile(N_("This is a list of missions. Import it with the missions."))
    if table is not None and not table.rows and not table.problems:
        raise UnreadableFile(
            N_("The file has a first line, but no rows below it. Add the rows and upload it again.")
        )
    return ImportSource(directory, opened, table)


def items_of(data: object) -> list[object]:
    return next(iter(find_lists(data).values()), [])


def keep_upload(
    session: Session,
    *,
    owner_id: int,
    directory: Directory,
    file_name: str,
    data: bytes,
    actor: str,
) -> DirectoryImport:
    """Keep a file, with our guess of what is in it. Raises UnreadableFile."""
    source = open_source(data, directory)
    key = f"{_FOLDER}/{secrets.token_hex(16)}"
    keep_in = storage()
    on_rollback(session, lambda: keep_in.delete(key))
    keep_in.write(key, db.database().keyring.seal_bytes(data, f"{_PLACE}:{key}"))
    kept = DirectoryImport(
        directory=directory,
        owner_id=owner_id,
        file_name=file_name[-_NAME_LENGTH:],
        storage_key=key,
        options=asdict(guess_choices(session, source, file_name)),
        expires_at=db.utcnow() + KEPT_FOR,
    )
    db.add_row(session, kept)
    audit.record(session, actor, "imports.upload", f"import:{kept.public_id}")
    return kept


def guess_choices(session: Session, source: ImportSource, file_name: str) -> ImportChoices:
    """Return what was chosen for the last file with the same heads, else our guess."""
    choices = source.guesses(file_name)
    if source.table is None:
        return choices
    query = (
        select(DirectoryImport.options)
        .where(
            DirectoryImport.directory == source.directory,
            DirectoryImport.state.in_({ImportState.READY, ImportState.APPLIED}),
        )
        .order_by(DirectoryImport.id.desc())
        .limit(_LOOKED_BACK)
    )
    for before in session.scalars(query):
        if before.get("columns") == source.table.columns:
            choices.remembered = before["mapping"] != choices.mapping
            choices.mapping, choices.countries = before["mapping"], before["countries"]
            break
    return choices


def get_upload(
    session: Session, *, public_id: str, owner_id: int, directory: Directory
) -> DirectoryImport:
    """The upload, if it is theirs and has not expired. Raises NotFound."""
    theirs = select(DirectoryImport).where(
        DirectoryImport.public_id == public_id,
        DirectoryImport.owner_id == owner_id,
        DirectoryImport.directory == directory,
        DirectoryImport.expires_at > db.utcnow(),
    )
    return db.get_row(session, theirs, "import")


def list_uploads(session: Session, *, owner_id: int, directory: Directory) -> list[DirectoryImport]:
    query = (
        select(DirectoryImport)
        .where(
            DirectoryImport.owner_id == owner_id,
            DirectoryImport.directory == directory,
            DirectoryImport.expires_at > db.utcnow(),
        )
        .order_by(DirectoryImport.id.desc())
        .limit(50)
    )
    return list(session.scalars(query))


def source_of_upload(kept: DirectoryImport, choices: ImportChoices | None = None) -> ImportSource:
    """Raises Refused where the file is gone, UnreadableFile where it cannot be read so."""
    choices = choices or choices_of(kept)
    view: View = {"encoding": choices.encoding, "sheet": choices.sheet, "head": choices.head}
    return open_source(_read_upload(kept), kept.directory, **view)


def _read_upload(kept: DirectoryImport) -> bytes:
    if not kept.storage_key:
        raise Refused("import-done")
    with storage().open(kept.storage_key) as file:
        sealed = file.read(2 * MAX_BYTES)
    return db.database().keyring.open_bytes(sealed, f"{_PLACE}:{kept.storage_key}")


def samples_of_upload(kept: DirectoryImport, source: ImportSource) -> dict[str, str]:
    if not source.opened.guessed_from and source.opened.encoding in {"utf-8", "utf-16"}:
        return {}
    return run_apart(samples_of, _read_upload(kept))


def choices_of(kept: DirectoryImport) -> ImportChoices:
    return ImportChoices(**kept.options)


def discard(session: Session, *, kept: DirectoryImport, actor: str) -> None:
    lock_row(session, kept)
    if kept.state in {ImportState.APPLYING, ImportState.REHEARSING}:
        raise Refused("import-busy")
    forget_file(session, kept)
    session.delete(kept)
    session.flush()
    audit.record(session, actor, "imports.discard", f"import:{kept.public_id}")


def refuse_unmapped(source: ImportSource, choices: ImportChoices) -> None:
    fields: dict[str, str] = {}
    if source.table is None:
        needed = "country" if source.directory is Directory.OFFICIALS else "sending_country"
        if not choices.fixed.get(needed):
            fields[f"fixed_{needed}"] = "needed"
    else:
        if WHICH in choices.mapping:
            # Once it is said which of the two it is, the other can be asked for.
            raise Invalid(fields={f"column_{choices.mapping.index(WHICH)}": "which"})
        named = any(meaning.partition(":")[0] == "name" for meaning in choices.mapping)
        for meaning in NEEDED[source.directory]:
            if meaning == "kind" and named:
                continue  # a mission's name tells it: "Consulate General of Kenya"
            if meaning not in choices.mapping and not choices.fixed.get(meaning):
                fields[f"fixed_{meaning}"] = "needed"
        twice = find_repeated(choices.mapping)
        for at, meaning in enumerate(choices.mapping):
            if meaning in twice and meaning in choices.mapping[:at]:
                fields[f"column_{at}"] = "twice"
    if fields:
        raise Invalid(fields=fields)


def may_change(kept: DirectoryImport) -> bool:
    return kept.state in _ASKED


def refuse_busy(kept: DirectoryImport) -> None:
    if not may_change(kept):
        raise Refused("import-busy")
