"""The JSON of requests and answers. Limits on single fields stand here, the rest in the service."""
