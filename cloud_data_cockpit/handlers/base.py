"""The base of all handlers: body and query -> record, record -> reply, error -> {code, message} and its status."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from jupyter_server.base.handlers import APIHandler
from pydantic import TypeAdapter, ValidationError
from tornado.web import HTTPError

from ..errors import BadRequest, CockpitError
from ..jobs.tracebacks import problem_of, traceback_text
from ..models import Problem, Record
from .services import Services

RecordT = TypeVar("RecordT", bound=Record)

RESOURCE = "cloud_data_cockpit"
_JUPYTERS = re.compile(r"token|_xsrf|no_track_activity|[0-9]+")
"""Parameters that Jupyter's base handler reads, and the time that JupyterLab adds to a URL to get past caches."""
_REASONS = {499: "Client Closed Request"}


class CockpitHandler(APIHandler):
    """Handlers derived from this parse, call one service and reply; whatever is raised becomes a Problem here."""

    auth_resource = RESOURCE
    services: Services

    def initialize(self, services: Services) -> None:
        """Tornado hands over what the route was registered with."""
        self.services = services

    @property
    def user_name(self) -> str:
        """Who asks, by the name of the Jupyter user; "" for nobody but the server's token.

        A script that brings the token and no cookie is given another invented name with each of its requests, which
        would make it many users.
        """
        user = self.current_user
        name = str(getattr(user, "name", "") or getattr(user, "username", ""))
        invented = self.token_authenticated and name.startswith("Anonymous ")
        return "" if invented and self.get_cookie(self.identity_provider.get_cookie_name(self)) is None else name

    def query(self, record: type[RecordT]) -> RecordT:
        """The parameters after `?` as a record. BadRequest naming those that are missing, wrong or unknown.

        Tornado's own get_argument strips blanks and replaces control characters, both of which a key may hold.
        """
        try:
            pairs = parse_qsl(self.request.query, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise BadRequest("the parameters in the URL are not UTF-8") from None
        given = {name: value for name, value in pairs if not _JUPYTERS.fullmatch(name)}
        if any(name == "token" for name, _ in pairs) and not self.token_authenticated:
            raise BadRequest("Jupyter takes `token` in a URL for its own login; the token of a page is `next_token`")
        try:
            return record.model_validate_strings(given)
        except ValidationError as error:
            raise BadRequest(f"the parameters in the URL are not right: {problems_of(error)}") from None

    def body(self, record: type[RecordT]) -> RecordT:
        """The JSON body as a record. BadRequest naming the fields that are missing, wrong or unknown."""
        try:
            return record.model_validate_json(self.request.body)
        except ValidationError as error:
            raise BadRequest(f"the body is not right: {problems_of(error)}") from None

    def reply(self, record: Record, status: int = HTTPStatus.OK) -> None:
        """Finish with a record as JSON."""
        self.set_status(status)
        self.finish(record.model_dump_json())

    def reply_list(self, kind: type[RecordT], records: Sequence[RecordT]) -> None:
        """Finish with a JSON list of records."""
        self.finish(TypeAdapter(list[kind]).dump_json(list(records)))  # type: ignore[valid-type]

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error reply of the API is made here."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, CockpitError):
            status_code = error.status
            problem = problem_of(error)
        elif error is None or isinstance(error, HTTPError):
            problem = Problem(code=_code(status_code), message=_words(status_code, error))
        else:
            problem = problem_of(error)
        self.set_status(status_code, _REASONS.get(status_code))
        self.finish(problem.model_dump_json())

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """One line for what was foreseen, a traceback for the rest; never the query, which may hold Jupyter's token."""
        request = f"{self.request.method} {self.request.path}"
        if isinstance(value, CockpitError):
            self.log.info("%s: %s", request, value.message)
        elif isinstance(value, HTTPError):
            self.log.warning("%s: %s", request, _words(value.status_code, value))
        elif value is not None:
            self.log.error("%s failed unexpectedly\n%s", request, traceback_text(value))


def problems_of(error: ValidationError) -> str:
    """Each field that is wrong, and why, in one line."""
    found = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(str(part) for part in problem["loc"])
        words = problem["msg"].removeprefix("Value error, ")
        found.append(f"{where}: {words}" if where else words)
    return "; ".join(found)


def _code(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("'", "")
    except ValueError:
        return "error"


def _words(status: int, error: HTTPError | None) -> str:
    if error is not None and error.log_message:
        return error.log_message % error.args if error.args else error.log_message
    if status == HTTPStatus.FORBIDDEN:
        return "this needs a login to the Jupyter server, or a permission that you do not have"
    try:
        return HTTPStatus(status).description or HTTPStatus(status).phrase
    except ValueError:
        return f"the request failed with status {status}"
