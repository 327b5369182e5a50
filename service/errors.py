"""Everything that can go wrong in the service, each with a name.

The classes below `CambrianError` are answers: each carries an HTTP status and a code, and the API renders it as one
problem. A class's docstring is the explanation that `/problems/{code}` shows, and `advice` the way out. `detail` says
what happened this time; whoever raises it must not put a trace, a path of this machine or long input into it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that was refused: a JSON pointer (RFC 6901; "" is the whole body) and what would be accepted."""

    pointer: str
    detail: str


CHALLENGE: Final = 'Bearer realm="cambrian"'


class CambrianError(Exception):
    """An answer other than success; abstract, the classes below have a code."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    advice: ClassVar[str]

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)

    @property
    def headers(self) -> dict[str, str]:
        """What HTTP wants to stand in the head of this answer."""
        return {}


class HostNotAllowed(CambrianError):
    """The Host header names a machine that this service does not answer for.

    A browser that was led here under a foreign name (DNS rebinding) sends that name, and is refused. Known are the
    names of the loopback address, the address that the service listens on, and those in CAMBRIAN_ALLOWED_HOSTS.
    """

    status = 400
    code = "host-not-allowed"
    title = "Host not allowed"
    advice = (
        "On the same machine use http://127.0.0.1, http://localhost or http://[::1]; whoever runs the service adds "
        "other names to CAMBRIAN_ALLOWED_HOSTS."
    )


class MalformedJson(CambrianError):
    """The body is not JSON as RFC 8259 defines it.

    NaN and Infinity are not JSON, nor is a byte order mark, a trailing comma, or text that is not UTF-8.
    """

    status = 400
    code = "malformed-json"
    title = "Malformed JSON"
    advice = "Send one JSON object, encoded in UTF-8; the detail says where the parser stopped."


class BadRequest(CambrianError):
    """The request cannot be read as HTTP promises it, for example because a header contradicts itself."""

    status = 400
    code = "bad-request"
    title = "Bad request"
    advice = "Send the request again with a client that follows HTTP; the detail says what was wrong."


class Unauthorized(CambrianError):
    """The request needs a token, and brings none that is valid.

    A token is not valid when it is unknown, when it was revoked, and when its time is over; which of these it is, only
    an administrator is told.
    """

    status = 401
    code = "unauthorized"
    title = "Token needed"
    advice = (
        "Send a token in the header `Authorization: Bearer cmb_...`; whoever runs the service makes one with "
        "`cambrian token create`."
    )

    @property
    def headers(self) -> dict[str, str]:
        """The way to authenticate, as RFC 9110 demands of every 401."""
        return {"WWW-Authenticate": CHALLENGE}


class ScopeMissing(CambrianError):
    """The token is valid, but was not made for this.

    The scope `read` is for looking, `submit` for changing jobs and data sets, `admin` for tokens and the audit log.
    """

    status = 403
    code = "scope-missing"
    title = "Scope missing"
    advice = "Use a token with the scope that the detail names; the scopes of a token never change."

    def __init__(self, detail: str, scope: str) -> None:
        super().__init__(detail)
        self.scope = scope

    @property
    def headers(self) -> dict[str, str]:
        """The scope that is missing, as RFC 6750 has it."""
        return {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{self.scope}"'}


class OriginNotAllowed(CambrianError):
    """A page of another origin tried to change something here."""

    status = 403
    code = "origin-not-allowed"
    title = "Origin not allowed"
    advice = "Call the service from its own pages or from a program; other web sites may not steer it."


class NotFound(CambrianError):
    """There is nothing at this address."""

    status = 404
    code = "not-found"
    title = "Not found"
    advice = "Check the address; /openapi.json lists all of them."


class JobNotFound(NotFound):
    """No job has this id."""

    code = "job-not-found"
    title = "Job not found"
    advice = "GET /v1/jobs lists the jobs with their ids. Ids are opaque: use them exactly as they were given."


class DatasetNotFound(NotFound):
    """No data set has this name."""

    code = "dataset-not-found"
    title = "Data set not found"
    advice = "GET /v1/datasets lists the data sets with their names."


class ModelNotFound(NotFound):
    """No model has this id."""

    code = "model-not-found"
    title = "Model not found"
    advice = "GET /v1/models lists the models with their ids; each job that has succeeded has one."


class NetworkNotFound(NotFound):
    """The job ended without a network, because it failed or was cancelled before one was stored."""

    code = "network-not-found"
    title = "Network not found"
    advice = "Read the job to see how it ended; submit it again to get a network."


class CandidateNotFound(NotFound):
    """The job has no candidate of this number in this phase."""

    code = "candidate-not-found"
    title = "Candidate not found"
    advice = "List the candidates with `GET /v1/jobs/{id}/candidates`; each phase counts its own from 0."


class VerdictNotFound(NotFound):
    """The job ended without a verdict, because it failed or was cancelled before one was reached."""

    code = "verdict-not-found"
    title = "Verdict not found"
    advice = "Read the job to see how it ended; submit it again to get a verdict."


class TokenNotFound(NotFound):
    """No token has this id."""

    code = "token-not-found"
    title = "Token not found"
    advice = "GET /v1/tokens lists the tokens with their ids."


class MethodNotAllowed(CambrianError):
    """The address exists, but not for this method."""

    status = 405
    code = "method-not-allowed"
    title = "Method not allowed"
    advice = "Use one of the methods in the Allow header."


class RequestTimeout(CambrianError):
    """The body of the request took too long to arrive."""

    status = 408
    code = "request-timeout"
    title = "Request timeout"
    advice = "Send the whole body at once; the detail names the time allowed."


class Conflict(CambrianError):
    """The request does not fit the state that the resource is in."""

    status = 409
    code = "conflict"
    title = "Conflict"
    advice = "Read the resource again; the detail names its state."


class JobFinished(Conflict):
    """The job has ended, and a finished job is final."""

    code = "job-finished"
    title = "Job finished"
    advice = "Submit a new job; a finished one never changes."


class JobRunning(Conflict):
    """The job runs, and what was asked for can only be done with one that does not."""

    code = "job-running"
    title = "Job running"
    advice = "Cancel the job with POST /v1/jobs/{id}/cancel, wait until it has ended, and ask again."


class IdempotencyKeyInUse(Conflict):
    """A request with the same Idempotency-Key is being worked on at this moment."""

    code = "idempotency-key-in-use"
    title = "Idempotency key in use"
    advice = "Send the same request again in a second: it then gets the answer of the first one."


class JobNotFinished(Conflict):
    """The result was asked for while the job is still on its way."""

    code = "job-not-finished"
    title = "Job not finished"
    advice = "Follow /v1/jobs/{id}/events until the `end` event, then ask again."


class JobNotQueued(Conflict):
    """The job has begun, so its place in the queue cannot be changed any more."""

    code = "job-not-queued"
    title = "Job not queued"
    advice = "Only a job that waits for a runner can be moved; read the job to see how far it is."


class SearchEnded(Conflict):
    """The job's search has ended, so its budget cannot be raised any more; what follows the search goes on."""

    code = "search-ended"
    title = "Search ended"
    advice = "Submit a new job with the larger budget: with the same seed it begins with the same networks."


class DatasetExists(Conflict):
    """The name belongs to another data set: one of yours with other content or options, or a built-in one."""

    code = "dataset-exists"
    title = "Data set exists"
    advice = "Give the new one another name, or delete the old one first with DELETE /v1/datasets/{name}."


class DatasetInUse(Conflict):
    """Jobs that are queued, running or paused need the data set, so it cannot be deleted."""

    code = "dataset-in-use"
    title = "Data set in use"
    advice = "Wait for the jobs that the detail names, or cancel them; then delete the data set."


class CandidateNotExaminable(Conflict):
    """This candidate cannot be looked at more closely here.

    The weights of the networks that a search tries are not kept; whoever looks at one has it trained again. That needs
    a score to compare with, the data as they were, and not more of the machine than an examination may use.
    """

    code = "candidate-not-examinable"
    title = "Candidate not examinable"
    advice = "The detail says what is missing; what is stored of the candidate can be read all the same."


class DownloadNotProven(Conflict):
    """The file was not shown to compute what was measured, so it is not handed out.

    At the end of a job each file is loaded in a fresh process and must answer the test rows as the network did.
    """

    code = "download-not-proven"
    title = "Download not proven"
    advice = (
        "The detail says what was found. GET /v1/models/{id} lists the downloads that are proven; take one of them."
    )


class ModelDamaged(Conflict):
    """The stored file of the model is not the one that was stored, so it is neither handed out nor used."""

    code = "model-damaged"
    title = "Model damaged"
    advice = "Restore the database from a backup, or submit the job's spec again: the same seed finds the same network."


class PreconditionFailed(CambrianError):
    """The resource has changed since the representation was read whose ETag the header If-Match names."""

    status = 412
    code = "precondition-failed"
    title = "Precondition failed"
    advice = "Read the resource again, decide whether the change is still wanted, and send it with the new ETag."


class PayloadTooLarge(CambrianError):
    """The body is larger than this address accepts."""

    status = 413
    code = "payload-too-large"
    title = "Payload too large"
    advice = "Send a smaller body; the detail names the limit."


class AddressTooLong(CambrianError):
    """The address, with its query, is longer than any of this service."""

    status = 414
    code = "address-too-long"
    title = "Address too long"
    advice = "Send a shorter address; the detail names the limit."


class RateLimited(CambrianError):
    """Too many requests came within a short time.

    Requests are counted by token, and those without a valid one by the address that they come from.
    """

    status = 429
    code = "rate-limited"
    title = "Rate limited"
    advice = "Wait for the seconds in the Retry-After header; the headers RateLimit and RateLimit-Policy tell the rest."

    def __init__(self, detail: str, seconds: int, limits: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.seconds = seconds
        self.limits = dict(limits)

    @property
    def headers(self) -> dict[str, str]:
        """When to come back, and what the limits are."""
        return {"Retry-After": str(self.seconds), **self.limits}


class QuotaExceeded(CambrianError):
    """You have as much of something as one owner may have at once."""

    status = 429
    code = "quota-exceeded"
    title = "Quota exceeded"
    advice = "The detail names the quota and what ends it; try again after the seconds in the Retry-After header."

    @property
    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": "60"}


class HeadersTooLarge(CambrianError):
    """The headers of the request are too many or too large together."""

    status = 431
    code = "headers-too-large"
    title = "Headers too large"
    advice = "Send fewer or shorter headers; the detail names the limits."


class UnsupportedMediaType(CambrianError):
    """The body is not of a type that this address reads."""

    status = 415
    code = "unsupported-media-type"
    title = "Unsupported media type"
    advice = (
        "Send JSON with the header `Content-Type: application/json`, or a data set with that of its kind of file, "
        "and neither with a Content-Encoding."
    )


class Unprocessable(CambrianError):
    """The request could be read, but something in it is not acceptable."""

    status = 422
    code = "invalid-request"
    title = "Invalid request"
    advice = "Each entry of `errors` names a field, what it accepts, and so the way out."


class InvalidSpec(Unprocessable):
    """The job spec could be read, but cannot be run: a field is out of range, or fields contradict each other."""

    code = "invalid-spec"
    title = "Invalid job spec"
    advice = "Each entry of `errors` names a field of the spec, what it accepts, and so the way out."


class InvalidDatasetFile(Unprocessable):
    """The file could be read as far as the detail says, but no data set can be made of it with these options."""

    code = "invalid-dataset"
    title = "Invalid data set"
    advice = "The detail names the place in the file, or the option, and what is accepted there; nothing was kept."


class DigestMismatch(Unprocessable):
    """The file that arrived is not the one that the digest in the header names: it was damaged on its way."""

    code = "digest-mismatch"
    title = "Digest mismatch"
    advice = "Send the file again; if it fails again, check how the digest was made (`sha256sum FILE`, in base64)."


class IdempotencyKeyReused(Unprocessable):
    """The Idempotency-Key was used for another request within the last 24 hours."""

    code = "idempotency-key-reused"
    title = "Idempotency key reused"
    advice = "Make a new key for every new request; use a key again only to repeat the very same one."


class InternalError(CambrianError):
    """The service failed, and the fault is its own."""

    status = 500
    code = "internal-error"
    title = "Internal error"
    advice = "Search the log of the service for the request id of the answer, and report what stands there."


class DatabaseUnavailable(CambrianError):
    """The database did not answer."""

    status = 503
    code = "database-unavailable"
    title = "Database unavailable"
    advice = "Try again after the seconds in the Retry-After header; running searches go on by themselves."


class TooManyUploads(CambrianError):
    """As many files are being received as the service takes at once."""

    status = 503
    code = "too-many-uploads"
    title = "Too many uploads"
    advice = "Try again after the seconds in the Retry-After header."


class TooManyExaminations(CambrianError):
    """As many candidates wait to be trained again as the service takes at once, over all or of one owner."""

    status = 503
    code = "too-many-examinations"
    title = "Too many examinations"
    advice = "Try again after the seconds in the Retry-After header."


class ExaminationFailed(CambrianError):
    """The candidate was to be trained again, and the process that did it came to no end, or a bad one.

    Each time it fails, the pause before it may be tried again is twice as long.
    """

    status = 503
    code = "examination-failed"
    title = "Examination failed"
    advice = "The detail says what happened; ask again after the seconds in the Retry-After header."

    def __init__(self, detail: str, seconds: int = 10) -> None:
        super().__init__(detail)
        self.seconds = seconds

    @property
    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.seconds)}


class StorageFull(CambrianError):
    """The disk of the service has no room for the file, or the service may not write one so large."""

    status = 507
    code = "storage-full"
    title = "Storage full"
    advice = "Delete data sets that are no longer needed, or ask whoever runs the service for more room."


class NotReady(CambrianError):
    """The service runs, but cannot work: its database is of another release, or does not answer."""

    status = 503
    code = "not-ready"
    title = "Not ready"
    advice = "The detail names what is wrong and what to do about it."


class ServiceStopping(CambrianError):
    """The service was asked to stop while the body of the request was on its way."""

    status = 503
    code = "service-stopping"
    title = "Service stopping"
    advice = "Send the whole request again after the seconds in the Retry-After header; nothing of this one was kept."


class LeaseLost(Exception):
    """Another runner holds the job now; the one that gets this must stop without writing."""


class SchemaNewer(Exception):
    """A newer release has changed the database; this one must not touch it. Start the newer release instead."""
