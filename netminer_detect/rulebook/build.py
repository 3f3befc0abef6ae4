"""Compiles rules from the command line: `python -m netminer_detect.rulebook.build RULES_DIR OUT`.

Contract: writes the packed rules of RULES_DIR to OUT and exits 0; a wrong rule is one line on stderr and exit 2.
`compile_rules(folder)` gives the bytes, for whoever builds the package.
"""

from __future__ import annotations

import os
import sys

from netminer_detect.errors import ConfigError
from netminer_detect.rulebook.loading import compile_rules

__all__ = ["compile_rules", "main"]


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m netminer_detect.rulebook.build RULES_DIR OUT", file=sys.stderr)
        return 2
    folder, out = arguments
    try:
        data = compile_rules(folder)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    with open(out, "wb") as file:
        file.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
