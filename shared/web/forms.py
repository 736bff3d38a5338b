"""What a page's form says, and the proof that it came from a page of ours."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from fastapi import Request

from shared.web.problems import Problem
from shared.web.sessions import Session

FIELDS_MAX = 1500
FORM_KEY = "form_key"


@dataclass(frozen=True)
class Form:
    """The fields of a form, as they were typed."""

    fields: Mapping[str, list[str]]

    def one(self, name: str) -> str:
        """The (first) value of a field, without space around it; empty when it is not there."""
        return self.fields.get(name, [""])[0].strip()

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be ticked more than once."""
        return self.fields.get(name, [])

    def filled(self, *names: str) -> dict[str, str]:
        """Those of these fields that were filled in."""
        return {name: self.one(name) for name in names if self.one(name)}


async def read_form(request: Request, session: Session, bytes_max: int) -> Form:
    """The form of a request; raises Problem for one that no page of ours sent (CSRF)."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            raise Problem(413, "The form is too long; nothing was changed.")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except (UnicodeDecodeError, ValueError):
        raise Problem(400, "The form cannot be read; nothing was changed.") from None
    form = Form(fields)
    require_own(request, form, session)
    return form


def require_own(request: Request, form: Form, session: Session) -> None:
    """Raise Problem for a form that no page of ours sent (CSRF)."""
    told = request.headers.get("sec-fetch-site", "same-origin")
    is_own = hmac.compare_digest(form.one(FORM_KEY).encode(), session.form_key.encode())
    if told != "same-origin" or not is_own:
        raise Problem(403, "This form is not from a page of yours; open the page again.")
