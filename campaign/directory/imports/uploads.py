"""Files that staff upload: kept sealed, each for its owner alone, and thrown away after a while."""

import secrets
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.db import on_rollback
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.isolation.run_apart import run_apart
from campaign.directory.imports.columns import NEEDED, WHICH, find_repeated
from campaign.directory.imports.read_list import MAX_BYTES, View, samples_of
from campaign.directory.imports.row_parts import Choices
from campaign.directory.imports.source import Source, open_source
from campaign.models.directory import Directory, DirectoryImport, ImportState
from campaign.storage import storage

KEPT_FOR = timedelta(days=3)
_FOLDER = "imports"
_PLACE = "directory_import.file"
_NAME_LENGTH = 120
_LOOKED_BACK = 50  # imports among which one with the same heads is looked for
_ASKED = {ImportState.UPLOADED, ImportState.READY, ImportState.FAILED}


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
    session.add(kept)
    session.flush()
    audit.record(session, actor, "imports.upload", f"import:{kept.public_id}")
    return kept


def guess_choices(session: Session, source: Source, file_name: str) -> Choices:
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
    kept = session.scalar(
        select(DirectoryImport).where(
            DirectoryImport.public_id == public_id,
            DirectoryImport.owner_id == owner_id,
            DirectoryImport.directory == directory,
            DirectoryImport.expires_at > db.utcnow(),
        )
    )
    if kept is None:
        raise NotFound("import")
    return kept


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


def source_of_upload(kept: DirectoryImport, choices: Choices | None = None) -> Source:
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


def samples_of_upload(kept: DirectoryImport, source: Source) -> dict[str, str]:
    if not source.opened.guessed_from and source.opened.encoding in {"utf-8", "utf-16"}:
        return {}
    return run_apart(samples_of, _read_upload(kept))


def choices_of(kept: DirectoryImport) -> Choices:
    return Choices(**kept.options)


def discard(session: Session, *, kept: DirectoryImport, actor: str) -> None:
    if kept.state in {ImportState.APPLYING, ImportState.REHEARSING}:
        raise Refused("import-busy")
    forget_file(session, kept)
    session.delete(kept)
    session.flush()
    audit.record(session, actor, "imports.discard", f"import:{kept.public_id}")


def forget_file(session: Session, kept: DirectoryImport) -> None:
    key, kept.storage_key = kept.storage_key, ""
    if key:
        files = storage()
        db.after_commit(session, lambda: files.delete(key))


def refuse_unmapped(source: Source, choices: Choices) -> None:
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
        twice = find_repeated(choices.mapping, source.directory)
        for at, meaning in enumerate(choices.mapping):
            if meaning in twice and meaning in choices.mapping[:at]:
                fields[f"column_{at}"] = "twice"
    if fields:
        raise Invalid(fields=fields)


def may_change(kept: DirectoryImport) -> bool:
    return kept.state in _ASKED
