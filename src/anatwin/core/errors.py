"""Every exception the package raises on purpose, and the exit code that each one becomes.

* AnatwinError
  - UsageError      a command, a plan or an option cannot be understood (also a ValueError)
  - InputError      data that cannot be what it claims to be (also a ValueError)
    - GeometryError   shapes, affines or frames disagree
  - QualityError    a result failed a quality check (also a ValueError)
  - ResourceError   memory or disk ran out, or an output cannot be written (also an OSError)
  - MissingPartError  an optional part is not installed (also an ImportError)
"""

from typing import ClassVar


class AnatwinError(Exception):
    """Base class of every deliberate error: what was expected, what came, what to do."""

    exit_code: ClassVar[int] = 1


class UsageError(AnatwinError, ValueError):
    """A command, a plan or an option cannot be understood."""

    exit_code = 2


class InputError(AnatwinError, ValueError):
    """Data cannot be what it claims to be."""

    exit_code = 3


class GeometryError(InputError):
    """Shapes, affines or frames disagree."""


class QualityError(AnatwinError, ValueError):
    """A result failed a quality check."""

    exit_code = 4


class ResourceError(AnatwinError, OSError):
    """Memory or disk ran out, or an output cannot be written."""

    exit_code = 5


class MissingPartError(AnatwinError, ImportError):
    """An optional part is not installed."""

    exit_code = 2
