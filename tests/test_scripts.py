"""scripts/prepare and run: what they do when, with a Python that only writes down what it is asked."""

import os
import pathlib
import shutil
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ("bash", "cat", "chmod", "cut", "dirname", "env", "flock", "grep", "ls", "mkdir", "readlink", "rm", "sha256sum",
         "sleep")

# Stands for python3 and, in .venv, for its own copy.
STUB = r"""#!/bin/bash
log=@ROOT@/log
case "$*" in
    *version_info*) [ ! -e @ROOT@/old ] ;;
    *ensurepip*) [ ! -e @ROOT@/no-venv ] ;;
    *is_compiled*) [ -e @ROOT@/gcc ] ;;
    *get_path*) echo @ROOT@/include ;;
    "-m venv --clear .venv")
        echo venv >> $log; rm -rf .venv; mkdir -p .venv/bin
        cat "$0" > .venv/bin/python; chmod +x .venv/bin/python
        printf '#!%s\n' "$PWD/.venv/bin/python" > .venv/bin/pip
        printf '#!/bin/bash\necho "$PWD" "$@"\n' > .venv/bin/netminer-detect; chmod +x .venv/bin/netminer-detect ;;
    *"pip --version") [ ! -e @ROOT@/no-pip ] ;;
    *"pip install"*)
        sleep 0.3; [ ! -e @ROOT@/no-network ] || exit 1
        echo "pip ${!#}" >> $log
        [ ! -e @ROOT@/gcc ] || echo compiled > netminer_detect/kernel/fused.so ;;
    -V) echo "Python 3.9.2" ;;
esac
"""


class Machine:
    """A checkout on a machine that has little."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.root = folder
        self.checkout = folder / "a check out"
        (self.checkout / "netminer_detect" / "kernel").mkdir(parents=True)
        shutil.copytree(ROOT / "scripts", self.checkout / "scripts")
        for name in ("setup.cfg", "setup.py", "pyproject.toml", "netminer_detect/kernel/fused.py"):
            (self.checkout / name).write_text(name)
        self.tools = folder / "tools"
        self.tools.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            if found is None:
                pytest.skip(f"{tool} is missing")
            (self.tools / tool).symlink_to(found)
        self.has("python3").has("gcc")

    def has(self, tool: str) -> "Machine":
        stub = STUB.replace("@ROOT@", str(self.root).replace(" ", "\\ "))
        (self.tools / tool).write_text(stub if tool.startswith("python") else "#!/bin/bash\n")
        (self.tools / tool).chmod(0o755)
        (self.root / tool).touch()
        return self

    def lacks(self, tool: str) -> "Machine":
        (self.tools / tool).unlink()
        (self.root / tool).unlink()
        return self

    def start(self, *command: str, cwd: pathlib.Path | None = None) -> subprocess.Popen:
        return subprocess.Popen(
            [str(self.checkout / "scripts" / command[0]), *command[1:]], cwd=cwd or self.root, text=True,
            env={"PATH": str(self.tools)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *command: str, **options) -> tuple[int, str, str]:
        process = self.start(*command, **options)
        said, warned = process.communicate(timeout=60)
        return process.returncode, said, warned

    @property
    def log(self) -> list[str]:
        """What was done since this was asked last."""
        path = self.root / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_first_call_installs_and_the_second_does_nothing(machine):
    assert machine.run("run", "scan", "x y") == (0, f"{machine.root} scan x y\n", "")
    assert machine.log == ["venv", "pip ."]
    began = time.monotonic()
    assert machine.run("run", "scan") == (0, f"{machine.root} scan\n", "")
    assert time.monotonic() - began < 5 and machine.log == []


def test_what_the_suite_needs_serves_to_run_as_well_but_not_the_other_way_round(machine):
    assert machine.run("prepare", "test") == (0, "", "") and machine.log == ["venv", "pip .[test]"]
    assert machine.run("prepare", "run") == (0, "", "") and machine.log == []
    (machine.checkout / "setup.cfg").write_text("more")
    machine.run("prepare", "run")
    assert machine.log == ["pip ."]
    machine.run("prepare", "test")
    assert machine.log == ["pip .[test]"]


def test_it_runs_through_links_and_from_anywhere(machine, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nd").symlink_to(machine.checkout / "scripts" / "run")
    done = subprocess.run([tmp_path / "bin" / "nd", "scan"], cwd=tmp_path / "bin", env={"PATH": str(machine.tools)},
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path}/bin scan\n", "")
    done = subprocess.run(["./run", "scan"], cwd=machine.checkout / "scripts", env={"PATH": str(machine.tools)},
                          capture_output=True, text=True)
    assert done.stdout == f"{machine.checkout}/scripts scan\n"


@pytest.mark.parametrize("changed", ["setup.cfg", "setup.py", "pyproject.toml", "netminer_detect/kernel/fused.py",
                                     "netminer_detect/kernel/new.pxd"])
def test_what_the_installation_depends_on_makes_it_stale(machine, changed):
    machine.run("prepare", "run")
    assert machine.log == ["venv", "pip ."]
    (machine.checkout / changed).write_text("pulled")
    os.utime(machine.checkout / changed, (0, 0))  # a copy may be older than what was built
    assert machine.run("prepare", "run") == (0, "", "") and machine.log == ["pip ."]
    assert machine.run("prepare", "run") == (0, "", "") and machine.log == []


def test_a_stale_kernel_never_outlives_its_sources(machine):
    machine.run("prepare", "run")
    library = machine.checkout / "netminer_detect" / "kernel" / "fused.so"
    assert library.exists()
    machine.lacks("gcc")
    (machine.checkout / "netminer_detect" / "kernel" / "fused.py").write_text("pulled")
    (machine.checkout / "build").mkdir()
    code, _, warned = machine.run("prepare", "run")
    assert code == 0 and not library.exists() and not (machine.checkout / "build").exists()
    assert "the kernel is not compiled" in warned


def test_without_a_compiler_it_runs_and_says_once_what_to_install(machine):
    machine.lacks("gcc")
    code, said, warned = machine.run("run", "scan")
    assert code == 0 and said and warned.count("\n") == 1
    assert "scans take some twenty times as long" in warned
    assert warned.endswith("apt-get install gcc libc6-dev python3-dev\n")
    assert machine.run("run", "scan")[2] == ""
    machine.log  # noqa: B018
    # As soon as there is one, it is used.
    machine.has("gcc")
    assert machine.run("run", "scan")[2] == "" and machine.log == ["pip ."]
    assert machine.run("run", "scan")[2] == "" and machine.log == []


def test_a_compiler_without_pythons_headers_is_told_so(machine):
    machine.lacks("gcc")
    (machine.tools / "gcc").write_text("#!/bin/bash\n")
    (machine.tools / "gcc").chmod(0o755)
    assert machine.run("prepare", "run")[2].endswith("apt-get install python3-dev\n")
    (machine.root / "include").mkdir()
    (machine.root / "include" / "Python.h").touch()
    # Both are there, and yet: the reason is the compiler's to tell.
    assert machine.run("prepare", "run")[2].endswith("see why: .venv/bin/pip install -v -e .\n")
    assert machine.run("prepare", "run") == (0, "", "")


@pytest.mark.parametrize(("lack", "said"), [
    ("python3", "python3 is missing; install it: apt-get install python3 python3-venv"),
    ("old", "Python 3.11 or newer is needed, this is Python 3.9.2; install one: apt-get install python3.11"),
    ("no-venv", "Python's venv is missing; install it: apt-get install python3-venv"),
    ("no-network", "the packages could not be installed (see above); without a network, install what scripts/bundle"),
])  # fmt: skip
def test_what_is_missing_is_named_with_the_command_that_installs_it(machine, lack, said):
    if lack == "python3":
        machine.lacks(lack)
    else:
        (machine.root / lack).touch()
    code, out, warned = machine.run("run", "scan")
    assert (code, out) == (2, "") and warned.startswith(f"netminer_detect: {said}")
    # Once it is there, all goes on.
    if lack == "python3":
        machine.has(lack)
    else:
        (machine.root / lack).unlink()
    assert machine.run("run", "scan")[0] == 0


def test_a_newer_python_beside_an_old_one_is_taken(machine):
    (machine.root / "old").touch()
    (machine.tools / "python3.12").write_text((machine.tools / "python3").read_text().replace("/old", "/older"))
    (machine.tools / "python3.12").chmod(0o755)
    assert machine.run("prepare", "run") == (0, "", "") and machine.log == ["venv", "pip ."]


def test_a_half_made_or_moved_environment_is_made_anew(machine):
    machine.run("prepare", "run")
    assert machine.log == ["venv", "pip ."]
    (machine.checkout / ".venv" / "bin" / "pip").unlink()
    (machine.checkout / ".venv" / "prepared-run").unlink()
    machine.run("prepare", "run")
    assert machine.log == ["venv", "pip ."]
    machine.checkout = machine.checkout.rename(machine.root / "moved")
    assert machine.run("run", "scan") == (0, f"{machine.root} scan\n", "")
    assert machine.log == ["venv", "pip ."]
    (machine.checkout / ".venv" / "bin" / "python").unlink()  # the system's Python was replaced
    assert machine.run("run", "scan")[0] == 0 and machine.log == ["venv", "pip ."]


def test_calls_at_the_same_time_install_once(machine):
    started = [machine.start("run", "scan") for _ in range(4)]
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert [said for said, _ in ended] == [f"{machine.root} scan\n"] * 4
    assert machine.log == ["venv", "pip ."]


def test_a_wrong_purpose_is_refused(machine):
    assert machine.run("prepare", "fly") == (2, "", "netminer_detect: usage: scripts/prepare run|test\n")
    assert machine.run("prepare") == (2, "", "netminer_detect: usage: scripts/prepare run|test\n")
