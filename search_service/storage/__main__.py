"""`python -m search_service.storage` brings the configured database to this version's schema."""

import os
import sys

from search_service.errors import GansearchError
from search_service.settings import read_settings
from search_service.storage import migrate


def main() -> int:
    """0 when the schema is the present one, 1 for a refusal, told in one line."""
    try:
        settings = read_settings(os.environ)
        migrate(settings.database_url)
    except GansearchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
