"""The HTTP client: the API's routes as methods, its refusals as one-line errors."""

from search_service.client.client import Client, Record
from search_service.client.streaming import StreamedEvent

__all__ = ["Client", "Record", "StreamedEvent"]
