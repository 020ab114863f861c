"""The HTTP edge: the API, the live stream and the client's files, for one node."""

from .app import create_app
from .server import HttpServer

__all__ = ["HttpServer", "create_app"]
