"""`python -m search_service.cli` is `gansearch`."""

from search_service.cli import main

if __name__ == "__main__":
    main()
