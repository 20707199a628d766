"""What the nodes of RDF are: names of things, blank, or literals of a datatype."""

import re

XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
IRI, BLANK = "iri", "blank"
"""What a node is that is no literal; the kind of a literal is its datatype, or `@` and language."""
UNNAMED = "urn:evenkeel:unnamed:"
"""What stands before a name that no context of its document explains, so that it is seen."""
STRING, BOOLEAN, DATE = f"{XSD}string", f"{XSD}boolean", f"{XSD}date"
INTEGERS = frozenset(
    XSD + name
    for name in (
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger",
        "nonPositiveInteger", "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort",
        "unsignedByte",
    )
)  # fmt: skip
BARRED = re.compile(r'[\x00-\x20<>"{}|^`\\]')
"""What stands in no IRI (RFC 3987, as Turtle and JSON-LD have it)."""
