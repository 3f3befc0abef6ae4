"""Errors that reach a person. Each message says what is wrong and, where one can, what to do."""


class NetminerError(Exception):
    """Any error that the command line reports in one line, without a traceback."""


class CaptureError(NetminerError):
    """An input that cannot be read at all as a capture: no such file, no permission, wrong type.

    The other inputs of the run go on.
    """

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.path = path
        self.what = what
