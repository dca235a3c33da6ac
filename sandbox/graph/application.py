"""The tenant over HTTP: tokens, failures on order, and Graph's way of answering."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute
from starlette.types import Receive, Scope, Send

from sandbox.graph.batch import answer_batch
from sandbox.graph.directory import DirectoryRoutes
from sandbox.graph.drive_documents import DOWNLOADS
from sandbox.graph.drive_routes import UPLOADS, DriveRoutes
from sandbox.graph.errors import GraphError
from sandbox.graph.exchange import VERSION, Answer, Call, Route, dispatch
from sandbox.graph.faults import Fault, Faults
from sandbox.graph.list_routes import ListRoutes
from sandbox.graph.mail_routes import MailRoutes
from sandbox.graph.services import Services
from sandbox.graph.sharing_routes import SharingRoutes
from sandbox.graph.tokens import Tokens, unavailable
from sandbox.web import DROP_CONNECTION

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
FAULTS = "/_sandbox/faults"
BATCH = "/$batch"
OAUTH = "/oauth2/v2.0/token"
ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Service Unavailable</h1></body></html>"
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class GraphApplication:
    """`transaction` is held while a call works, so that people in other threads see all of it or nothing."""

    def __init__(
        self,
        services: Services,
        tokens: Tokens,
        faults: Faults,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        list_routes = ListRoutes(services)
        self._drive_routes = DriveRoutes(services)
        self._grants = services.grants
        self._tokens = tokens
        self._faults = faults
        self._transaction = transaction
        self._routes: list[Route] = [
            *MailRoutes(services).routes(),
            *list_routes.routes(),
            *self._drive_routes.routes(),
            *SharingRoutes(services, list_routes).routes(),
            *DirectoryRoutes(services.directory, services.page_size).routes(),
        ]

    def starlette(self) -> Starlette:
        return Starlette(
            routes=[
                WebRoute(FAULTS, self._order_faults, methods=["GET", "POST", "DELETE"]),
                WebRoute("/{path:path}", self._receive, methods=METHODS),
            ]
        )

    async def _order_faults(self, request: Request) -> Response:
        """POST adds one fault or a list of them, DELETE removes all, GET shows what is left."""
        if request.method == "DELETE":
            self._faults.clear()
        elif request.method == "POST":
            try:
                wanted = msgspec.json.decode(await request.body(), type=Fault | list[Fault])
            except msgspec.DecodeError as error:
                return _response(Answer(400, {"error": {"code": "BadRequest", "message": str(error)}}), {})
            self._faults.add(*(wanted if isinstance(wanted, list) else [wanted]))
        return _response(Answer(body={"faults": msgspec.to_builtins(self._faults.pending)}), {})

    async def _receive(self, request: Request) -> Response:
        call = Call(
            method=request.method,
            path=request.scope["path"],
            origin=str(request.base_url).rstrip("/"),
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=await request.body(),
        )
        identification = {"request-id": str(uuid.uuid4())}
        identification["client-request-id"] = call.headers.get("client-request-id", identification["request-id"])
        fault = self._faults.take(call.method, call.path)
        if fault is None:
            return _response(self._answer(call, identification), identification)
        done = self._answer(call, identification) if fault.after_work else None
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if done is None and fault.works:
            done = self._answer(call, identification)
        if fault.status is not None and fault.body is None and call.path.endswith(OAUTH):
            return _response(unavailable(fault.status, _retry_header(fault)), identification)
        return _failed(fault, done, identification)

    def _answer(self, call: Call, identification: Mapping[str, str]) -> Answer:
        try:
            with self._transaction():
                return self._work(call, identification)
        except GraphError as error:
            return _error_answer(error, identification)

    def _work(self, call: Call, identification: Mapping[str, str]) -> Answer:
        if call.path.startswith(f"{VERSION}/"):
            self._check_token(call)
            inner = _below_version(call)
            if inner.path == BATCH and inner.method == "POST":
                return answer_batch(inner, lambda part: self._answer_part(part, identification))
            return self._dispatch(inner)
        return self._work_outside(call)

    def _dispatch(self, call: Call) -> Answer:
        self._grants.check(call)
        return dispatch(self._routes, call)

    def _work_outside(self, call: Call) -> Answer:
        """Addresses that are not Graph's own: tokens, uploads, downloads."""
        parts = call.path.strip("/").split("/")
        match parts:
            case [tenant, "oauth2", "v2.0", "token"] if call.method == "POST":
                return self._tokens.answer(tenant, dict(parse_qsl(call.body.decode("utf-8", "replace"))))
            case [*prefix, session_id] if "/" + "/".join(prefix) == UPLOADS:
                return self._drive_routes.receive(call, session_id)
            case [*prefix, drive_id, item_id] if "/" + "/".join(prefix) == DOWNLOADS and call.method == "GET":
                return self._drive_routes.download(call, drive_id, item_id)
        raise GraphError(404, "itemNotFound", f"The sandbox has nothing at {call.path}.")

    def _answer_part(self, part: Call, identification: Mapping[str, str]) -> Answer:
        """One request of a batch. Of the failures on order only statuses make sense here."""
        fault = self._faults.take(part.method, VERSION + part.path)
        if fault is not None and not fault.works:
            return _ordered_error(fault, identification)
        try:
            answer = self._dispatch(part)
        except GraphError as error:
            answer = _error_answer(error, identification)
        return answer if fault is None or fault.status is None else _ordered_error(fault, identification)

    def _check_token(self, call: Call) -> None:
        authorization = call.headers.get("authorization")
        if not self._tokens.accepts(authorization):
            message = (
                "Access token is empty." if not authorization else "Lifetime validation failed, the token is expired."
            )
            raise GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": "Bearer"})


class _CutOff(Response):
    """No answer, or only the first half of one: then the connection is gone."""

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self._whole = None if answer is None else _response(answer, {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._whole is not None:
            body = bytes(self._whole.body)
            start = {
                "type": "http.response.start",
                "status": self._whole.status_code,
                "headers": self._whole.raw_headers,
            }
            await send(start)
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        cut_off: Callable[[], None] = scope["extensions"][DROP_CONNECTION]
        cut_off()
        while (await receive())["type"] != "http.disconnect":
            pass


def _failed(fault: Fault, done: Answer | None, identification: Mapping[str, str]) -> Response:
    """What the caller gets of a call that `fault` hit; `done` is the true answer where the work was done."""
    if fault.drop in {"before", "after"}:
        return _CutOff()
    if fault.drop == "truncate":
        return _CutOff(done if done is not None and done.body else None)
    if fault.body in {"html", "miscoded", "foreign"}:
        return _response(_by_another(fault), identification)
    if fault.body == "other_hash" and done is not None:
        return _response(_with_another_hash(done), identification)
    if fault.status is not None:
        return _response(_ordered_error(fault, identification), identification)
    return _response(done or Answer(), identification)


def _by_another(fault: Fault) -> Answer:
    """What stands between the caller and Graph has its own way of answering."""
    status = fault.status or 200
    if fault.body == "foreign":
        return Answer(status, {"message": "Blocked."}, _retry_header(fault))
    encoding = {"Content-Encoding": "gzip"} if fault.body == "miscoded" else {}
    return Answer(status, ERROR_PAGE, {**_retry_header(fault), **encoding}, "text/html; charset=utf-8")


def _with_another_hash(answer: Answer) -> Answer:
    """What is said of a file, as if another content had been stored."""
    if not isinstance(answer.body, dict) or "file" not in answer.body:
        return answer
    file = answer.body["file"] | {"hashes": {"quickXorHash": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}}
    return Answer(answer.status, answer.body | {"file": file}, answer.headers, answer.media_type)


def _ordered_error(fault: Fault, identification: Mapping[str, str]) -> Answer:
    error = GraphError(fault.status or 500, fault.error_code, "The sandbox was asked to fail.", _retry_header(fault))
    return _error_answer(error, identification)


def _retry_header(fault: Fault) -> Mapping[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


def _error_answer(error: GraphError, identification: Mapping[str, str]) -> Answer:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    inner = {"date": moment, **identification}
    return Answer(
        error.status, {"error": {"code": error.code, "message": error.message, "innerError": inner}}, error.headers
    )


def _response(answer: Answer, identification: Mapping[str, str]) -> Response:
    headers = {**answer.headers, **identification}
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, headers, answer.media_type)
    if answer.body is None:
        return Response(None, answer.status, headers)
    return Response(msgspec.json.encode(answer.body), answer.status, {**headers, "Content-Type": JSON})


def _below_version(call: Call) -> Call:
    """The path below `/v1.0`, with the ways to write a function or action made one."""
    path = call.path.removeprefix(VERSION).rstrip("/")
    query = dict(call.query)
    head, _, last = path.rpartition("/")
    last = last.removeprefix("microsoft.graph.")
    name, parenthesis, arguments = last.partition("(")
    if parenthesis and name == "delta":
        token = arguments.rstrip(")").removeprefix("token=").strip("'")
        query |= {"token": token} if token else {}
        last = name
    return Call(call.method, f"{head}/{last}", call.origin, query, call.headers, call.body)
