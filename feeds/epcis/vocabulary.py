"""The words of EPCIS and CBV 2.0, and contexts: known by name, never fetched."""

import re
from collections.abc import Mapping
from typing import Any

from feeds.refusals import shown
from ontology.errors import InputError, Place

CBV = "https://ref.gs1.org/cbv/"
VOC = "https://gs1.org/voc/"
_KNOWN_CONTEXT = re.compile(
    r"https://(ref\.gs1\.org/standards/epcis/(2\.0(\.[0-9])?/)?epcis-context\.jsonld"
    r"|gs1\.github\.io/EPCIS/epcis-context\.jsonld)"
)
PREFIXES = {
    "epcis": "https://ref.gs1.org/epcis/", "cbv": CBV, "cbvmda": "urn:epcglobal:cbv:mda:",
    "gs1": VOC, "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#", "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}  # fmt: skip
"""The prefixes that the standard's own context defines."""
_OLD_WORDS = {
    "urn:epcglobal:cbv:bizstep:": f"{CBV}BizStep-", "urn:epcglobal:cbv:disp:": f"{CBV}Disp-",
    "urn:epcglobal:cbv:btt:": f"{CBV}BTT-", "urn:epcglobal:cbv:sdt:": f"{CBV}SDT-",
    "urn:epcglobal:cbv:er:": f"{CBV}ER-",
}  # fmt: skip
_TERMS = """
id type isA action eventID eventTime recordTime eventTimeZoneOffset certificationInfo bizStep
disposition persistentDisposition set unset readPoint bizLocation transformationID epcList
quantityList epcClass quantity uom bizTransactionList bizTransaction sourceList source
destinationList destination parentID childEPCs childQuantityList inputEPCList outputEPCList
inputQuantityList outputQuantityList ilmd errorDeclaration declarationTime reason
correctiveEventIDs sensorElementList sensorMetadata sensorReport schemaVersion creationDate
epcisBody eventList queryResults resultsBody EPCISDocument EPCISQueryDocument ObjectEvent
AggregationEvent TransactionEvent TransformationEvent AssociationEvent
"""
TERMS = frozenset(_TERMS.split())
"""Names that the standard's context protects, as far as they are read here."""
_BARE = re.compile("[A-Za-z][A-Za-z0-9_]*")
_MOST_PREFIXES = 100


def prefixes_of(context: Any, file: str) -> dict[str, str]:
    """The prefixes that a document's `@context` defines, with the standard's own.

    The standard's contexts are known by their addresses; an object may define prefixes and the
    types of its own terms. Raises InputError `CONTEXT_UNKNOWN` for any other address (nothing
    is ever fetched) and `CONTEXT_FORM` for what would redefine the standard's words.
    """
    if context is None:
        raise _fault(file, "CONTEXT_FORM", "the document has no `@context`",
                     "name the EPCIS 2.0 context that it is written in")  # fmt: skip
    parts = context if isinstance(context, list) else [context]
    found, has_standard = dict(PREFIXES), False
    for part in parts:
        if isinstance(part, str):
            _check_address(part, file)
            has_standard = True
        elif isinstance(part, Mapping):
            found |= _own_prefixes(part, file)
        else:
            raise _fault(file, "CONTEXT_FORM", "`@context` holds neither address nor object",
                         "give addresses, and objects that define prefixes")  # fmt: skip
    if not has_standard:
        raise _fault(file, "CONTEXT_FORM", "`@context` does not name the EPCIS 2.0 context",
                     "put its address first")  # fmt: skip
    if len(found) > _MOST_PREFIXES:
        raise _fault(file, "CONTEXT_FORM", f"more than {_MOST_PREFIXES} prefixes are defined",
                     "define those that are used")  # fmt: skip
    return found


def _check_address(address: str, file: str) -> None:
    if not _KNOWN_CONTEXT.fullmatch(address):
        raise _fault(
            file, "CONTEXT_UNKNOWN", f"the context {shown(address)} is not known, and none is "
            "fetched", "name the EPCIS 2.0 context, and define your prefixes in an object",
        )  # fmt: skip


def _own_prefixes(part: Mapping[str, Any], file: str) -> dict[str, str]:
    found = {}
    for name, meaning in part.items():
        if name in TERMS:
            raise _fault(file, "CONTEXT_FORM", f"{shown(name)} is a name of the standard, and "
                         "redefined", "name your own terms with a prefix")  # fmt: skip
        is_prefix = isinstance(meaning, str) and _BARE.fullmatch(name.replace("-", "_"))
        if is_prefix and not meaning.startswith("@") and ":" in meaning:
            if PREFIXES.get(name, meaning) != meaning:
                raise _fault(file, "CONTEXT_FORM", f"the prefix {shown(name)} is protected by the "
                             "EPCIS context, and redefined", "use another prefix")  # fmt: skip
            found[name] = meaning
        elif not (isinstance(meaning, Mapping) and ":" in name and set(meaning) == {"@type"}):
            raise _fault(
                file, "CONTEXT_FORM", f"{shown(name)} is no prefix of an extension",
                "define prefixes only: the standard's own names keep their meaning",
            )  # fmt: skip
    return found


def expanded(text: str, prefixes: Mapping[str, str]) -> str:
    """A compact address in full; any other text as it is."""
    prefix, mark, rest = text.partition(":")
    return prefixes[prefix] + rest if mark and prefix in prefixes else text


def word(text: str, kind: str, prefixes: Mapping[str, str]) -> str:
    """A standard word in full, however it is written; `kind` is `BizStep-`, `Disp-`, ...

    A bare word belongs to the kind that its field has; `gs1` words have the empty kind.
    """
    for old, new in _OLD_WORDS.items():
        if text.startswith(old):
            return new + text.removeprefix(old)
    if _BARE.fullmatch(text):
        return f"{CBV}{kind}{text}" if kind else VOC + text
    return expanded(text, prefixes)


def bare(address: str, kind: str) -> str:
    """The bare form of a standard word of a kind; any other address as it is."""
    return address.removeprefix(CBV + kind)


def _fault(file: str, code: str, what: str, hint: str) -> InputError:
    return InputError(what, code=code, hint=hint, place=Place(file))
