"""Who was told of a date and has no part in it any more is told that they need not come: pure.

Once, and nothing of it after that: where it moved to, or whether it goes on, is not theirs to know.
"""

from collections.abc import Iterator
from dataclasses import replace

from services.notify.recipients import former_of, recipient_of
from services.notify.schedule import PASSED_ON, Alert, Moment, Plan, concerned, counts, plan
from services.notify.subjects import DATED, State, Subject
from shared.contracts.envelope import derived_id


def plan_all(subject: Subject, moment: Moment) -> Plan:
    """What to supersede and what to schedule about a subject, also to who had a part in it."""
    first = plan(subject, moment)
    passed_on = _passed_on(subject, moment.without(first.superseded))
    return replace(first, wanted=(*first.wanted, *passed_on))


def _passed_on(subject: Subject, moment: Moment) -> Iterator[Alert]:
    is_told = subject.may_be_told(moment.case) and subject.state is not State.OVER
    if subject.kind not in DATED or not is_told:
        return
    last: dict[str, Alert] = {}  # what each worker heard last
    for alert in sorted(moment.existing, key=lambda one: one.sequence):
        if counts(alert) and not alert.is_to_resident:
            last[alert.recipient_id] = alert
    have_part = concerned(subject, moment)
    for worker_id, alert in last.items():
        still = recipient_of(alert.recipient_role, moment.case, subject)
        if worker_id in have_part or (still and still.id == worker_id):
            continue
        is_off = alert.is_passed_on or alert.template.endswith("_cancelled")
        is_over = alert.expires_at is not None and alert.expires_at <= moment.now
        if not (is_off or is_over) and former_of(worker_id, moment.case, subject):
            yield _taken_from(alert, subject, moment)


def _taken_from(told: Alert, subject: Subject, moment: Moment) -> Alert:
    """The alert that somebody need not come to what this one told them of."""
    template = f"{subject.kind}{PASSED_ON}"
    natural_key = (subject.case_id, subject.kind, subject.key, template, told.recipient_id)
    mine = [one for one in moment.existing if one.recipient_id == told.recipient_id]
    alert_id = derived_id("alert", *natural_key, sum(one.is_passed_on for one in mine))
    return replace(
        told,
        id=alert_id,
        intent=alert_id,
        template=template,
        due_at=moment.now,
        bundle=None,
        policy_sha256=moment.policy.sha256,
        state="scheduled",
        decision=None,
        sequence=told.sequence + 1,
    )
