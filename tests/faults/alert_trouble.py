"""The trouble that a gateway makes in the fault test of notify, in an order that chance decides."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.faults.alert_work import BOUNCES
from tests.town import Town

EVERY_SECONDS = 0.4
# Each lasts for a few messages. A refusal for good meets only addresses that bounce: to refuse a
# worker's mail for good would be no trouble of notify's.
TROUBLES: Sequence[Mapping[str, Any]] = (
    {"refuse_code": 451, "refuse_next": 3},
    {"refuse_code": 421, "refuse_next": 1},
    {"greylist_seconds": 0.5, "greylist_next": 4},
    {"drop_after_data": 2},
    {"hang_after_data": 1},
    {"nonsense_after_data": 2},
    {"hang_on_connect": 1},
    {"nonsense_on_connect": 1},
    {"delay_seconds": 0.1},
    {"api_error_status": 500, "api_error_next": 3},
    {"api_error_status": 503, "api_error_next": 1},
    {"api_error_status": 429, "api_error_next": 4},
    {"api_error_status": 400, "api_error_next": 1},
    {"api_error_status": 403, "api_error_next": 2},
    {"api_hang_next": 1},
    {"api_html_next": 2},
    {"api_broken_json_next": 2},
    {"api_drop_next": 2},
    {"api_drop_next": 3, "api_lookup_error_status": 500, "api_lookup_error_next": 2},
    {"vanish_next": 2},
    {"callback_twice_next": 5},
    {"callback_lost_next": 5},
    {"callback_wrong_order_next": 5},
    {"callback_late_seconds": 3},
)
ALWAYS: dict[str, Any] = {
    "recipients": [{"pattern": BOUNCES, "code": 550}],
    # Numbers that are given to nobody; of one in ten nothing is ever heard again.
    "outcomes": [
        {"pattern": "*7", "status": "permanent-failure"},
        {"pattern": "*8", "status": None},
    ],
    "callback_retry_seconds": 2,
    "api_rate_per_minute": 1_000_000,
}


@asynccontextmanager
async def troubled(
    town: Town, troubles: Sequence[Mapping[str, Any]], chance: random.Random
) -> AsyncIterator[None]:
    """Make trouble while this lasts."""
    making = asyncio.create_task(_make_trouble(town, troubles, chance))
    try:
        yield
        assert not making.done(), making.exception()
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        await town.gateway_behaves(**ALWAYS)


async def _make_trouble(
    town: Town, troubles: Sequence[Mapping[str, Any]], chance: random.Random
) -> None:
    while True:
        for trouble in chance.sample(troubles, len(troubles)):
            await town.gateway_behaves(**ALWAYS, **trouble)
            await asyncio.sleep(EVERY_SECONDS)
