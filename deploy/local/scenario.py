"""The demo's whole month: what is as it should be, and one of each mistake a partner can make."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from deploy.local.legal_paths import LegalPaths
from deploy.local.month import KVK, TYPE, Month, Outgoing, at, working_day
from deploy.local.parameters import P


def write_month(seed: int, signals: int) -> list[Outgoing]:
    """Every event of a month, in the order in which it is sent."""
    month = Month(seed, signals)
    LegalPaths(month).write(month.write_signals())
    month.repeat_some()
    events = list(month.out)
    for number in range(int(P["bad_of_each_kind"].value)):
        when = at(working_day(5), time(12, 1)) + timedelta(minutes=7 * number)
        events += mistakes(month, when)
    return sorted(events, key=lambda one: one.at)


def mistakes(month: Month, when: datetime) -> Iterator[Outgoing]:
    """One of each kind, with the code of the fault that it must get."""
    partner = "woonstad"
    key = f"{partner}.achterstand-gemeld.v1"

    def good() -> dict[str, Any]:
        household = month.new_household()
        return month.envelope(
            partner, "achterstand-gemeld", when, month.signal(household, partner, when)
        )

    def changed(code: str, **data: Any) -> Outgoing:
        document = good()
        document["data"] |= data
        document["data"] = {k: v for k, v in document["data"].items() if v is not None}
        return Outgoing(when, partner, key, document, code)

    yield Outgoing(when, partner, key, f"geen json {when}".encode(), "not_json")
    yield Outgoing(when, partner, key, good(), "content_type", "application/json")
    yield changed("too_large", toelichting="x" * 70_000)
    yield Outgoing(when, partner, key, {**good(), "type": f"{TYPE}onbekend.v1"}, "unknown_type")
    yield Outgoing(when, partner, key, {**good(), "type": f"{TYPE}achterstand-gemeld.v9"},
                   "unknown_type")  # fmt: skip
    yield changed("missing", bedrag=None)
    yield changed("invalid", bedrag=1250.75)
    yield changed("invalid", bedrag="-12.00")
    yield changed("nearly_named", contractnumer="C-9")
    yield changed("invalid", ontstaansdatum="2026-02-30")
    yield changed("in_future", signaaldatum="2027-01-01")
    yield changed("objection", bezwaar=True)
    yield changed("evidence", inspanningen={})
    yield changed("bsn", burgerservicenummer="999990342")
    yield changed("unknown_municipality", gemeentecode="GM0000")
    yield changed("no_agreement", grondslag="wettelijke-plicht")
    other = {**good(), "source": f"urn:nld:kvknr:{KVK['stroomnet']}"}
    yield Outgoing(when, partner, key, other, "wrong_partner")
    yield Outgoing(when, partner, f"{partner}.zitting-gepland.v1", good(), "routing_key")
    yield Outgoing(when, partner, f"{partner}.onbekend.v1", good(), "routing_key")
    yield _reuse_of_an_id(month, partner, when)


def _reuse_of_an_id(month: Month, partner: str, when: datetime) -> Outgoing:
    first = next(one for one in month.out if one.partner == partner)
    assert isinstance(first.body, dict)
    reused = {**first.body, "data": {**first.body["data"], "bedrag": "1.00"}}
    late = max(when, first.at + timedelta(hours=1))
    return Outgoing(late, partner, first.routing_key, reused, "id_reused")
