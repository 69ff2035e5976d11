"""GitHub's own description of its API: which operation a request is, and whether an exchange keeps to it.

`openapi-subset.json` is cut from `@octokit/openapi` 23.0.2 (see LICENSE-openapi.txt). Its server address is kept: exchanges are
judged as if they had been sent there, so one description serves servers on any port.

Statuses that the description leaves out although GitHub sends them everywhere (401, 403, 404, 422, 429, 5xx) must have the
body of a `basic-error`; planned failures with such a status are left alone.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

DESCRIPTION = Path(__file__).parent / "openapi-subset.json"
SERVER = "https://api.github.com"

#: Parameters that hold slashes. In a description a parameter is one segment, so such values are judged percent-encoded.
_MANY_SEGMENTS = ("ref", "branch")


@functools.cache
def description() -> dict[str, Any]:
    """The document, parsed once."""
    document: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return document


@dataclass(frozen=True)
class Operation:
    """An operation of the description."""

    name: str
    method: str
    path: str
    pattern: re.Pattern[str]
    statuses: frozenset[int]


@dataclass(frozen=True)
class Sent:
    """A request as it arrived: `path` below the API's root, percent-encoded; `query` decoded."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes


@functools.cache
def operations() -> tuple[Operation, ...]:
    """Every operation of the description."""
    found = []
    for path, methods in description()["paths"].items():
        for method, details in methods.items():
            statuses = frozenset(int(status) for status in details["responses"])
            found.append(Operation(details["operationId"], method.upper(), path, _pattern(path), statuses))
    return tuple(found)


def _pattern(path: str) -> re.Pattern[str]:
    def group(match: re.Match[str]) -> str:
        return f"(?P<{match[1]}>{'.+' if match[1] in _MANY_SEGMENTS else '[^/]+'})"

    return re.compile(re.sub(r"\\?\{(\w+)\\?\}", group, re.escape(path).replace("\\{", "{").replace("\\}", "}")))


@functools.cache
def _body_judge(name: str) -> Any:
    from openapi_schema_validator import OAS30Validator

    operation = next(found for found in operations() if found.name == name)
    details = description()["paths"][operation.path][operation.method.lower()]
    content = details.get("requestBody", {}).get("content", {}).get("application/json", {})
    return OAS30Validator(content.get("schema", {}))


def unacceptable(name: str, body: Any) -> str | None:
    """What GitHub would refuse in the body of a request, or None."""
    judged = {"labels": body} if name == "issues/add-labels" and isinstance(body, list) else body
    return next((error.message for error in _body_judge(name).iter_errors({} if judged is None else judged)), None)


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation of a request and its decoded path parameters."""
    for operation in operations():
        if operation.method == method and (match := operation.pattern.fullmatch(path)):
            return operation, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


@functools.cache
def _judge() -> Any:
    from openapi_core import Config, OpenAPI

    return OpenAPI.from_dict(description(), config=Config(spec_validator_cls=None))


@functools.cache
def _basic_error() -> Any:
    from jsonschema import Draft4Validator  # type: ignore[import-untyped]

    return Draft4Validator(description()["components"]["schemas"]["basic-error"])


def problems(sent: Sent, status: int, answer: bytes, content_type: str, *, planned: bool = False) -> list[str]:
    """What is wrong with an exchange, in words.

    `planned`: the answer is an injected failure. `status` 0: there was none, so only the request is judged.
    """
    found = find(sent.method, sent.path)
    if found is None:
        return [f"{sent.method} {sent.path} is not in the description"]
    operation, values = found
    request = _request(operation, sent, values)
    told = _complaint(operation, "request", lambda: _judge().validate_request(request))
    if not status:
        return told
    if status in operation.statuses:
        from openapi_core.testing import MockResponse

        response = MockResponse(answer, status, content_type=content_type or "application/json")
        told += _complaint(operation, f"{status} response", lambda: _judge().validate_response(request, response))
    elif status < 400:
        told.append(f"{operation.name}: status {status} is not described")
    elif not planned:
        told += _not_an_error(operation, status, answer)
    return told


def _request(operation: Operation, sent: Sent, values: dict[str, str]) -> Any:
    from openapi_core.testing import MockRequest

    path = re.sub(r"\{(\w+)\}", lambda match: quote(values[match[1]], safe=""), operation.path)
    return MockRequest(SERVER, operation.method, path, args=sent.query, data=_judged_body(operation, sent.body))


def _judged_body(operation: Operation, body: bytes) -> bytes | None:
    """The body as the description's schema has it: labels "can also" be a bare list, says its text, but not its schema."""
    if operation.name == "issues/add-labels" and body.lstrip().startswith(b"["):
        return b'{"labels": ' + body + b"}"
    return body or None


def _complaint(operation: Operation, part: str, validate: Any) -> list[str]:
    from openapi_core.exceptions import OpenAPIError

    try:
        validate()
    except OpenAPIError as error:
        cause = error.__cause__
        details = [f"{e.json_path}: {e.message[:300]}" for e in getattr(cause, "schema_errors", ())]
        return [f"{operation.name}: {part}: {'; '.join(details) or cause or error}"]
    return []


def _not_an_error(operation: Operation, status: int, answer: bytes) -> list[str]:
    try:
        body = json.loads(answer)
    except ValueError:
        return [f"{operation.name}: {status} response is not JSON"]
    errors = [error.message for error in _basic_error().iter_errors(body)]
    if not errors and not (isinstance(body, dict) and body.get("message")):
        errors = ["an error without a message"]
    return [f"{operation.name}: {status} response: {message}" for message in errors]
