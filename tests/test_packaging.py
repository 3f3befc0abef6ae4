"""Each way of installing carries rules, samples and the compiled kernel: `selftest` runs from each, elsewhere."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import venv

import pytest

from netminer_detect.kernel import is_compiled

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOT_SOURCE = shutil.ignore_patterns(".*", "build", "dist", "*.so", "__pycache__", "*.egg-info")
# The kernel compiles in a quarter of the time; what it says is the same.
QUICKLY = {"CFLAGS": "-O0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(*command, **options):
    environment = {**os.environ, **QUICKLY, **options.pop("env", {})}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the checkout, so that building leaves nothing behind; what one test built, the next one finds."""
    return pathlib.Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("a check out") / "source", ignore=NOT_SOURCE))


@pytest.fixture
def fresh(tmp_path):
    """A virtual environment that borrows this one's libraries, but not its editable netminer_detect."""
    folder = tmp_path / "fresh"
    venv.create(folder)
    python = folder / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (pathlib.Path(site) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def install(python, *what):
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-build-isolation", *what)


def selftest(python, tmp_path, home, compiles=True):
    """Run it from elsewhere, and see that it is the one installed under `home`, compiled as this one is."""
    where = "import netminer_detect; print(netminer_detect.__file__)"
    kernel = "from netminer_detect.kernel import is_compiled; print(is_compiled())"
    place, compiled = run(python, "-c", f"{where}; {kernel}", cwd=tmp_path).splitlines()
    assert pathlib.Path(place).is_relative_to(home), place
    assert compiled == str(compiles and is_compiled())
    told = run(python.parent / "netminer-detect", "selftest", cwd=tmp_path)
    assert "monero-json-rpc" in told and "100 %" in told


def test_wheel(source, fresh, tmp_path):
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    (wheel,) = tmp_path.glob("*.whl")
    install(fresh, wheel)
    selftest(fresh, tmp_path, tmp_path / "fresh")


def test_without_a_compiler_the_plain_kernel_does_the_work(source, fresh, tmp_path):
    clean = shutil.copytree(source, tmp_path / "clean", ignore=NOT_SOURCE)
    wheel = ("pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, clean)
    run(sys.executable, "-m", *wheel, env={"CC": "/nowhere/cc"})
    (wheel,) = tmp_path.glob("*.whl")
    install(fresh, wheel)
    selftest(fresh, tmp_path, tmp_path / "fresh", compiles=False)


def test_sdist(source, fresh, tmp_path):
    make = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    run(sys.executable, "-c", make, tmp_path, cwd=source)
    (sdist,) = tmp_path.glob("*.tar.gz")
    install(fresh, sdist)
    selftest(fresh, tmp_path, tmp_path / "fresh")


def test_a_checkout_sets_itself_up_and_notices_a_new_kernel(source, fresh, tmp_path):
    # As scripts/prepare makes it, but with libraries that are here already.
    checkout = pathlib.Path(shutil.copytree(source, tmp_path / "a check out", ignore=NOT_SOURCE))
    shutil.copytree(fresh.parent.parent, checkout / ".venv", symlinks=True)
    (checkout / ".venv" / "bin" / "pip").write_text(f"#!{checkout.resolve()}/.venv/bin/python\n")
    offline = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
    (tmp_path / "netminer").symlink_to(checkout / "scripts" / "run")
    python = checkout / ".venv" / "bin" / "python"
    assert "100 %" in run(tmp_path / "netminer", "selftest", env=offline, cwd=tmp_path)
    selftest(python, tmp_path, checkout)
    began = time.monotonic()
    run(tmp_path / "netminer", "--version", env=offline)
    assert time.monotonic() - began < 5
    if not is_compiled():
        return
    # The kernel of a pull says something else: a copy of it that is older than what was built does as well.
    module = checkout / "netminer_detect" / "kernel" / "openings.py"
    before = module.stat()
    module.write_text(module.read_text(encoding="utf-8") + "\nPULLED = 1\n", encoding="utf-8")
    os.utime(module, (before.st_atime - 1000, before.st_mtime - 1000))
    run(tmp_path / "netminer", "--version", env=offline)
    pulled = "from netminer_detect.kernel import openings; print(openings.__file__.endswith('.so'), openings.PULLED)"
    assert run(python, "-c", pulled, cwd=tmp_path) == "True 1\n"


def test_plain_install_fetches_what_it_needs(source, tmp_path):
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    skip_without_packages()
    run(python, "-m", "pip", "install", source)
    selftest(python, tmp_path, tmp_path / "clean")


def test_bundle_installs_without_a_network(source, tmp_path):
    skip_without_packages()
    (tmp_path / "bundle").symlink_to(source / "scripts" / "bundle")
    run(tmp_path / "bundle", "dist", env={"NETMINER_PYTHON": sys.executable}, cwd=tmp_path)
    (archive,) = (tmp_path / "dist").glob("netminer-detect-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.glob("netminer-detect-*") if path.is_dir())
    offline = {"PIP_NO_INDEX": "1", "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
               "PYTHON": sys._base_executable}
    run(*no_network(), folder / "install", tmp_path / "there", env=offline)
    selftest(tmp_path / "there" / "bin" / "python", tmp_path, tmp_path / "there")


def no_network():
    """The words before a command that take its network away, where that is allowed."""
    words = ["unshare", "--map-root-user", "--net"]
    try:
        return words if subprocess.run([*words, "true"], capture_output=True).returncode == 0 else []
    except FileNotFoundError:
        return []


def skip_without_packages():
    """Some machines build and test without a package index."""
    done = subprocess.run([sys.executable, "-m", "pip", "index", "versions", "zstandard"], capture_output=True)
    if done.returncode:
        pytest.skip("no package index can be reached")
