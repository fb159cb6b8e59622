"""The fingerprint by which one person is found on paper and online; a job fills in the old ones."""

from dataclasses import dataclass

from sqlalchemy import Row, bindparam, select, update

from campaign.core import db, jobs
from campaign.core.sealing import WrongKey, log_wrong_key
from campaign.core.text.fold import fold_name
from campaign.models.signature import Signature, SignatureState
from campaign.signing.validate import SignedForm

_BATCH = 1000
_SIGNATURE = db.table_of(Signature)
_FILL = (
    update(_SIGNATURE)
    .where(_SIGNATURE.c.id == bindparam("signature_id"), _SIGNATURE.c.person_hmac.is_(None))
    .values(person_hmac=bindparam("print"))
)
_MISSING = select(
    Signature.id,
    Signature.given_name,
    Signature.family_name,
    Signature.country,
    Signature.postal_code,
    Signature.locality,
).where(Signature.person_hmac.is_(None), Signature.state != SignatureState.ERASED)
_Row = Row[int, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """What tells two people who share a mailbox apart, and what shows that they share a home."""

    given_name: str
    family_name: str
    country: str
    postal_code: str
    locality: str

    @property
    def name(self) -> str:
        """The name without case and accents: "José  Núñez" is "JOSE NUNEZ"."""
        return fold_name(f"{self.given_name} {self.family_name}")

    @property
    def code(self) -> str:
        return "".join(filter(str.isalnum, fold_name(self.postal_code)))

    def shares_home(self, other: "Person") -> bool:
        """Whether both may live together: by the postal code, and without one by the town."""
        if self.country != other.country:
            return False
        if self.code and other.code:
            return self.code == other.code
        town = fold_name(self.locality)
        return bool(town) and town == fold_name(other.locality)


def person_of(signed: Signature | SignedForm | _Row) -> Person:
    return Person(
        signed.given_name, signed.family_name, signed.country, signed.postal_code, signed.locality
    )


def person_print(person: Person) -> bytes:
    """Return the keyed print of name (in any order), country, and postal code or else town."""
    name = " ".join(sorted(person.name.split()))
    code = fold_name(person.postal_code).replace(" ", "")
    home = code or f"|{fold_name(person.locality)}"
    return db.database().keyring.fingerprint(f"{name}|{person.country}|{home}", "person")


@jobs.job("signing.fill-prints", every_minutes=10)
def fill_prints() -> None:
    ids = _fill_batch(0)
    while len(ids) == _BATCH:
        ids = _fill_batch(ids[-1])


def _fill_batch(last: int) -> list[int]:
    """Fill in some, in a transaction of their own; return the ids that were looked at."""
    query = _MISSING.where(Signature.id > last).order_by(Signature.id).limit(_BATCH)
    with db.reading() as session:
        rows: list[_Row] = []
        try:
            rows += session.execute(query).all()
            ids = [row.id for row in rows]
        except WrongKey:
            ids = list(session.scalars(query.with_only_columns(Signature.id)))
            for signature_id in ids:
                with log_wrong_key("signature cannot be opened", signature=signature_id):
                    rows += session.execute(_MISSING.where(Signature.id == signature_id)).all()
    prints = [{"signature_id": row.id, "print": person_print(person_of(row))} for row in rows]
    if prints:
        with db.transaction() as session:
            session.connection().execute(_FILL, prints)
    return ids
