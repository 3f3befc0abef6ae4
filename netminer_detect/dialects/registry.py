"""Finds the dialects: every module of this folder that names a `DIALECT` is one.

Contract: `dialects()` gives the classes of JSON-line dialects, `over_websocket()` those that live in WebSocket
messages (`WEBSOCKET_DIALECT`), `over_http()` those of JSON-RPC over HTTP (`HTTP_DIALECT`), `over_exchanges()`
those of other HTTP exchanges (`EXCHANGE_DIALECT`), `over_grpc()` those of gRPC (`GRPC_DIALECT`), `binary()` those that
are no text (`BINARY_DIALECT`), each sorted by name. Modules are imported at the first call: a scan that meets no
candidate imports none.
"""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import netminer_detect.dialects as folder
from netminer_detect.discovery import module_names

if TYPE_CHECKING:
    from netminer_detect.dialects.binary import BinaryDialect
    from netminer_detect.dialects.dialect import Dialect
    from netminer_detect.dialects.exchanges import Interface
    from netminer_detect.dialects.over_http import HttpDialect
    from netminer_detect.dialects.over_http2 import GrpcDialect


@cache
def _modules() -> list[ModuleType]:
    return [importlib.import_module(f"{folder.__name__}.{name}") for name in module_names(folder)]


@cache
def dialects() -> tuple[type[Dialect], ...]:
    """The dialects of JSON lines."""
    return tuple(module.DIALECT for module in _modules() if hasattr(module, "DIALECT"))


@cache
def over_websocket() -> tuple[type[Dialect], ...]:
    """The dialects of WebSocket messages."""
    return tuple(module.WEBSOCKET_DIALECT for module in _modules() if hasattr(module, "WEBSOCKET_DIALECT"))


@cache
def over_http() -> tuple[type[HttpDialect], ...]:
    """The dialects of JSON-RPC over HTTP."""
    return tuple(module.HTTP_DIALECT for module in _modules() if hasattr(module, "HTTP_DIALECT"))


@cache
def over_exchanges() -> tuple[type[Interface], ...]:
    """The dialects of other HTTP exchanges."""
    return tuple(module.EXCHANGE_DIALECT for module in _modules() if hasattr(module, "EXCHANGE_DIALECT"))


@cache
def over_grpc() -> tuple[type[GrpcDialect], ...]:
    """The dialects of gRPC messages."""
    return tuple(module.GRPC_DIALECT for module in _modules() if hasattr(module, "GRPC_DIALECT"))


@cache
def binary() -> tuple[type[BinaryDialect], ...]:
    """The dialects that are no text."""
    return tuple(module.BINARY_DIALECT for module in _modules() if hasattr(module, "BINARY_DIALECT"))
