"""`POST /$batch`: up to twenty requests in one, each answered on its own."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.exchange import Answer, Call, Document

MAX_REQUESTS = 20
HTTP_ERRORS = 400
"""Statuses from here on."""


class BatchRequest(msgspec.Struct, frozen=True):
    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: Any = None
    depends_on: tuple[str, ...] = msgspec.field(default=(), name="dependsOn")


class Batch(msgspec.Struct, frozen=True):
    requests: tuple[BatchRequest, ...]


def answer_batch(call: Call, answer: Callable[[Call], Answer]) -> Answer:
    """The answers to all requests of a batch, refusals first: clients must go by the ids, since Graph keeps no order.

    Raises:
        GraphError: 400, for a batch that is no batch, or too large, or has an id twice.
    """
    try:
        batch = msgspec.json.decode(call.body, type=Batch)
    except msgspec.DecodeError as error:
        raise bad_request(f"Invalid batch payload format: {error}") from None
    if not 0 < len(batch.requests) <= MAX_REQUESTS:
        raise GraphError(400, "MaximumValueExceeded", f"A batch holds 1 to {MAX_REQUESTS} requests.")
    if len({request.id.casefold() for request in batch.requests}) < len(batch.requests):
        raise bad_request("Every request in a batch must have an id of its own.")
    statuses: dict[str, int] = {}
    responses: list[Document] = []
    for request in batch.requests:
        if any(statuses.get(dependency, 424) >= HTTP_ERRORS for dependency in request.depends_on):
            result = Answer(424, {"error": {"code": "FailedDependency", "message": "A request it depends on failed."}})
        else:
            result = answer(_inner_call(call, request))
        statuses[request.id] = result.status
        responses.append(_response(request.id, result))
    responses.sort(key=lambda response: response["status"] < HTTP_ERRORS)
    return Answer(body={"responses": responses})


def _inner_call(outer: Call, request: BatchRequest) -> Call:
    parts = urlsplit(request.url)
    return Call(
        method=request.method.upper(),
        path="/" + unquote(parts.path).lstrip("/"),
        origin=outer.origin,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=b"" if request.body is None else msgspec.json.encode(request.body),
    )


def _response(request_id: str, answer: Answer) -> Document:
    response: Document = {"id": request_id, "status": answer.status, "headers": dict(answer.headers)}
    if isinstance(answer.body, bytes):
        response["body"] = base64.b64encode(answer.body).decode()
    elif answer.body is not None:
        response["headers"]["Content-Type"] = "application/json"
        response["body"] = answer.body
    return response
