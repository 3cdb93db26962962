"""``python -m qdiag``."""

from qdiag.cli import main

if __name__ == "__main__":
    main()
