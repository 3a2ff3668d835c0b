"""How a request leaves: within its time, or not at all."""

from collections.abc import Callable
from threading import Thread, current_thread
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class Attempt(Thread):
    """A request in a thread of its own, which does not hold up the end of the program.

    Once it is `given_up`, nothing of it leaves any more: not even where a name server or a connection that has hung for
    minutes comes back to life, when the order it carries has long been written down as never sent.
    """

    given_up = False

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(target=work, daemon=True)


class Punctual(HTTPAdapter):
    """Waits `seconds` at most for a connection and for each byte (alpaca-py sets no timeout at all)."""

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


class _Unsent(HTTPConnection):
    def send(self, data: Any) -> None:  # noqa: ANN401
        if self.sock is None:
            self.connect()
        if getattr(current_thread(), "given_up", False):
            raise ConnectionAbortedError("given up before it left")
        super().send(data)


class _UnsentTLS(_Unsent, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Unsent


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _UnsentTLS


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _PoolTLS}
