"""A log line holds ids and words of ours, and nothing of a document."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared import log

SECRET = "Jansen, Dorpsstraat 1"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_key_that_is_not_known_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("test", "INFO")
    log.get().info("event_refused", count=3, surname=SECRET)
    (line,) = lines(capsys)
    assert line["event"] == "event_refused"
    assert line["count"] == 3
    assert line["service"] == "test"
    assert line["left_out"] == 1
    assert SECRET not in json.dumps(line)


def test_an_exception_is_told_by_class_and_place_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure("test", "INFO")
    try:
        raise ValueError(SECRET)  # noqa: TRY301 - what is raised is what is tested
    except ValueError:
        log.get().exception("it_failed")
    (line,) = lines(capsys)
    assert str(line["fault"]).startswith("ValueError at shared/test_log.py:")
    assert SECRET not in json.dumps(line)


def test_a_library_says_that_it_spoke_and_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("test", "INFO")
    logging.getLogger("asyncpg").warning("row %s", SECRET)
    (line,) = lines(capsys)
    assert line["event"] == "library_logged"
    assert line["logger"] == "asyncpg"
    assert SECRET not in json.dumps(line)
