"""The fingerprint by which one person is found on paper and online; a job fills in the old ones."""

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.text.fold import fold_name
from campaign.models.signature import Signature, SignatureState

_BATCH = 1000
_SIGNATURE = db.table_of(Signature)
_FILL = (
    update(_SIGNATURE)
    .where(_SIGNATURE.c.id == bindparam("signature_id"), _SIGNATURE.c.person_hmac.is_(None))
    .values(person_hmac=bindparam("print"))
)


def person_print(
    given_name: str, family_name: str, *, country: str, postal_code: str, locality: str
) -> bytes:
    """Keyed, of the folded name (in any order), the country, and postal code or else town."""
    name = " ".join(sorted(fold_name(f"{given_name} {family_name}").split()))
    code = fold_name(postal_code).replace(" ", "")
    home = code or f"|{fold_name(locality)}"
    return db.database().keyring.fingerprint(f"{name}|{country}|{home}", "person")


@jobs.job("signing.fill-prints", every_minutes=10)
def fill_prints() -> None:
    """Fill in the fingerprint where it is missing: signatures from before there were any."""
    while _fill_batch():
        pass


def _fill_batch() -> bool:
    """Some of them, in a transaction of their own; whether there may be more."""
    with db.reading() as session:
        prints = _missing(session)
    if prints:
        with db.transaction() as session:
            session.connection().execute(_FILL, prints)
    return len(prints) == _BATCH


def _missing(session: Session) -> list[dict[str, object]]:
    rows = session.execute(
        select(
            Signature.id,
            Signature.given_name,
            Signature.family_name,
            Signature.country,
            Signature.postal_code,
            Signature.locality,
        )
        .where(Signature.person_hmac.is_(None), Signature.state != SignatureState.ERASED)
        .limit(_BATCH)
    )
    return [
        {
            "signature_id": row.id,
            "print": person_print(
                row.given_name,
                row.family_name,
                country=row.country,
                postal_code=row.postal_code,
                locality=row.locality,
            ),
        }
        for row in rows
    ]
