"""A client of the REST API, with its words; used by the command line, and by programs of others."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import SEEK_END, BufferedIOBase
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast
from urllib.parse import quote

import httpx

from service.client import types
from service.client.errors import ProblemError, ServiceUnavailable, require_success
from service.client.events import JobEvent, parsed
from service.client.token import find_token

DEFAULT_URL: Final = "http://127.0.0.1:8642"
# Keep-alives come every ten seconds; silence for longer means that the connection is dead.
_STREAM_SECONDS: Final = 30.0
# A large file is read for minutes before the answer comes.
_READING_SECONDS: Final = 300.0
_PIECE_BYTES: Final = 262_144
T = TypeVar("T")

_FINAL: Final = frozenset({"succeeded", "failed", "cancelled"})


class Client:
    """Talks to one service; close it, or use it as a context manager.

    Methods return the JSON of the answer, whose fields `service.client.types` names. Raises ProblemError for a refusal,
    ServiceUnavailable when nobody answers.
    `token` is by default the one that `service.client.token` finds, which may raise SecretUnreadable; "" sends none.
    """

    def __init__(self, base_url: str = DEFAULT_URL, *, token: str | None = None, timeout: float = 10.0) -> None:
        self._timeout = timeout
        used = find_token() if token is None else token
        # The service is on this machine or a near one: proxies of the environment are for other addresses.
        self._http = httpx.Client(
            base_url=base_url,
            timeout=timeout,
            trust_env=False,
            headers={"Authorization": f"Bearer {used}"} if used else {},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, spec: Mapping[str, Any], *, idempotency_key: str | None = None) -> types.SubmittedJob:
        """Submit a search and return its job; with a key of its own a request can be sent again without harm."""
        return self._json(types.SubmittedJob, "POST", "/v1/jobs", **_body(spec, _keyed(idempotency_key)))

    def plan(self, spec: Mapping[str, Any]) -> types.Plan:
        """Return what a search would come to; nothing is submitted."""
        return self._json(types.Plan, "POST", "/v1/plans", **_body(spec))

    def get(self, job_id: str) -> types.Job:
        """Return a job."""
        return self._json(types.Job, "GET", f"/v1/jobs/{_segment(job_id)}")

    def jobs(self, **filters: str | None) -> Iterator[types.JobLine]:
        """Yield jobs, newest first unless `sort` says otherwise, page by page.

        Filters are those of `GET /v1/jobs`: status, dataset, label, name, archived, created_after, created_before.
        """
        return self._pages(types.JobLine, "/v1/jobs", "jobs", filters)

    def candidates(self, job_id: str, **filters: str | None) -> Iterator[types.Candidate]:
        """Yield the candidates of a job, page by page.

        Filters are those of `GET /v1/jobs/{id}/candidates`: phase, sort, status, layers, operator, min_parameters,
        max_parameters.
        """
        return self._pages(types.Candidate, f"/v1/jobs/{_segment(job_id)}/candidates", "candidates", filters)

    def deliveries(self, job_id: str) -> Iterator[types.Delivery]:
        """Yield what the webhook of a job was told, and what could not be, in order."""
        return self._pages(types.Delivery, f"/v1/jobs/{_segment(job_id)}/deliveries", "deliveries", {})

    def events(self, job_id: str, *, after: int = 0, patience: float = 60.0) -> Iterator[JobEvent]:
        """Yield the events of a job as they come, `end` as the last one.

        A lost connection is made again where it ended, without a gap and without a repetition. Raises
        ServiceUnavailable when the service has not answered for `patience` seconds.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                for event in self._stream(job_id, after):
                    deadline = time.monotonic() + patience
                    if event.type == "close" and event.sequence is None:
                        break
                    after = event.sequence if event.sequence is not None else after
                    yield event
                    if event.type == "end" and event.sequence is None:
                        return
            except (httpx.TransportError, ServiceUnavailable) as error:
                if time.monotonic() > deadline:
                    raise ServiceUnavailable(
                        f"no answer from {self._http.base_url} for {patience:g} seconds"
                    ) from error
            except ProblemError as error:
                if error.status != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                    raise
            # Whoever restarts the service needs a moment; asking more often helps nobody.
            time.sleep(0.5)

    def wait(self, job_id: str) -> types.Job:
        """Return the job once it has finished."""
        for _ in self.events(job_id):
            pass
        return self.get(job_id)

    def raise_budget(self, job_id: str, **budget: int | None) -> types.Job:
        """Raise the budget of a job (`evaluations` or `epochs`, and `max_seconds`; None takes that away); return it."""
        return self.change(job_id, {"budget": budget})

    def change(self, job_id: str, changes: Mapping[str, Any], *, if_match: str | None = None) -> types.Job:
        """Change `name`, `labels`, `notes`, `archived` or `budget` of a job, and return it.

        With `if_match`, an ETag, nothing is changed where the job is another by now (ProblemError, status 412).
        """
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._json(types.Job, "PATCH", f"/v1/jobs/{_segment(job_id)}", **_body(changes, headers))

    def pause(self, job_id: str) -> types.Job:
        """Have a job stand still, and return it."""
        return self._json(types.Job, "POST", f"/v1/jobs/{_segment(job_id)}/pause")

    def resume(self, job_id: str) -> types.Job:
        """Let a paused job go on, and return it."""
        return self._json(types.Job, "POST", f"/v1/jobs/{_segment(job_id)}/resume")

    def clone(
        self, job_id: str, patch: Mapping[str, Any] | None = None, *, idempotency_key: str | None = None
    ) -> types.SubmittedJob:
        """Submit a job's spec again, changed by a JSON merge patch (RFC 7396), and return the new job."""
        path = f"/v1/jobs/{_segment(job_id)}/clone"
        return self._json(types.SubmittedJob, "POST", path, **_body(patch or {}, _keyed(idempotency_key)))

    def delete(self, job_id: str) -> None:
        """Delete a job that does not run, with everything that belongs to it."""
        self._request("DELETE", f"/v1/jobs/{_segment(job_id)}")

    def set_priority(self, job_id: str, priority: int) -> types.Priority:
        """Change the place of a job among those of yours that wait; return its priority."""
        path = f"/v1/jobs/{_segment(job_id)}/priority"
        return self._json(types.Priority, "PUT", path, **_body({"priority": priority}))

    def cancel(self, job_id: str) -> types.Job:
        """Ask for a job to end, and return it."""
        return self._json(types.Job, "POST", f"/v1/jobs/{_segment(job_id)}/cancel")

    def network(self, job_id: str) -> bytes:
        """Return the `.npz` file of the network that a job found."""
        return self._request("GET", f"/v1/jobs/{_segment(job_id)}/network").content

    def models(self) -> Iterator[types.ModelLine]:
        """Yield all models, newest first, page by page."""
        return self._pages(types.ModelLine, "/v1/models", "models", {})

    def model(self, model_id: str) -> types.Model:
        """Return a model."""
        return self._json(types.Model, "GET", f"/v1/models/{_segment(model_id)}")

    def download(self, model_id: str, format: str) -> bytes:  # noqa: A002 - the word of the API
        """Return a model as a file: `onnx`, `snippet` or `npz`."""
        path = f"/v1/models/{_segment(model_id)}/download"
        return self._request("GET", path, params={"format": format}).content

    def predict(self, model_id: str, rows: Sequence[Any], *, include_inputs: bool = False) -> types.Predictions:
        """Let a model answer rows."""
        content = json.dumps({"rows": list(rows)}).encode("utf-8")
        return self._json(
            types.Predictions,
            "POST",
            f"/v1/models/{_segment(model_id)}/predict",
            content=content,
            headers={"Content-Type": "application/json"},
            params={"include_inputs": "true"} if include_inputs else {},
        )

    def ask(self, job_id: str, row: Any) -> types.Ask:
        """Let the networks of a job (winner, runner-up, the one without hidden layers) answer a row."""
        content = json.dumps({"row": row}).encode("utf-8")
        return self._json(
            types.Ask,
            "POST",
            f"/v1/jobs/{_segment(job_id)}/ask",
            content=content,
            headers={"Content-Type": "application/json"},
        )

    def record(self, job_id: str) -> types.Record:
        """Return what was run on what: versions, processor, hashes of rows and model."""
        return self._json(types.Record, "GET", f"/v1/jobs/{_segment(job_id)}/record")

    def report(self, job_id: str, format: str = "json") -> bytes:  # noqa: A002 - the word of the API
        """Return all that is known of a job as one file: `json` (see `types.Report`), `html` or `markdown`."""
        path = f"/v1/jobs/{_segment(job_id)}/report"
        # The charts of a large job take their time.
        timeout = httpx.Timeout(self._timeout, read=_READING_SECONDS)
        return self._request("GET", path, params={"format": format}, timeout=timeout).content

    def verdict(self, job_id: str) -> types.Verdict:
        """Return whether the search was worth it."""
        return self._json(types.Verdict, "GET", f"/v1/jobs/{_segment(job_id)}/verdict")

    def lineage(self, job_id: str, number: int | None = None) -> types.Lineage:
        """Return where a candidate came from (the best one by default), and how operators and predictions did."""
        parameters = {} if number is None else {"number": str(number)}
        return self._json(types.Lineage, "GET", f"/v1/jobs/{_segment(job_id)}/lineage", params=parameters)

    def charts(self, job_id: str) -> types.ChartList:
        """Return which charts a job has."""
        return self._json(types.ChartList, "GET", f"/v1/jobs/{_segment(job_id)}/charts")

    def chart(self, job_id: str, chart: str, *, phase: str = "search") -> types.Chart:
        """Return the numbers of a chart, with a sentence that says what is to be seen."""
        path = f"/v1/jobs/{_segment(job_id)}/charts/{_segment(chart)}"
        return self._json(types.Chart, "GET", path, params={"phase": phase})

    def figure(self, job_id: str, chart: str, *, phase: str = "search") -> str:
        """Return a chart as a figure in JSON, which `plotly.io.from_json` reads."""
        path = f"/v1/jobs/{_segment(job_id)}/charts/{_segment(chart)}"
        return self._request("GET", path, params={"format": "plotly", "phase": phase}).text

    def examination(
        self, job_id: str, number: int, *, phase: str = "search", patience: float = 600.0
    ) -> types.Examination:
        """Return what a candidate does with the validation rows, after `patience` seconds of waiting at most.

        Raises TimeoutError when it is not there by then.
        """
        deadline = time.monotonic() + patience
        while True:
            path = f"/v1/jobs/{_segment(job_id)}/candidates/{number}/examination"
            answer = self._request("GET", path, params={"phase": phase})
            if answer.status_code != httpx.codes.ACCEPTED:
                return cast("types.Examination", answer.json())
            if time.monotonic() >= deadline:
                raise TimeoutError(f"the examination of candidate {number} is not there after {patience:g} seconds")
            time.sleep(float(answer.headers["Retry-After"]))

    def candidate_network(self, job_id: str, number: int, *, phase: str = "search") -> bytes:
        """Return the `.npz` file of the network of a candidate, which is trained again for that."""
        self.examination(job_id, number, phase=phase)
        path = f"/v1/jobs/{_segment(job_id)}/candidates/{number}/network"
        return self._request("GET", path, params={"phase": phase}).content

    def front(self, job_id: str, *, cost: str | None = None) -> types.Front:
        """Return the networks that no other beats in both score and cost."""
        parameters = {} if cost is None else {"cost": cost}
        return self._json(types.Front, "GET", f"/v1/jobs/{_segment(job_id)}/front", params=parameters)

    def what_if(self, job_id: str, evaluations: int) -> types.WhatIf:
        """Return what a budget of the first so many evaluations would have recommended."""
        path = f"/v1/jobs/{_segment(job_id)}/what-if"
        return self._json(types.WhatIf, "GET", path, params={"evaluations": str(evaluations)})

    def whoami(self) -> types.WhoAmI:
        """Return whom the service takes this client for, and what they may do."""
        return self._json(types.WhoAmI, "GET", "/v1/whoami")

    def create_token(self, owner: str, **options: Any) -> types.SecretToken:
        """Make a token; its text is in this answer and nowhere else. For administrators.

        Options are `name`, `scopes`, and `expires_days` (None: valid for ever).
        """
        return self._json(types.SecretToken, "POST", "/v1/tokens", **_body({"owner": owner, **options}))

    def tokens(self, *, owner: str | None = None) -> Iterator[types.Token]:
        """Yield the tokens, newest first, page by page. For administrators."""
        return self._pages(types.Token, "/v1/tokens", "tokens", {"owner": owner})

    def token(self, token_id: str) -> types.Token:
        """Return a token without its text. For administrators."""
        return self._json(types.Token, "GET", f"/v1/tokens/{_segment(token_id)}")

    def revoke_token(self, token_id: str) -> types.Token:
        """Revoke a token, at once, and return it. For administrators."""
        return self._json(types.Token, "POST", f"/v1/tokens/{_segment(token_id)}/revoke")

    def audit(self) -> Iterator[types.AuditEntry]:
        """Yield who changed what, and who was refused, newest first. For administrators."""
        return self._pages(types.AuditEntry, "/v1/audit", "entries", {})

    def datasets(self) -> Iterator[types.DatasetLine]:
        """Yield the data sets by name."""
        return self._pages(types.DatasetLine, "/v1/datasets", "datasets", {})

    def dataset(self, name: str) -> types.Dataset:
        """Return a data set; of an uploaded one also its columns, what the data doctor noticed, and its first rows."""
        return self._json(types.Dataset, "GET", f"/v1/datasets/{_segment(name)}")

    def put_dataset(
        self,
        name: str,
        file: BufferedIOBase,
        *,
        media_type: str | None = None,
        title: str | None = None,
        sent: Callable[[int], None] | None = None,
        **options: str | int | Sequence[str] | None,
    ) -> types.Dataset:
        """Upload an open file as a data set and return it; memory holds no more than a piece of it.

        `options` are those of the service (`target`, `task`, `text_columns` ...). `sent` hears after each piece how
        many bytes are on their way. The service checks the digest of what arrives.
        """
        digest = hashlib.file_digest(file, "sha256").digest()
        size = file.seek(0, SEEK_END)
        file.seek(0)

        def pieces() -> Iterator[bytes]:
            while piece := file.read(_PIECE_BYTES):
                yield piece
                if sent is not None:
                    sent(file.tell())

        given = {key: value for key, value in {"title": title, **options}.items() if value is not None}
        return self._json(
            types.Dataset,
            "PUT",
            f"/v1/datasets/{_segment(name)}",
            params={key: value if isinstance(value, str) else _texts(value) for key, value in given.items()},
            content=pieces(),
            headers={
                "Content-Type": media_type or "application/octet-stream",
                "Content-Length": str(size),
                "Repr-Digest": f"sha-256=:{base64.b64encode(digest).decode('ascii')}:",
            },
            timeout=httpx.Timeout(self._timeout, read=_READING_SECONDS, write=_READING_SECONDS),
        )

    def delete_dataset(self, name: str) -> None:
        """Delete a data set of one's own."""
        self._request("DELETE", f"/v1/datasets/{_segment(name)}")

    def version(self) -> types.Version:
        """Return which release answers."""
        return self._json(types.Version, "GET", "/v1/version")

    def metrics(self) -> str:
        """Return the metrics of the service, in Prometheus' text format."""
        return self._request("GET", "/metrics").text

    def ready(self) -> bool:
        """Say whether the service answers and can take jobs."""
        try:
            return self._http.get("/readyz").is_success
        except httpx.TransportError:
            return False

    def _pages(self, kind: type[T], path: str, key: str, filters: Mapping[str, str | None]) -> Iterator[T]:
        del kind  # says what the entries are, to the checker of types
        parameters = {name: value for name, value in filters.items() if value is not None} | {"page_size": "200"}
        while True:
            page = self._request("GET", path, params=parameters).json()
            yield from page[key]
            if page["next_page_token"] is None:
                return
            parameters["page_token"] = page["next_page_token"]

    def _json(self, kind: type[T], method: str, path: str, **options: Any) -> T:
        del kind  # says what the answer is, to the checker of types
        return cast("T", self._request(method, path, **options).json())

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise ServiceUnavailable(f"no answer from {self._http.base_url}; start it with `cambrian serve`") from error
        require_success(answer)
        return answer

    def _stream(self, job_id: str, after: int) -> Iterator[JobEvent]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(self._timeout, read=_STREAM_SECONDS)
        path = f"/v1/jobs/{_segment(job_id)}/events"
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
                require_success(answer)
            yield from parsed(answer.iter_lines())


def finished(job: Mapping[str, Any]) -> bool:
    """Say whether a job has ended."""
    return job["status"] in _FINAL


def _texts(value: int | Sequence[str]) -> str | list[str]:
    """Return what a query parameter holds: one text, or one for each item."""
    return str(value) if isinstance(value, int) else list(value)


def _body(value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    # Encoded here, because httpx refuses NaN without saying where; the service names the field.
    content = json.dumps(value).encode("utf-8")
    return {"content": content, "headers": {"Content-Type": "application/json", **(headers or {})}}


def _keyed(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}


def _segment(text: str) -> str:
    """Return text as one segment of a path, so that a mistyped id is refused and not read as another address."""
    # A client takes dots out of a path before it sends it.
    return "-" if text in {"", ".", ".."} else quote(text, safe="")
