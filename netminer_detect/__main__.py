"""`python -m netminer_detect` and the console script: the command line. Ctrl-C before it is there ends quietly, too."""

from __future__ import annotations

import os


def run() -> None:
    """Import the command line and hand over to it."""
    try:
        from netminer_detect.cli import command

        command()
    except KeyboardInterrupt:
        os._exit(130)


if __name__ == "__main__":
    run()
