"""Shells start what they run in the background with Ctrl-C ignored, and programs inherit that: tests that press Ctrl-C
need it heard."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
