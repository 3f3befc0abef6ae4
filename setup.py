"""What setup.cfg cannot say: rules and samples go inside the package, the rules compiled."""

import os
import shutil
import sys

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "netminer_detect"


class BuildWithData(build_py):
    """Copies `rules/` and `pcaps/` to `netminer_detect/data/` and compiles the rules there.

    An editable install has them beside the package (see netminer_detect/data_files.py).
    """

    def run(self):
        super().run()
        if getattr(self, "editable_mode", False):
            return
        data = os.path.join(self.build_lib, PACKAGE, "data")
        # Nothing of an earlier build may stay.
        shutil.rmtree(data, ignore_errors=True)
        for folder in ("rules", "pcaps"):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(data, folder))
        with open(os.path.join(data, "rules.bin"), "wb") as out:
            out.write(self._compiled(os.path.join(ROOT, "rules")))

    @staticmethod
    def _compiled(folder):
        sys.path.insert(0, ROOT)
        try:
            from netminer_detect.rulebook.build import compile_rules
        finally:
            sys.path.remove(ROOT)
        return compile_rules(folder)


setup(cmdclass={"build_py": BuildWithData})
