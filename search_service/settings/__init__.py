"""Configuration: the environment read once, checked, and handed on as a value."""

from search_service.settings.logs import configure_logging
from search_service.settings.reading import read_settings
from search_service.settings.values import Settings

__all__ = ["Settings", "configure_logging", "read_settings"]
