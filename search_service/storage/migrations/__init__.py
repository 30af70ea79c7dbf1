"""The schema's history, run by `search_service.storage.schema`."""
