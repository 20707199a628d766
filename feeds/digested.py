"""An open file whose digest is taken as it is read, so that it need not be in memory."""

import hashlib
import io
import os

from ontology.errors import InputError, Place

_PIECE_BYTES = 2**18


class DigestedFile(io.BufferedReader):
    """A file of at most `limit` bytes, over a handle that it closes in the end.

    Reading beyond the limit raises InputError `FILE_TOO_LARGE`.
    """

    def __init__(self, handle: int, limit: int, place: Place) -> None:
        """`place` is the file as messages name it."""
        self._source = _Digesting(handle, limit, place)
        self._stamp: tuple[int, ...] = ()
        super().__init__(self._source, _PIECE_BYTES)

    def whole(self) -> bytes:
        """All bytes from here on."""
        return self.read(self._source.limit + 1)

    def hand_over(self) -> int:
        """The descriptor, at the start of the file, for another process that reads it now.

        Meanwhile it is not to be read here. What that process saw is not what is digested
        afterwards, so a file that changes in between is refused by `finish`.
        """
        self._stamp = self._source.stamp()
        self._source.seek(0)
        return self._source.fileno()

    def finish(self) -> tuple[str, int]:
        """SHA-256 of the whole file as hexadecimal digits, and the number of its bytes.

        It is the digest of the bytes that were read, each when it was read first. Raises
        InputError `FILE_CHANGED` where another process has read what may be other bytes.
        """
        if not self._source.is_at_end:
            self._source.seek(self._source.digested)
            while self._source.read(_PIECE_BYTES):
                pass
        if self._stamp and self._stamp != self._source.stamp():
            raise self._source.changed()
        return self._source.state.hexdigest(), self._source.digested


class _Digesting(io.RawIOBase):
    """The bytes of a file, digested in their order."""

    def __init__(self, handle: int, limit: int, place: Place) -> None:
        self.state, self.digested, self.is_at_end = hashlib.sha256(), 0, False
        self._file = io.FileIO(handle, "rb")
        self.limit, self._place = limit, place

    def fileno(self) -> int:
        """The descriptor."""
        return self._file.fileno()

    def stamp(self) -> tuple[int, ...]:
        """What changes when anybody writes to the file."""
        found = os.fstat(self._file.fileno())
        return found.st_size, found.st_mtime_ns

    def changed(self) -> InputError:
        """The error for a file that was written to while it was read."""
        return InputError("the file was changed while it was read", code="FILE_CHANGED",
                          place=self._place, hint="send it again when it is whole")  # fmt: skip

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read again."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as there are bytes."""
        start = self._file.tell()
        count = self._file.readinto(buffer) or 0
        end = start + count
        if end > self.limit:
            raise too_large(self.limit, self._place)
        if count and start <= self.digested < end:
            self.state.update(memoryview(buffer)[self.digested - start : count])
            self.digested = end
        self.is_at_end = self.is_at_end or (not count and start == self.digested)
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place."""
        return self._file.seek(offset, whence)

    def close(self) -> None:
        """Close the handle."""
        self._file.close()
        super().close()


def too_large(limit: int, place: Place) -> InputError:
    """The error for a file of more bytes than allowed."""
    return InputError(f"the file is larger than {limit} bytes", code="FILE_TOO_LARGE",
                      place=place, hint="split the file")  # fmt: skip
