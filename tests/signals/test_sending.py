"""The command that sends a table: what counts as answered, and how it waits when it is asked to."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.signals.answer_file import AnswerFile
from tests.paths import REPOSITORY
from tests.signals.test_uploads import table

FIRST = b'{"tabel": "x"}\n'


def answer(row: int, result: str = "aangenomen", **more: Any) -> dict[str, Any]:
    return {"rij": row, "resultaat": result, **more}


def refused(row: int) -> dict[str, Any]:
    return answer(row, "geweigerd")


def done(**more: Any) -> dict[str, Any]:
    return {
        "klaar": True,
        "onbekendeKolommen": [],
        "totaalBedrag": "0",
        "mediaanBedrag": "0",
        **more,
    }


def write(path: Path, told: Sequence[dict[str, Any]]) -> AnswerFile:
    file = AnswerFile(path, FIRST)
    file.read() or file.begin()
    with path.open("ab") as out:
        for one in told:
            file.add(one, json.dumps(one), out)
    return file


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


def test_the_last_answer_to_a_row_holds_and_no_refusal_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, [answer(2), refused(3), answer(4), refused(5), answer(6)])
    write(path, [answer(3)])  # and interrupted before row 5 had its turn
    with path.open("ab") as file:
        file.write(b'{"rij": 5, "resul')
    last = AnswerFile(path, FIRST)
    assert last.read()
    assert (sorted(last.places), last.refused) == ([2, 3, 4, 5, 6], {5})
    last.tidy()
    assert rows_of(path) == [answer(2), answer(3), answer(4), refused(5), answer(6)]
    assert path.stat().st_mode & 0o077 == 0, "for its owner only"


def test_answers_of_another_delivery_are_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, [answer(2)])
    other = AnswerFile(path, b'{"tabel": "y"}\n')
    assert not other.read()
    assert other.begin() == tmp_path / "a.jsonl.1"
    assert other.begin() == tmp_path / "a.jsonl.2"
    assert rows_of(tmp_path / "a.jsonl.1") == [answer(2)]
    assert path.read_bytes() == other.first


class Service(http.server.ThreadingHTTPServer):
    """Plays the service: says what it was given to say, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.says: list[tuple[int, dict[str, str], Sequence[dict[str, Any]]]] = []
        self.asked: list[tuple[float, int]] = []  # when, and from which row on
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size + 2)
        self.rfile.readline()
        query = parse_qs(urlsplit(self.path).query)
        self.server.asked.append((time.monotonic(), int(query["fromRow"][0])))
        status, headers, lines = self.server.says.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"".join(json.dumps(one).encode() + b"\n" for one in lines))

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def send(service: Service, path: Path, *words: str, key: str = "vdk_x") -> tuple[int, str]:
    environment = {**os.environ, "VOORDEUR_URL": service.url, "VOORDEUR_KEY": key}
    done = subprocess.run(
        [sys.executable, "-m", "services.signals", "send", str(path), *words],
        check=False, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_it_waits_as_long_as_it_is_asked_to_and_goes_on(service: Service, tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", 3)
    broken_off = {"klaar": False, "status": 503, "detail": "full", "retryAfter": 2}
    service.says = [
        (503, {"Retry-After": "2"}, []),
        (200, {}, [answer(2), broken_off]),
        (200, {}, [answer(3), answer(4), done()]),
    ]
    code, out = send(service, path)
    assert code == 0, out
    (first, _), (second, _), (third, from_row) = service.asked
    assert min(second - first, third - second) > 4, (
        "two seconds of its own, and two that were asked"
    )
    assert from_row == 3
    assert [one["rij"] for one in rows_of(tmp_path / "t.csv.answers.jsonl")] == [2, 3, 4]


def test_what_was_refused_is_sent_again_and_what_was_accepted_keeps_its_receipt(
    service: Service, tmp_path: Path
) -> None:
    path = table(tmp_path / "t.csv", 3)
    service.says = [
        (200, {}, [answer(2), refused(3), answer(4, ontvangstbewijs="first"), done()]),
        (200, {}, [answer(3), answer(4, "bekend"), done()]),
        (200, {}, [done()]),
    ]
    assert send(service, path)[0] == 1
    code, out = send(service, path)
    assert (code, "3 rows: 3 were accepted, 0 refused" in out) == (0, True), out
    assert send(service, path)[0] == 0
    assert [from_row for _, from_row in service.asked] == [0, 3, 5]
    wanted = [answer(2), answer(3), answer(4, ontvangstbewijs="first")]
    assert rows_of(tmp_path / "t.csv.answers.jsonl") == wanted


@pytest.mark.parametrize("other", ["url", "key", "format", "table"])
def test_what_was_answered_elsewhere_is_no_answer_here(
    service: Service, tmp_path: Path, other: str
) -> None:
    path = table(tmp_path / "t.csv", 1)
    service.says = [(200, {}, [answer(2, ontvangstbewijs=name), done()]) for name in ("one", "two")]
    assert send(service, path)[0] == 0
    service.url = service.url.replace("127.0.0.1", "localhost") if other == "url" else service.url
    if other == "table":
        table(path, 1, bad_every=1)
    words = ["--format", "vera"] if other == "format" else []
    code, out = send(service, path, *words, key="vdk_y" if other == "key" else "vdk_x")
    assert (code, "t.csv.answers.jsonl.1" in out) == (0, True), out
    assert [from_row for _, from_row in service.asked] == [0, 0]
    kept, now = (rows_of(tmp_path / f"t.csv.answers.jsonl{end}") for end in (".1", ""))
    assert [one["ontvangstbewijs"] for one in (*kept, *now)] == ["one", "two"]
