"""Logging without personal data: JSON lines that hold only the keys named here.

An exception's text may quote a row or a document, so a log line never has it: it has the class, and
the file and line that raised.
"""

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_OURS = tuple(str(Path(__file__).parents[1] / name) for name in ("services", "shared"))

# What a line may say. A key that is not here is left out and counted in `left_out`.
KEYS = frozenset(
    {
        "alert_id", "attempt", "batch", "case_id", "channel", "consumer", "count", "depth",
        "due_at", "environment", "event", "event_id", "event_type", "fault", "faults", "host",
        "lane", "level", "logger", "migration", "municipality", "outcome", "partner_id", "policy",
        "port", "queue", "reason", "row_count", "seal", "seconds", "service", "signal_id", "state",
        "template", "timestamp", "version",
    }
)  # fmt: skip


def fault_of(error: BaseException) -> str:
    """The class of an error and the last place of ours that it came through, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_OURS)]
    place = (ours or frames)[-1] if frames else None
    return type(error).__name__ + (f" at {_short(place.filename)}:{place.lineno}" if place else "")


def _short(file_name: str) -> str:
    return "/".join(file_name.rsplit("/", 2)[-2:])


def _only_known_keys(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    unknown = [key for key in line if key not in KEYS]
    for key in unknown:
        del line[key]
    if unknown:
        line["left_out"] = len(unknown)
    return line


def _fault_instead_of_traceback(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    if raised := line.pop("exc_info", None):
        error = raised if isinstance(raised, BaseException) else sys.exc_info()[1]
        line["fault"] = fault_of(error) if error else "unknown"
    return line


class _ForeignLines(logging.Handler):
    """Lines of libraries: their logger and level, and the fault; never their text."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        _write("library_logged", record.levelname, record.name, error)


def _write(event: str, level: str, logger: str, error: BaseException | None) -> None:
    fault = {"fault": fault_of(error)} if error else {}
    structlog.get_logger().log(logging.getLevelNamesMapping()[level], event, logger=logger, **fault)


def configure(service: str, level: str) -> None:
    """Log JSON lines to standard error from now on."""
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _fault_instead_of_traceback,
        _only_known_keys,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(handlers=[_ForeignLines()], level=logging.WARNING, force=True)


def get(**known: Any) -> structlog.typing.FilteringBoundLogger:
    """A logger; give it ids as keys, never values from a document."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**known)
    return logger
