"""What may be asked for by name."""

from typing import Any

from pydantic import BaseModel


class NamedAnswer(BaseModel):
    """Something that may be asked for, with its parameters as JSON schema."""

    name: str
    description: str = ""
    unit: str = ""
    parameters: dict[str, Any] = {}
