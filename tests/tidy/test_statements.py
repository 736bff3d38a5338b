"""Every statement fits the schema that the migrations make."""

import asyncpg
import pytest

from deploy.local.servers import Servers
from tests.paths import REPOSITORY
from tests.tidy.statements import PLUMBING, Statement, elsewhere, files_of, statements
from tests.town import SERVICES


def all_of(service: str) -> list[Statement]:
    paths = [*files_of(service), *(REPOSITORY / name for name in PLUMBING)]
    return [statement for path in paths for statement in statements(path)]


@pytest.mark.parametrize("service", SERVICES)
async def test_every_statement_can_be_prepared(
    servers: Servers, databases: dict[str, str], service: str
) -> None:
    connection = await asyncpg.connect(databases[service])
    faults = []
    try:
        for statement in all_of(service):
            try:
                await connection.prepare(statement.sql)
            except asyncpg.PostgresError as error:
                faults.append(f"{statement.place}: {error}")
    finally:
        await connection.close()
    assert len(all_of(service)) > 10
    assert not faults, "\n".join(faults)


async def test_a_statement_that_does_not_fit_is_found(databases: dict[str, str]) -> None:
    connection = await asyncpg.connect(databases["triage"])
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.prepare("select surname from household")
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_sql_stands_only_in_the_files_for_it(service: str) -> None:
    assert not [statement.place for statement in elsewhere(service)]
