"""Write typed questions from a schema and documents: python -m evenkeel_client.generating

Needs graphql-core; what it wrote needs nothing but this package.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_schema, parse, validate

from evenkeel_client.shapes import DocumentError
from evenkeel_client.writing import inputs_text, module_text

HERE = Path(__file__).parent
OURS = "evenkeel_client.answers"


def texts(schema: str, documents: Mapping[str, str], package: str = OURS) -> dict[str, str]:
    """The modules of documents by their names, with the one of what they take, formatted.

    `package` is what the modules are imported from. Raises DocumentError for a document that does
    not fit the schema, or that no method can be written for.
    """
    try:
        built = build_schema(schema)
        parsed = {name: parse(text) for name, text in sorted(documents.items())}
    except GraphQLError as error:
        raise DocumentError(str(error)) from error
    for name, document in parsed.items():
        _check(name, document, built)
    found = {
        name: module_text(name, built, document, f"{package}.inputs")
        for name, document in parsed.items()
    }
    found["inputs"] = inputs_text(built, parsed.values())
    return {f"{name}.py": _formatted(text) for name, text in found.items()}


def _check(name: str, document: DocumentNode, schema: GraphQLSchema) -> None:
    if errors := validate(schema, document):
        raise DocumentError(f"{name}.graphql: {errors[0]}")


def _formatted(text: str) -> str:
    """As ruff lays it out, where there is ruff; without the imports that nothing uses."""
    if (ruff := shutil.which("ruff", path=Path(sys.executable).parent)) is None:
        return text
    for order in (["check", "--fix-only", "--select", "F401,I"], ["format"]):
        text = subprocess.run(
            [ruff, *order, "--isolated", "--line-length", "100", "--quiet",
             "--stdin-filename", "made.py", "-"],
            input=text, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    return text


def main() -> int:
    """Write the modules of all documents of a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--schema", type=Path, required=True, help="the schema as text")
    parser.add_argument("--documents", type=Path, default=HERE / "documents", help="*.graphql")
    parser.add_argument("--into", type=Path, default=HERE / "answers", help="a package's folder")
    parser.add_argument("--package", default=OURS, help="how that package is imported")
    asked = parser.parse_args()
    try:
        documents = {one.stem: one.read_text("utf-8") for one in asked.documents.glob("*.graphql")}
        made = texts(asked.schema.read_text("utf-8"), documents, asked.package)
        for name, text in made.items():
            (asked.into / name).write_text(text, "utf-8")
    except (OSError, DocumentError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
