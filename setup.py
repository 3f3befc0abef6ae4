"""What setup.cfg cannot say: rules and samples go inside the package, the rules compiled, and so is the kernel."""

import os
import shutil
import sys

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

ROOT = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "netminer_detect"
# The kernel's modules, each with its C types beside it (.pxd).
COMPILED = ("decoding", "rows", "table", "openings", "heads", "walking", "fused")


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


def extensions():
    """The kernel as optional extensions: without a compiler its plain twin does the work. NETMINER_SANITIZE=1
    builds it with the address sanitiser, for scripts/fuzz."""
    if os.environ.get("NETMINER_PLAIN"):
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    # Without what a debugger needs: a tenth of the size, and built sooner. Two numbers written one by one and read as
    # one vector make the processor wait (gcc does so with neighbouring counters).
    flags = ["-g0", "-fno-tree-slp-vectorize"] if os.name == "posix" else []
    if os.environ.get("NETMINER_SANITIZE"):
        flags = ["-O1", "-g", "-fsanitize=address,undefined"]
    kernel = [
        Extension(f"{PACKAGE}.kernel.{name}", [f"{PACKAGE}/kernel/{name}.py"],
                  extra_compile_args=flags, extra_link_args=[flag for flag in flags if "sanitize" in flag])
        for name in COMPILED
    ]
    directives = {"show_performance_hints": False}
    compiled = cythonize(kernel, build_dir="build/cython", quiet=True, compiler_directives=directives)
    for extension in compiled:
        # Said here, since cythonize makes new ones and forgets it.
        extension.optional = not os.environ.get("NETMINER_SANITIZE")
    return compiled


setup(cmdclass={"build_py": BuildWithData}, ext_modules=extensions())
