"""Shells start what they run in the background with Ctrl-C ignored, and programs inherit that: tests that press Ctrl-C
need it heard. And the histories that tests ask for by name."""

import signal

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request, tmp_path):
    """Where a history lies; each test that asks for it runs on both kinds of database."""
    from tests.histories import Places

    made = Places(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture
def history(tmp_path):
    """An empty history in a file."""
    from netminer_detect.store.database import open_history

    with open_history(str(tmp_path / "history.db"), create=True) as database:
        yield database
