"""From a missed rent to a visit, and from a hearing that moved to a corrected alert."""

from typing import Any

from deploy.local.month import Month, Outgoing
from tests.town import MONDAY, Town


def told(month: Month, name: str, data: dict[str, Any], **more: str) -> Outgoing:
    month.send("woonstad", name, MONDAY, data, **more)
    return month.out.pop()


async def test_missed_rent_to_visit(town: Town) -> None:
    await town.start()
    driver = town.driver()
    month = Month(seed=1, signals=1)
    household = month.new_household()
    signal = month.signal(household, "woonstad", MONDAY)
    await driver.run([told(month, "achterstand-gemeld", signal | {"bedrag": "1800.00"})], [])
    findings = await town.reconcile()
    assert findings.is_clean, findings.examples()
    assert findings.figures["open_cases"] == 1
    print(findings.figures)
