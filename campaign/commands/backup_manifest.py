"""The manifest of a backup: what is in it, and the proof that its maker held the data key.

`manifest.json` names each entry with its size and SHA-256; `manifest.hmac` is its HMAC. What a
backup holds beyond the manifest, or otherwise than it says, is refused before anything is read in.
"""

import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from campaign.core import audit
from campaign.core.audit import Anchor, DamagedAnchor
from campaign.core.errors import Refused
from campaign.core.sealing import Keyring

MANIFEST = "manifest.json"
SIGNATURE = "manifest.hmac"
OTHER_KEYS = (
    "the backup was made with a key that is not here: put all keys of its instance (data.key, "
    "data-2.key and so on) into the instance folder"
)
ANOTHER_COPY = "Nothing was changed. Try another copy of it, or another backup"
FORMAT = 3
"""3: manifest with sizes and an HMAC. 2: without. 1 (and none said): files sealed whole besides."""
SIGNED_SINCE = 3
ROWS, FILES = "rows/", "files/"
_FILE = re.compile(r"files/[a-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_TABLE = re.compile(r"rows/[a-z0-9_]+\.jsonl")
_LARGEST = 256 * 1024 * 1024
"""Bytes of a manifest: that of a million files has some 200 million."""
_PIECE = 1 << 20
_LAST_ID = 2**31 - 1  # of PostgreSQL's `integer`
_NOT_OURS = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


class BackupDamaged(Refused):
    """What the backup holds is not what was written into it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the backup is damaged: {what}. {ANOTHER_COPY}")


@dataclass(slots=True)
class Manifest:
    """What a backup says of itself."""

    revision: str
    anchor: str
    """How the audit stood, sealed (`audit_anchor.seal_anchor`)."""
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each entry, in hexadecimal."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of each entry; none of a backup from before there was an HMAC."""
    newest_ids: dict[str, int] = field(default_factory=dict)
    """The newest id that each table has given; none of a backup from before they were kept."""
    format: int = FORMAT
    rows: int = 0
    """Rows that were written; not kept."""

    @property
    def files(self) -> list[str]:
        return [name for name in self.digests if name.startswith(FILES)]

    @property
    def is_signed(self) -> bool:
        return self.format >= SIGNED_SINCE

    def add(self, name: str, digest: str, size: int) -> None:
        self.digests[name], self.sizes[name] = digest, size

    def get_anchor(self, keyring: Keyring) -> Anchor:
        """Return how the audit stood when the backup was begun. Raises DamagedAnchor."""
        return audit.open_anchor(keyring, self.anchor)

    def write(self, archive: zipfile.ZipFile, keyring: Keyring) -> None:
        """Add manifest and HMAC to the backup."""
        data = json.dumps(
            {
                "format": self.format,
                "revision": self.revision,
                "sha256": self.digests,
                "sizes": self.sizes,
                "audit": self.anchor,
                "newest_ids": self.newest_ids,
            },
            indent=1,
        ).encode()
        archive.writestr(MANIFEST, data, zipfile.ZIP_DEFLATED)
        archive.writestr(SIGNATURE, keyring.sign_backup(data).hex())


def read_manifest(archive: zipfile.ZipFile, keyring: Keyring, *, unsigned: bool) -> Manifest:
    """Return the manifest, if its HMAC is of our key. Raises Refused, KeyError, ValueError."""
    data = _read_small(archive, MANIFEST)
    manifest = _parse(data)
    if manifest.format > FORMAT:
        raise Refused(
            "the backup was made by a newer version of this program: install that version"
        )
    if not manifest.is_signed:
        if not unsigned:
            raise Refused(
                "nothing shows who made this backup: its manifest has no HMAC. An earlier "
                "version made it, or someone removed the HMAC. If you trust its source: "
                "--unsigned"
            )
        return manifest
    signature = _read_small(archive, SIGNATURE).decode("ascii")
    if not keyring.vouches_for_backup(data, signature):
        try:
            manifest.get_anchor(keyring)
        except DamagedAnchor as problem:
            raise Refused(OTHER_KEYS) from problem
        raise Refused("the backup was changed: the HMAC of its manifest does not match")
    return manifest


def _parse(data: bytes) -> Manifest:
    """Raises Refused for what none of our backups says: nothing has shown yet who made it."""
    try:
        facts = json.loads(data)
        return Manifest(
            revision=str(facts["revision"]),
            anchor=str(facts.get("audit", "")),
            digests={str(name): str(digest) for name, digest in facts["sha256"].items()},
            sizes={str(name): int(size) for name, size in facts.get("sizes", {}).items()},
            newest_ids=_read_newest_ids(facts.get("newest_ids", {})),
            format=int(facts.get("format", 1)),
        )
    except _NOT_OURS as problem:
        raise BackupDamaged("its manifest cannot be read") from problem


def _read_newest_ids(facts: dict[str, object]) -> dict[str, int]:
    newest_ids = {str(name): int(str(at)) for name, at in facts.items()}
    if any(not 0 < at <= _LAST_ID for at in newest_ids.values()):
        raise ValueError("no database gives such an id")
    return newest_ids


def check_entries(archive: zipfile.ZipFile, manifest: Manifest, tables: Collection[str]) -> None:
    """Raise Refused unless the archive holds what the manifest names, by harmless names."""
    own = {MANIFEST, SIGNATURE} if manifest.is_signed else {MANIFEST}
    seen: set[str] = set()
    for entry in archive.infolist():
        name = entry.filename
        if name in seen:
            raise Refused(f"the backup contains {name!r} twice")
        seen.add(name)
        if name not in own:
            _refuse_name(entry)
            if name not in manifest.digests:
                raise Refused(f"{name!r} is in the backup, but not in its manifest")
            if manifest.is_signed and entry.file_size != manifest.sizes.get(name):
                raise BackupDamaged(f"{name} has the wrong size")
        if entry.flag_bits & 1 or entry.compress_type not in {
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        }:
            raise BackupDamaged(f"{name} is compressed in an unknown way")
    if missing := manifest.digests.keys() - seen:
        raise BackupDamaged(f"{min(missing)} is missing")
    rows = {name for name in seen if name.startswith(ROWS)}
    if rows != {f"{ROWS}{table}.jsonl" for table in tables}:
        raise BackupDamaged("its tables do not match its revision")


def _refuse_name(entry: zipfile.ZipInfo) -> None:
    """Raise Refused for an entry that leads elsewhere, or is no plain file."""
    name = entry.orig_filename
    # What zipfile made of the name may be harmless where the name itself is not.
    is_ours = _FILE.fullmatch(name) or _TABLE.fullmatch(name)
    if name != entry.filename or not is_ours or ".." in name:
        raise Refused(f"the backup contains {name!r}, which points outside it")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise Refused(f"the backup contains {name!r}, which is not a file")


def read_entry(archive: zipfile.ZipFile, name: str, manifest: Manifest) -> Iterator[bytes]:
    """Yield an entry in pieces. Raises Refused, at its end at the latest, if it is another."""
    digest, size = hashlib.sha256(), 0
    most = manifest.sizes.get(name)
    with _as_damaged(name), archive.open(name) as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            if most is not None and size > most:
                break
            digest.update(piece)
            yield piece
    if (most is not None and size != most) or digest.hexdigest() != manifest.digests[name]:
        raise BackupDamaged(name)


@contextmanager
def _as_damaged(name: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError) as problem:
        raise BackupDamaged(name) from problem


def _read_small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise BackupDamaged(f"{name} is too long")
    return archive.read(name)
