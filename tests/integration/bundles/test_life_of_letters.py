"""Whatever happens to letters and bundles, in whatever order: each letter is in one place, once."""

from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle
from campaign.core import db
from campaign.core.errors import DomainError
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.confirm_letter import confirm_signature
from campaign.signing.states import may_move
from campaign.tracking.change_or_withdraw import withdraw_letter
from tests.factories import add_confirmed, freeze_waiting, make_campaign

PEOPLE = st.integers(0, 5)


class LifeOfLetters(RuleBasedStateMachine):
    """Six people, one campaign; what they and the staff do. `states` is what it should come to."""

    session: Session
    settings: Settings

    def __init__(self) -> None:
        super().__init__()
        campaign = make_campaign(self.session)
        self.campaign_id = campaign.id
        now = db.utcnow()
        signatures = add_confirmed(
            self.session,
            campaign,
            6,
            state=SignatureState.PENDING,
            confirmed_at=None,
            letter_locale="en",
            token_expires_at=now + timedelta(days=7),
            token_digest=lambda at: f"{campaign.id}-{at}".encode(),
        )
        self.ids = [signature.id for signature in signatures]
        self.states = dict.fromkeys(self.ids, SignatureState.PENDING)
        self.frozen: dict[int, set[int]] = {}
        """Of each bundle that was not given up: whose letters were taken."""
        self.session.commit()

    def _person(self, at: int) -> Signature:
        return self.session.get_one(Signature, self.ids[at], populate_existing=True)

    def _try(self, act: object) -> bool:
        """Do it in a transaction; whether it was not refused."""
        try:
            act()  # type: ignore[operator]
        except DomainError:
            self.session.rollback()
            return False
        self.session.commit()
        return True

    @rule(at=PEOPLE)
    def confirm(self, at: int) -> None:
        def act() -> None:
            confirm_signature(self.session, self._person(at), now=db.utcnow())

        waited = self.states[self.ids[at]] is SignatureState.PENDING
        done = self._try(act)
        assert done or not waited
        if waited:
            self.states[self.ids[at]] = SignatureState.CONFIRMED

    @rule(at=PEOPLE)
    def withdraw(self, at: int) -> None:
        done = self._try(lambda: withdraw_letter(self.session, self._person(at), db.utcnow()))
        if done:
            assert may_move(self.states[self.ids[at]], SignatureState.WITHDRAWN)
            self.states[self.ids[at]] = SignatureState.WITHDRAWN

    @rule()
    def freeze(self) -> None:
        waiting = {
            number
            for number, state in self.states.items()
            if state is SignatureState.CONFIRMED
            and not any(number in taken for taken in self.frozen.values())
        }

        def act() -> None:
            campaign = self.session.get_one(Campaign, self.campaign_id)
            small = self.settings.model_copy(update={"volume_letters": 2})
            bundle = freeze_waiting(self.session, campaign, settings=small)
            self.frozen[bundle.id] = waiting

        assert self._try(act) is bool(waiting)

    @rule(which=st.integers(0, 3), ready=st.booleans())
    def give_up(self, which: int, ready: bool) -> None:
        if not self.frozen:
            return
        bundle_id = sorted(self.frozen)[which % len(self.frozen)]
        bundle = self.session.get_one(Bundle, bundle_id)
        bundle.state = BundleState.READY if ready else bundle.state

        def act() -> None:
            cancel_bundle.cancel(
                self.session, bundle, storage.storage(), reason="By mistake.", actor="command"
            )

        if self._try(act):
            del self.frozen[bundle_id]

    @invariant()
    def each_signature_is_as_it_should_be(self) -> None:
        rows = self.session.execute(select(Signature.id, Signature.state)).all()
        assert {row.id: row.state for row in rows if row.id in self.states} == self.states

    @invariant()
    def each_letter_is_in_one_place_and_none_is_lost(self) -> None:
        letters = self.session.execute(
            select(Letter.signature_id, Letter.bundle_id, Letter.sequence).where(
                Letter.signature_id.in_(self.ids)
            )
        ).all()
        assert sorted(letter.signature_id for letter in letters) == self.ids
        places: dict[int, set[int]] = {}
        for letter in letters:
            if letter.bundle_id is not None:
                places.setdefault(letter.bundle_id, set()).add(letter.signature_id)
        assert {number: people for number, people in places.items() if number in self.frozen} == (
            self.frozen
        )
        for number in self.frozen:
            numbers = [letter.sequence for letter in letters if letter.bundle_id == number]
            assert sorted(numbers) == list(range(1, len(numbers) + 1))

    def teardown(self) -> None:
        self.session.rollback()


@pytest.mark.both_engines
@pytest.mark.timeout(300)
def test_letters_and_bundles_live_in_any_order(
    app: Flask, session: Session, settings: Settings
) -> None:
    LifeOfLetters.session, LifeOfLetters.settings = session, settings
    run_state_machine_as_test(
        LifeOfLetters,
        settings=hypothesis_settings(max_examples=8, stateful_step_count=14, deadline=None),
    )
