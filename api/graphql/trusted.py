"""Trusted documents: the queries that a service was given beforehand, by their SHA-256."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graphql import build_schema, validate

from api.graphql.limits import document_within_limits
from ontology.errors import InputError

PREFIX = "sha256:"
SUFFIX = ".graphql"
LARGEST_DOCUMENT = 256 * 1024


@dataclass(frozen=True, slots=True)
class TrustedDocuments:
    """Documents by id. Where they are `exclusive`, nothing else runs."""

    texts: Mapping[str, str] = field(default_factory=dict)
    exclusive: bool = False

    def text_of(self, text: str | None, document: str | None) -> str:
        """The document that a request names or brings, whichever it does.

        Raises InputError `QUERY_DOCUMENT_UNKNOWN` or `QUERY_NOT_TRUSTED`.
        """
        if document is not None:
            found = self.texts.get(document)
            if found is None:
                raise InputError("there is no trusted document with this id",
                                 code="QUERY_DOCUMENT_UNKNOWN",
                                 hint="ask who runs the service to add it")  # fmt: skip
            return found
        text = text or ""
        if self.exclusive and id_of(text) not in self.texts:
            raise InputError("this service runs trusted documents alone", code="QUERY_NOT_TRUSTED",
                             hint="send the `documentId` of one")  # fmt: skip
        return text


NO_DOCUMENTS = TrustedDocuments()


def id_of(text: str) -> str:
    """The id of a document: SHA-256 of its bytes in UTF-8, every space counts."""
    return PREFIX + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def trusted_documents(folder: Path, schema: str) -> TrustedDocuments:
    """Those of the files `*.graphql` of a folder, and nothing else is trusted.

    Each must be within the limits and valid by the schema (as text), so that a change that breaks
    one is told at the start. Raises InputError `DOCUMENT_INVALID`, `NO_DOCUMENTS`.
    """
    found, types = {}, build_schema(schema)
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        text = _read(path)
        try:
            errors = [error.message for error in validate(types, document_within_limits(text))]
        except InputError as error:
            errors = [error.what]
        if errors:
            raise InputError(f"`{path.name}`: {errors[0][:200]}", code="DOCUMENT_INVALID",
                             hint="mend the document, or take it out of the folder")  # fmt: skip
        found[id_of(text)] = text
    if not found:
        raise InputError(f"there is no `*{SUFFIX}` in `{folder}`", code="NO_DOCUMENTS",
                         hint="name the folder of the documents to trust")  # fmt: skip
    return TrustedDocuments(found, exclusive=True)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_DOCUMENT:
            raise InputError(f"`{path.name}` is larger than {LARGEST_DOCUMENT} bytes",
                             code="DOCUMENT_INVALID", hint="split it")  # fmt: skip
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"`{path.name}` cannot be read as UTF-8", code="DOCUMENT_INVALID",
                         hint="save it as UTF-8, readable by the service") from error  # fmt: skip
