"""The errors that users meet: one sentence that names the file and the fix, exit code 2, no traceback."""

from __future__ import annotations


class MebenchError(Exception):
    """Base of every error that a user can act on.

    The message is one clear sentence: what is wrong, where (file, key, line) and what to do.
    The command line prints it without a traceback and leaves with ``exit_code``.
    """

    exit_code = 2


class InputError(MebenchError):
    """A file, clip or image that the user gave cannot be used (missing, corrupt, one frame, no face, ...)."""


class ConfigError(MebenchError):
    """A protocol, method or option is wrong: unknown name, unknown key, value out of range."""


class MissingWeights(MebenchError):
    """A checkpoint that is needed is not there; the message says what to put where."""


class CheckpointError(MebenchError):
    """A checkpoint is there but does not fit: wrong network, missing or unexpected tensors, wrong hash."""


class GenerationError(MebenchError):
    """A method gave frames that cannot be stored: wrong shape, NaN or infinite values."""


class StorageError(MebenchError):
    """The disk refused: full, read-only, or an input/output error."""


class Unavailable(MebenchError):
    """A metric cannot be computed for a clip or on this machine; the message is the reason shown in its place."""
