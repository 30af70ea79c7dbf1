"""The HTTP face of the service: FastAPI, schemas, errors, the web page."""
