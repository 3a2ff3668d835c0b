"""HTTP adapter with a total deadline; never sends after being abandoned."""

from collections.abc import Callable
from threading import Thread, current_thread
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class RequestThread(Thread):
    """One request in a daemon thread.

    Once `abandoned`, it sends nothing any more. A name lookup or a connection may hang for minutes and then come back,
    when the order in the request has long been journalled as never sent.
    """

    abandoned = False

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(target=work, daemon=True)


class DeadlineAdapter(HTTPAdapter):
    """Waits at most `seconds` for a connection and for each byte. alpaca-py sets no timeout."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__(max_retries=0)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(self, request: PreparedRequest, *settings: Any, **more: Any) -> Response:  # noqa: ANN401
        return super().send(request, *settings, **{**more, "timeout": self._seconds})

    def proxy_manager_for(self, *place: Any, **more: Any) -> PoolManager:  # noqa: ANN401
        manager: PoolManager = super().proxy_manager_for(*place, **more)
        manager.pool_classes_by_scheme = POOLS
        return manager


class _AbandonableConnection(HTTPConnection):
    def send(self, data: Any) -> None:  # noqa: ANN401
        if self.sock is None:
            self.connect()
        if getattr(current_thread(), "abandoned", False):
            raise ConnectionAbortedError("abandoned before it was sent")
        super().send(data)


class _AbandonableTLSConnection(_AbandonableConnection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _AbandonableConnection


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _AbandonableTLSConnection


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _PoolTLS}
