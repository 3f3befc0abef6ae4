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


class ConfigError(NetminerError):
    """A rule, an inventory or a setting is wrong: `where` is path:line, `what` says what, `fix` what to do."""

    def __init__(self, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}; {fix}")
        self.where = where
        self.what = what
        self.fix = fix
