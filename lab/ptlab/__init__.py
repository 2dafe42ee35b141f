"""The lab: a private world with real DNS and real mail servers (see lab/README.md)."""

from .errors import LabError
from .lab import Lab
from .mailbox import Delivery

__all__ = ["Delivery", "Lab", "LabError"]
