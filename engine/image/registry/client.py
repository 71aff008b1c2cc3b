"""One repository of one registry: requests with credentials, retries and errors in plain words.

A request that fails for a passing reason (a connection cut, an answer 5xx, "too many requests" with a short wait) is made
again after a pause that doubles. What cannot pass (no such host, connection refused, untrusted certificate) is raised at
once.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from engine.image.registry import auth, errors
from engine.image.registry.places import Place, certificates, proxy_for
from schemas.errors import EngineError, Failed, Unauthorized, Unsupported
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

    from engine.image.credentials import Credentials

T = TypeVar("T")
ATTEMPTS = 5
_FIRST_PAUSE = 0.25  # seconds, doubled each time
_LONGEST_WAIT = 20.0  # that a registry may ask of us; Docker Hub's own limit lasts hours
_CONNECT_SECONDS, _READ_SECONDS = 15.0, 60.0
_CONNECTIONS = 8
_PASSING = (429, 500, 502, 503, 504)
_SMALL = 8 << 20  # the largest answer that is read into memory
AGENT = "pycompose"


class Wanted(NamedTuple):
    """A request. ``path``: below the repository, or a URL. ``what`` names it in errors; ``accept``: statuses that are no
    errors. A ``body`` that is made while it is sent is not sent again after a failure: only its maker knows where to go on."""

    method: str
    path: str
    what: str
    headers: dict[str, str] = {}
    accept: tuple[int, ...] = (200,)
    body: bytes | Callable[[], Iterable[bytes]] | None = None
    scopes: tuple[str, ...] = ()  # rights beyond those of the repository


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: dict[str, str]  # lower case
    body: bytes


class Repository:
    """The repository ``path`` at ``place``. Safe to use from several threads; ``close`` ends what they are waiting for."""

    def __init__(
        self,
        place: Place,
        path: str,
        credentials: Credentials | None,
        *,
        actions: str = "pull",
    ) -> None:
        self.place = place
        self.path = path
        self._credentials = credentials
        self._scope = f"repository:{path}:{actions}" if path else ""
        self._proxy = proxy_for(place.url)
        self._pool = _pool(place, self._proxy)
        self._lock = threading.Lock()
        self._authorization: dict[tuple[str, ...], str] = {}
        self._open: set[Any] = set()
        self.closed = False

    def close(self) -> None:
        """Let go of the connections, also of those that somebody reads from."""
        self.closed = True
        for response in list(self._open):
            try:
                response.shutdown()
            except (ValueError, RuntimeError, OSError):
                pass  # it has ended by itself, or was read to its end
        for key in self._pool.pools.keys():  # noqa: SIM118  cannot be iterated over
            if pool := self._pool.pools.get(key):
                pool.close()
        self._pool.clear()

    def ask(self, wanted: Wanted) -> Answer:
        """Make a request and read the answer. Raises Unavailable, Unauthorized, NotFound, Failed."""
        response = self.open(wanted)
        try:
            body = response.read(_SMALL + 1, decode_content=False)
            if len(body) > _SMALL:
                raise Failed(f"{self.place.registry}: the answer for {wanted.what} is too large")
            return Answer(response.status, _lower(response.headers), body)
        except passing_errors() as err:
            raise errors.unreachable(self.place.url, err, proxy=self._proxy) from err
        finally:
            self.release(response)

    def open(self, wanted: Wanted) -> BaseHTTPResponse:
        """Make a request; the answer's body is still to be read, and the answer to be given to ``release``."""
        attempts = 1 if callable(wanted.body) else ATTEMPTS
        for attempt in range(attempts):
            last = attempt == attempts - 1
            try:
                response = self._authorized(wanted)
            except passing_errors() as err:
                if last or self.closed or _is_final(err):
                    raise errors.unreachable(self.place.url, err, proxy=self._proxy) from err
                pause(attempt)
                continue
            if response.status in wanted.accept:
                return response
            refusal = self._refusal(response, wanted)
            wait = _seconds(refusal.retry_after)
            if response.status not in _PASSING or last or wait > _LONGEST_WAIT:
                raise errors.error(refusal)
            if response.status == 429 and not wait:
                raise errors.error(refusal)  # it does not say when: asking on would make it worse
            pause(attempt, at_least=wait)
        raise AssertionError

    def release(self, response: BaseHTTPResponse) -> None:
        """Give the connection back, or close it when the answer was not read to its end."""
        self._open.discard(response)
        if response.status >= 400:
            response.drain_conn()
        # What was read to its end has left the response already; ``close`` ends a connection that is still in it.
        response.close()
        response.release_conn()

    def url(self, path: str) -> str:
        """A path below the repository as a URL; what is one already stays as it is, relative to the place."""
        if path.startswith(("http://", "https://")):
            return path
        if path.startswith("/"):
            scheme, _, rest = self.place.url.partition("://")
            return f"{scheme}://{rest.partition('/')[0]}{path}"
        base = f"{self.place.url}/v2/"
        return f"{base}{self.path}/{path}" if self.path else base + path

    def sign_in(self, *, lasting: bool) -> str:
        """Prove the credentials (``login``); the token that stands for them from now on, "" when there is none. Unauthorized."""
        answer = self.ask(Wanted("GET", "", "the API", accept=(200, 401)))
        if answer.status == 200:
            return ""
        for challenge in auth.challenges(answer.headers.get("www-authenticate", "")):
            granted: dict[str, Any] = {}
            if challenge.scheme == "bearer":
                granted = self._token(challenge, (), lasting=lasting)
                header = f"Bearer {granted.get('token') or granted.get('access_token')}"
            elif challenge.scheme == "basic" and self._credentials:
                header = auth.basic(self._credentials)
            else:
                continue
            self.ask(Wanted("GET", "", "the API", {"Authorization": header}))
            return str(granted.get("refresh_token") or "")
        raise Unsupported(f"{self.place.url} asks for a login of an unknown kind")

    def _authorized(self, wanted: Wanted) -> BaseHTTPResponse:
        """Send it; once more with rights when the registry wants to see some."""
        scopes = tuple(filter(None, (self._scope, *wanted.scopes)))
        known = self._authorization.get(scopes, "")
        response = self._send(wanted, known)
        if response.status != 401 or "Authorization" in wanted.headers:
            return response
        header = response.headers.get("www-authenticate", "")
        with self._lock:
            # Another thread may have asked meanwhile.
            if self._authorization.get(scopes, "") == known:
                granted = self._authorize(header, scopes, known)
                if not granted:
                    return response
                self._authorization[scopes] = granted
        self.release(response)
        return self._send(wanted, self._authorization[scopes])

    def _authorize(self, header: str, scopes: tuple[str, ...], before: str) -> str:
        """The Authorization header that answers a challenge; "" when there is none to give."""
        for challenge in auth.challenges(header):
            if challenge.scheme == "bearer" and challenge.parameters.get("realm"):
                granted = self._token(challenge, scopes)
                token = granted.get("token") or granted.get("access_token")
                if not isinstance(token, str):
                    raise Failed(f"{challenge.parameters['realm']} answered without a token")
                return f"Bearer {token}"
            # The same name and password once more would be refused once more.
            if challenge.scheme == "basic" and self._credentials and not before:
                return auth.basic(self._credentials)
        return ""

    def _token(
        self, challenge: auth.Challenge, scopes: tuple[str, ...], *, lasting: bool = False
    ) -> dict[str, Any]:
        import json
        from urllib.parse import urlencode

        # A realm elsewhere must not be told the password in the clear.
        asked = auth.token_request(challenge, list(scopes), self._credentials, lasting=lasting)
        if self._credentials and asked.url.startswith("http://") and self.place.verify:
            raise Unauthorized(f"{asked.url} wants a password without encryption")
        wanted = Wanted("GET", asked.url, "a token", headers=asked.headers)
        if asked.form is not None:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            wanted = wanted._replace(
                method="POST", headers=form, body=urlencode(asked.form).encode()
            )
        try:
            response = self._send(wanted, "")
            if response.status != 200:
                raise errors.error(self._refusal(response, wanted))
            body = response.read(_SMALL, decode_content=False)
            self.release(response)
        except passing_errors() as err:
            raise errors.unreachable(asked.url.partition("?")[0], err) from err
        try:
            document = json.loads(body)
        except ValueError as err:
            raise Failed(
                f"{asked.url.partition('?')[0]} answered with something that is no token"
            ) from err
        return document if isinstance(document, dict) else {}

    def _send(self, wanted: Wanted, authorization: str) -> BaseHTTPResponse:
        from urllib3 import Retry, Timeout

        url = self.url(wanted.path)
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity", **wanted.headers}
        if authorization and _origin(url) == _origin(self.place.url):
            headers.setdefault("Authorization", authorization)
        follow = wanted.method in ("GET", "HEAD")
        response = self._pool.request(
            wanted.method,
            url,
            headers=headers,
            body=wanted.body() if callable(wanted.body) else wanted.body,
            preload_content=False,
            redirect=follow,
            # Only redirects: everything else is decided here. Credentials do not go to another host.
            retries=Retry(
                total=None, connect=0, read=0, status=0, other=0, redirect=8 if follow else 0
            ),
            timeout=Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        )
        self._open.add(response)
        return response

    def _refusal(self, response: BaseHTTPResponse, wanted: Wanted) -> errors.Refusal:
        try:
            body = b"" if wanted.method == "HEAD" else response.read(1 << 16, decode_content=False)
        except passing_errors():
            body = b""
        self.release(response)
        return errors.Refusal(
            response.status,
            body,
            wanted.what,
            self.place.registry,
            response.headers.get("retry-after", ""),
        )


def passing_errors() -> tuple[type[BaseException], ...]:
    """What urllib3 raises when a connection fails."""
    from urllib3.exceptions import HTTPError

    return (HTTPError, OSError)


def pause(attempt: int, *, at_least: float = 0.0) -> None:
    """Wait before the attempt after ``attempt``; many that failed together do not come back together."""
    time.sleep(max(at_least, _FIRST_PAUSE * 2**attempt * random.uniform(0.75, 1.25)))


def first_that_answers(repositories: list[Repository], ask: Callable[[Repository], T]) -> T:
    """``ask`` of the first place that can answer: a mirror may lack it or be away, an insecure registry may know no TLS.

    Those that could not are closed; the error is that of the last one.
    """
    for repository in repositories:
        try:
            return ask(repository)
        except EngineError as err:
            repository.close()
            passable = repository.place.mirror or isinstance(err, errors.Unreachable)
            if repository is repositories[-1] or not passable:
                raise
    raise AssertionError


def _pool(place: Place, proxy: str) -> PoolManager:
    import urllib3

    options: dict[str, Any] = {"maxsize": _CONNECTIONS, "num_pools": _CONNECTIONS}
    if place.url.startswith("https://"):
        options["ssl_context"] = _context(place)
        if not place.verify:
            # Whoever has named the registry as insecure need not be told at each request.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            options["cert_reqs"] = "CERT_NONE"
            options["assert_hostname"] = False
    if not proxy:
        return urllib3.PoolManager(**options)
    if not proxy.startswith(("http://", "https://")):
        raise Unsupported(
            f"proxy {proxy.partition('://')[0]}:// is not supported (http and https are)"
        )
    account, at, _ = proxy.partition("://")[2].rpartition("@")
    headers = urllib3.make_headers(proxy_basic_auth=_unquoted(account)) if at else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


def _context(place: Place) -> Any:
    """TLS with the system's authorities and those of certs.d. Failed for a file that holds no certificate."""
    import ssl

    from urllib3.util import create_urllib3_context

    context = create_urllib3_context()
    found = certificates(place.host)
    try:
        if place.verify or found.authorities:
            context.load_default_certs()
        for path in found.authorities:
            context.load_verify_locations(path)
        if found.own:
            context.load_cert_chain(*found.own)
    except (ssl.SSLError, OSError) as err:
        raise Failed(f"certificates for {place.host} cannot be loaded: {err}") from err
    if not place.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _is_final(err: BaseException) -> bool:
    """Whether another attempt would end the same way."""
    from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError, SSLError

    reason = getattr(err, "reason", err)
    return isinstance(reason, (NewConnectionError, NameResolutionError, ProxyError, SSLError))


def _origin(url: str) -> str:
    """Scheme, host and port: who may be told what is meant for the registry."""
    return "/".join(url.split("/", 3)[:3])


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)
