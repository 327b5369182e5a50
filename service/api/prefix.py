"""The service below a path of somebody else's host: a proxy passes on `/cambrian/...`, whole or without its beginning.

ASGI says that the path of a request contains `root_path`; proxies that cut it off leave that to whoever knows it. What
leaves is the other way round: addresses are made as if there was no prefix, and `Location` gets it here.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Prefix:
    """ASGI middleware; must be the outermost one, so that all others see whole paths."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_prefixed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location", "").startswith("/"):
                    headers["location"] = self._prefix + headers["location"]
            await send(message)

        path, raw = scope["path"], scope.get("raw_path") or scope["path"].encode("utf-8", "backslashreplace")
        if not path.startswith(f"{self._prefix}/"):
            path, raw = self._prefix + path, self._prefix.encode("ascii") + raw
        scope = {**scope, "root_path": self._prefix, "path": path, "raw_path": raw}
        await self._app(scope, receive, send_prefixed)
