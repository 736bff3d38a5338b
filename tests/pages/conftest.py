"""A site for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.pages.site import Site
from tests.town import Town


@pytest.fixture
async def site(town: Town) -> AsyncIterator[Site]:
    """The site of a town of its own; nothing of it runs yet."""
    found = Site(town)
    yield found
    await found.close()
