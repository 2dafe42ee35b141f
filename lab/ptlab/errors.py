"""The one exception people see: what went wrong, and what to do about it."""


class LabError(Exception):
    """`what` is one sentence; `remedy` says what the reader can do (may be empty)."""

    def __init__(self, what: str, remedy: str = ""):
        super().__init__(what)
        self.what = what
        self.remedy = remedy
