"""Letters that lie in no envelope, as the record that said they were gone was deleted."""

import re
from collections.abc import Iterable, Sequence
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from campaign.core import jobs
from campaign.deliveries.envelopes.split_bundle import list_in_no_envelope
from campaign.deliveries.record_delivery import remove_visit
from campaign.deliveries.remaining_letters import count_here, select_in_no_envelope
from campaign.deliveries.visits import find_outcomes
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.delivery import Envelope, EnvelopeRun, GateVisit
from campaign.models.signature import Letter, Signature, SignatureState
from tests.factories import post
from tests.integration.deliveries.conftest import Record, let_go
from tests.integration.deliveries.test_envelopes import after, envelopes, pages_of, posting


@pytest.fixture
def lasting(session: Session, printed: Bundle) -> Bundle:
    """Seven letters that are printed, to be read outside of any transaction."""
    assert printed.public_id
    return let_go(session, printed)


def delete_part(session: Session, visit_id: int) -> None:
    session.rollback()
    remove_visit(session, session.get_one(GateVisit, visit_id), actor="test")
    session.commit()


def test_letters_of_a_deleted_part_are_named_and_go_into_more_envelopes(
    app: Flask, staff: FlaskClient, lasting: Bundle, session: Session, record: Record
) -> None:
    part = record(lasting, DeliveryOutcome.PART, taken=3)
    assert post(staff, after(lasting, "part"), {"numbers": "2, 5-6"}).status_code == 303
    assert post(staff, after(lasting, "split"), {"letters_each": "2"}).status_code == 303
    assert post(staff, after(lasting, "post"), posting(last="1")).status_code == 303
    assert post(staff, after(lasting, "more")).status_code == 409
    assert "in no envelope" not in staff.get(after(lasting)).text

    delete_part(session, part.id)
    page = staff.get(after(lasting)).text
    assert "3 letters are in no envelope:" in page
    assert '<bdi dir="ltr">2, 5-6</bdi>' in page
    assert "In no envelope: 3" in staff.get("/desk/bundles/").text
    assert "6 letters to post" in staff.get("/desk/today").text

    assert post(staff, after(lasting, "more")).status_code == 303
    lying = [(3, 4, False), (7, 7, False), (2, 2, False), (5, 6, False)]
    assert envelopes(session) == [(1, 1, True), *lying]
    assert post(staff, after(lasting, "more")).status_code == 409, "all are in envelopes now"
    run = session.scalars(select(EnvelopeRun)).one()
    run_id, counts = run.id, (run.letter_count, run.envelope_count)
    assert counts == (7, 5)
    session.rollback()
    with app.app_context():
        jobs.run_now("deliveries.print-envelopes", run_id)
    sheets = pages_of(post(staff, after(lasting, "files/envelopes-001.pdf")).data)
    assert [f"envelope {number} of 5" in sheet for number, sheet in enumerate(sheets, 2)] == [
        True,
        True,
        True,
        True,
    ]
    assert "00005 to 00006" in sheets[3]
    page = staff.get(after(lasting)).text
    assert "in no envelope" not in page
    assert "10 g" in page, "each is weighed"
    assert post(staff, after(lasting, "post"), posting(last="5")).status_code == 303
    assert count_here(session, session.get_one(Bundle, lasting.id)) == 0
    assert "letters to post" not in staff.get("/desk/today").text


def test_the_summary_counts_what_lies_in_the_envelopes(
    staff: FlaskClient, lasting: Bundle, session: Session, record: Record
) -> None:
    part = record(lasting, DeliveryOutcome.PART, taken=3)
    post(staff, after(lasting, "part"), {"numbers": "1-3"})
    post(staff, after(lasting, "split"), {"letters_each": "1"})
    post(staff, after(lasting, "post"), posting(last="1"))
    last = select(Letter.signature_id).where(Letter.sequence == 7)
    gone = update(Signature).where(Signature.id.in_(last)).values(state=SignatureState.WITHDRAWN)
    session.rollback()
    session.execute(gone)
    session.commit()
    delete_part(session, part.id)
    page = staff.get(after(lasting)).text
    lying = page[page.index("How you sent them") :]
    lying = lying[lying.index("Ready to post") - 120 : lying.index("Ready to post")]
    assert lying.count('<td class="num">2</td>') == 2, "two envelopes with a letter each"


def test_the_summary_names_no_envelope_between_that_went_another_way(
    staff: FlaskClient, lasting: Bundle, record: Record
) -> None:
    record(lasting, DeliveryOutcome.REFUSED)
    post(staff, after(lasting, "split"), {"letters_each": "2"})
    assert post(staff, after(lasting, "post"), posting(first="2", last="2")).status_code == 303
    assert read_ways(staff.get(after(lasting)).text) == [["1", "3–4"], ["2"]]
    assert post(staff, after(lasting, "post"), posting(first="1", last="3")).status_code == 303
    assert read_ways(staff.get(after(lasting)).text) == [["1", "3"], ["2"], ["4"]]


def read_ways(page: str) -> list[list[str]]:
    """Return which envelopes each row of *How you sent them* names."""
    table = page[page.index("How you sent them") :].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th>', table)
    return [re.sub(r"<[^>]+>", "", row).split(", ") for row in rows]


@pytest.mark.both_engines
def test_a_bundle_of_which_all_envelopes_went_says_that_letters_are_left(
    lasting: Bundle, staff: FlaskClient, session: Session, record: Record
) -> None:
    part = record(lasting, DeliveryOutcome.PART, taken=3)
    post(staff, after(lasting, "part"), {"numbers": "1-3"})
    post(staff, after(lasting, "split"), {"letters_each": "2"})
    post(staff, after(lasting, "post"), posting(last="2"))
    delete_part(session, part.id)
    [outcome] = find_outcomes(session, [session.get_one(Bundle, lasting.id)]).values()
    assert (outcome.slug, outcome.outside) == ("posted", 3)
    session.rollback()
    # A refusal recorded instead leads to envelopes, too.
    record(lasting, DeliveryOutcome.REFUSED)
    assert post(staff, after(lasting, "more")).status_code == 303
    assert envelopes(session)[2:] == [(1, 2, False), (3, 3, False)]


def test_the_list_tells_of_letters_in_no_envelope_where_none_was_posted(
    staff: FlaskClient, lasting: Bundle, session: Session, record: Record
) -> None:
    part = record(lasting, DeliveryOutcome.PART, taken=3)
    assert post(staff, after(lasting, "part"), {"numbers": "2, 5-6"}).status_code == 303
    assert post(staff, after(lasting, "split"), {"letters_each": "2"}).status_code == 303
    delete_part(session, part.id)
    page = staff.get("/desk/bundles/").text
    assert "In no envelope: 3" in page
    assert "Sent by courier" not in page


def put_into_envelopes(
    session: Session, bundle: Bundle, inside: Sequence[int], spans: Iterable[tuple[int, int]]
) -> None:
    """Number the letters of the bundle so, the others leave it; its envelopes hold these spans."""
    letters = session.scalars(select(Letter.id).order_by(Letter.id)).all()
    nowhere = {"bundle_id": None, "sequence": None}
    session.execute(update(Letter).values(nowhere))
    for ident, number in zip(letters, inside, strict=False):
        numbered = {"bundle_id": bundle.id, "sequence": number}
        session.execute(update(Letter).where(Letter.id == ident).values(numbered))
    session.execute(delete(EnvelopeRun))
    facts = {"letters_each": 1, "with_letters": False, "letter_count": 0, "envelope_count": 0}
    run = EnvelopeRun(bundle_id=bundle.id, **facts)
    session.add(run)
    session.flush()
    for at, (first, last) in enumerate(spans, start=1):
        numbers = {"first_number": first, "last_number": last, "letters": 1}
        session.execute(insert(Envelope).values(run_id=run.id, sequence=at, **numbers))


def test_letters_in_no_envelope_are_those_that_no_span_reaches_over(
    lasting: Bundle, session: Session
) -> None:
    cuts = st.lists(st.integers(1, 30), unique=True, min_size=2).map(sorted)

    @settings(max_examples=50, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(1, 30), unique=True, max_size=7), cuts, st.randoms())
    def compare(inside: list[int], cuts: list[int], order: Random) -> None:
        spans = list(zip(cuts[::2], cuts[1::2], strict=False))
        order.shuffle(spans)  # those that were made later may hold lower numbers
        put_into_envelopes(session, lasting, inside, spans)
        outside = [
            number
            for number in sorted(inside)
            if not any(first <= number <= last for first, last in spans)
        ]
        assert list_in_no_envelope(session, lasting) == outside

    compare()
    session.rollback()


def test_they_are_looked_for_gap_by_gap_and_not_each_in_all_gaps(
    lasting: Bundle, session: Session
) -> None:
    letters = select_in_no_envelope([lasting.id])
    statement = str(letters.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    steps = [row[3] for row in plan if " letter" in row[3] or " signature" in row[3]]
    index = "sqlite_autoindex_letter_1"
    assert steps == [
        f"SEARCH letter USING INDEX {index} (bundle_id=?)",
        f"SEARCH letter_1 USING COVERING INDEX {index} (bundle_id=? AND sequence>? AND sequence<?)",
        "SEARCH signature USING INTEGER PRIMARY KEY (rowid=?)",
    ]
