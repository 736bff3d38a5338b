"""Whatever a partner can report and a person can decide, the pages have a word for it."""

from services.signals.texts import STATUSES as TOLD_TO_PARTNERS
from services.triage import ddas
from services.triage.pages import story as pages
from services.triage.reports import FactKind, Status
from shared import db
from shared.contracts.triage import NotTakenUpReason
from shared.door import Door
from tests.builders import NOW, arrears_reported
from tests.triage.planting import take


def test_every_status_has_a_word_for_cbs_and_for_partners() -> None:
    assert set(Status) == set(ddas.STATUSES)
    assert set(NotTakenUpReason) <= TOLD_TO_PARTNERS.keys()


async def test_a_story_tells_of_every_kind_of_fact_and_every_status(
    pool: db.Pool, door: Door
) -> None:
    signal = arrears_reported(1)
    await take(door, signal)
    await pool.execute(
        """
        insert into fact (id, address_id, household_id, kind, partner_id, contract, reported_on,
          recorded_at, court, case_number, detail, place, received_at)
        select gen_random_uuid(), address_id, household_id, kind, partner_id, contract, reported_on,
          recorded_at, '', '', '', '', received_at
        from signal, unnest($1::text[]) as kind
        """,
        list(FactKind),
    )
    await pool.execute(
        """
        insert into signal_status (signal_id, status_no, status, decided_at, policy_sha256)
        select $1, no + 1, status, $3, '' from unnest($2::text[]) with ordinality as s (status, no)
        """,
        signal.fact_id,
        list(Status),
        NOW,
    )
    async with pool.acquire() as tx:
        story = await pages.tell(tx, str(signal.fact_id))
    assert story
    (told,) = [line for line in story.lines if line.text == "Signaal van woonstad"]
    assert set(pages.STATUSES.values()) <= set(told.details)
    assert len(pages.STATUSES) == len(Status)
    of_facts = {pages.WORDS[kind].format(partner_id="woonstad") for kind in FactKind}
    assert len(of_facts) == len(FactKind)
    assert of_facts <= {line.text for line in story.lines}
