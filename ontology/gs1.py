"""GS1 keys: check digits, and one canonical form for EPC URNs and GS1 Digital Links."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from ontology.errors import InputError

CANONICAL_HOST = "https://id.gs1.org"
_NAMES = {
    "00": "SSCC", "01": "GTIN", "253": "GDTI", "255": "GCN", "401": "GINC", "402": "GSIN",
    "414": "GLN", "417": "party GLN", "8003": "GRAI", "8004": "GIAI", "8006": "ITIP",
    "8010": "CPID", "8017": "GSRN of a provider", "8018": "GSRN",
}  # fmt: skip
_SHORT_NAMES = {
    "sscc": "00", "gtin": "01", "gdti": "253", "gcn": "255", "ginc": "401", "gsin": "402",
    "gln": "414", "party": "417", "grai": "8003", "giai": "8004", "itip": "8006",
    "cpid": "8010", "gsrnp": "8017", "gsrn": "8018",
    "lot": "10", "ser": "21", "cpv": "22",
}  # fmt: skip
_TEXT = r"[!\"%&'()*+,./:;<=>?0-9A-Z_a-z-]"
"""The 82 characters that lots, serials and extensions are made of."""
_FORMS = {
    "00": "[0-9]{18}", "01": "[0-9]{14}", "253": f"[0-9]{{13}}{_TEXT}{{0,17}}",
    "255": "[0-9]{13}[0-9]{0,12}", "401": f"{_TEXT}{{1,30}}", "402": "[0-9]{17}",
    "414": "[0-9]{13}", "417": "[0-9]{13}", "8003": f"[0-9]{{14}}{_TEXT}{{0,16}}",
    "8004": f"{_TEXT}{{1,30}}", "8006": "[0-9]{18}", "8010": "[0-9A-Z#/-]{1,30}",
    "8017": "[0-9]{18}", "8018": "[0-9]{18}",
}  # fmt: skip
_CHECKED = {
    "00": 18, "01": 14, "253": 13, "255": 13, "402": 17, "414": 13, "417": 13, "8003": 14,
    "8006": 14, "8017": 18, "8018": 18,
}  # fmt: skip
"""How many digits of a key, from its start, end in a check digit."""
_QUALIFIERS = {
    "01": ("22", "10", "21", "235"), "8006": ("22", "10", "21"), "414": ("254",),
    "8010": ("8011",), "8017": ("8019",), "8018": ("8019",),
}  # fmt: skip
_KEPT = ("21", "235", "10", "254", "8011")
"""Of several qualifiers the first of these names the thing most closely; the others go."""
_LENGTHS = {"10": 20, "21": 20, "235": 28, "254": 20, "8011": 12, "22": 20, "8019": 10}
_KEPT_CHARACTERS = 200
"""What was made of a longer text is not kept: any text may be asked about, of any length."""
_LINK = re.compile(r"https?://[^/?#\s]+(?P<path>/[^?#\s]*)(?:[?#]\S*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gs1Id:
    """A GS1 key by its application identifier, with the one qualifier that names it closest.

    `key` is without escapes; a GTIN has 14 digits. `qualifier` is empty, or the identifier of
    what `value` is: 10 lot, 21 serial, 254 extension of a GLN.
    """

    ai: str
    key: str
    qualifier: str = ""
    value: str = ""

    @property
    def link(self) -> str:
        """The canonical Digital Link: one text for one thing."""
        return _link(self)

    @property
    def is_class(self) -> bool:
        """Whether it names a kind of thing or a lot, not one single thing."""
        if self.ai in ("01", "8006", "8010"):
            return self.qualifier not in ("21", "235", "8011")
        return self.ai in ("253", "255", "8003") and len(self.key) == _CHECKED[self.ai]


def check_digit(digits: str) -> int:
    """The check digit that follows these digits (GS1 General Specifications, section 7.9)."""
    weighted = (int(d) * (1 if at % 2 else 3) for at, d in enumerate(reversed(digits)))
    return -sum(weighted) % 10


def gtin(text: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits as 14 digits.

    Raises InputError `KEY_FORM` or `CHECK_DIGIT`.
    """
    if not re.fullmatch("[0-9]{8}|[0-9]{12,14}", text):
        raise _form(text, "a GTIN has 8, 12, 13 or 14 digits")
    return _checked("01", text.zfill(14))


def gln(text: str) -> str:
    """A GLN of 13 digits. Raises InputError `KEY_FORM` or `CHECK_DIGIT`."""
    if not re.fullmatch("[0-9]{13}", text):
        raise _form(text, "a GLN has 13 digits")
    return _checked("414", text)


def sscc(text: str) -> str:
    """An SSCC of 18 digits. Raises InputError `KEY_FORM` or `CHECK_DIGIT`."""
    if not re.fullmatch("[0-9]{18}", text):
        raise _form(text, "an SSCC has 18 digits")
    return _checked("00", text)


def identifier(text: str) -> Gs1Id:
    """The key that an EPC URN or a Digital Link (of any host) names.

    Raises InputError `KEY_FORM` for a text of another form and `CHECK_DIGIT`, with the
    digit that would be right. Sources: EPC Tag Data Standard, sections 6 to 8; GS1 Digital Link
    URI syntax, section 4.
    """
    found = identifier_form(text)
    if found is None:
        raise _form(text, "this is no EPC URN and no GS1 Digital Link")
    _checked(found.ai, found.key)
    return found


def identifier_form(text: str) -> Gs1Id | None:
    """As `identifier`, with check digits of links left unchecked; None for any other text."""
    return _short_form(text) if len(text) <= _KEPT_CHARACTERS else _form_of(text)


@lru_cache(maxsize=1 << 13)  # a pallet's things come again in every event of its way
def _short_form(text: str) -> Gs1Id | None:
    return _form_of(text)


def _form_of(text: str) -> Gs1Id | None:
    if text.startswith("urn:epc:"):
        return _of_urn(text)
    found = _LINK.fullmatch(text)
    return _of_path(found["path"]) if found else None


def urn(found: Gs1Id, prefix_digits: int) -> str:
    """The EPC URN of a key whose company prefix has so many digits (a link does not say).

    Raises InputError `KEY_FORM` where the key has no such URN.
    """
    for scheme, form in _SCHEMES.items() if 6 <= prefix_digits <= 12 else ():
        if form.ai == found.ai and found.qualifier in form.qualifiers:
            text = _written(scheme, form, found, prefix_digits)
            if text and _of_urn(text) == found:
                return text
    raise _form(found.link, f"no EPC URN has a company prefix of {prefix_digits} digits for it")


def _link(key: Gs1Id) -> str:
    is_short = len(key.key) + len(key.value) <= _KEPT_CHARACTERS
    return _short_link(key) if is_short else _link_of(key)


@lru_cache(maxsize=1 << 13)
def _short_link(key: Gs1Id) -> str:
    return _link_of(key)


def _link_of(key: Gs1Id) -> str:
    link = f"{CANONICAL_HOST}/{key.ai}/{_escaped(key.key)}"
    return f"{link}/{key.qualifier}/{_escaped(key.value)}" if key.qualifier else link


def _of_path(path: str) -> Gs1Id | None:
    """The key in the path of a link: behind any folders, then key and qualifiers in pairs."""
    parts = path.rstrip("/").split("/")[1:]
    for at in range(len(parts) - 1):
        ai = _SHORT_NAMES.get(parts[at], parts[at])
        if ai in _FORMS and len(parts[at:]) % 2 == 0:
            found = _of_pairs(ai, parts[at + 1 :])
            if found is not None:
                return found
    return None


def _of_pairs(ai: str, rest: list[str]) -> Gs1Id | None:
    key = _unescaped(rest[0])
    if ai == "01" and key is not None and re.fullmatch("[0-9]{8}|[0-9]{12,13}", key):
        key = key.zfill(14)
    names = [_SHORT_NAMES.get(name, name) for name in rest[1::2]]
    values = [_unescaped(value) for value in rest[2::2]]
    if any(name not in _QUALIFIERS.get(ai, ()) for name in names) or len({*names}) < len(names):
        return None
    given = dict(zip(names, values, strict=True))
    if any(not _is_value(name, value) for name, value in given.items()):
        return None
    kept = next((name for name in _KEPT if name in given), "")
    return _made(ai, key, kept, given.get(kept) or "")


def _made(ai: str, key: str | None, qualifier: str = "", value: str | None = "") -> Gs1Id | None:
    if key is None or value is None or not re.fullmatch(_FORMS[ai], key):
        return None
    if qualifier and not _is_value(qualifier, value):
        return None
    return Gs1Id(ai, key, qualifier, value)


def _is_value(qualifier: str, value: str | None) -> bool:
    allowed = "[0-9]" if qualifier == "8011" else _TEXT
    most = _LENGTHS[qualifier]
    return value is not None and re.fullmatch(f"{allowed}{{1,{most}}}", value) is not None


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How an EPC URN is cut: parts between dots, digits of prefix and reference together."""

    ai: str
    digits: int
    parts: int
    join: Callable[[str, str], str]
    qualifier: str = ""
    qualifiers: tuple[str, ...] = ("",)


def _plain(prefix: str, reference: str) -> str:
    return prefix + reference


def _turned(prefix: str, reference: str) -> str:
    """The first digit of the reference stands in front of the prefix: indicator or extension."""
    return reference[:1] + prefix + reference[1:]


def _padded(prefix: str, reference: str) -> str:
    return "0" + prefix + reference


_SCHEMES = {
    "id:sgtin": _Scheme("01", 13, 3, _turned, "21", ("21",)),
    "id:upui": _Scheme("01", 13, 3, _turned, "235", ("235",)),
    "class:lgtin": _Scheme("01", 13, 3, _turned, "10", ("10",)),
    "idpat:sgtin": _Scheme("01", 13, 3, _turned),
    "idpat:upui": _Scheme("01", 13, 3, _turned),
    "id:sscc": _Scheme("00", 17, 2, _turned),
    "id:sgln": _Scheme("414", 12, 3, _plain, "254", ("", "254")),
    "id:pgln": _Scheme("417", 12, 2, _plain),
    "id:grai": _Scheme("8003", 12, 3, _padded),
    "idpat:grai": _Scheme("8003", 12, 3, _padded),
    "id:giai": _Scheme("8004", 0, 2, _plain),
    "id:gsrn": _Scheme("8018", 17, 2, _plain),
    "id:gsrnp": _Scheme("8017", 17, 2, _plain),
    "id:gdti": _Scheme("253", 12, 3, _plain),
    "idpat:gdti": _Scheme("253", 12, 3, _plain),
    "id:sgcn": _Scheme("255", 12, 3, _plain),
    "idpat:sgcn": _Scheme("255", 12, 3, _plain),
    "id:ginc": _Scheme("401", 0, 2, _plain),
    "id:gsin": _Scheme("402", 16, 2, _plain),
    "id:cpi": _Scheme("8010", 0, 3, _plain, "8011", ("8011",)),
    "idpat:cpi": _Scheme("8010", 0, 3, _plain),
    "id:itip": _Scheme("8006", 13, 5, _turned, "21", ("21",)),
    "idpat:itip": _Scheme("8006", 13, 5, _turned),
}


def _of_urn(text: str) -> Gs1Id | None:
    body = text.removeprefix("urn:epc:")
    name = ":".join(body.split(":", 2)[:2])
    form = _SCHEMES.get(name)
    if form is None:
        return None
    parts = body[len(name) + 1 :].split(".", form.parts - 1)
    if len(parts) != form.parts or not re.fullmatch("[0-9]{6,12}", parts[0]):
        return None
    prefix, reference = parts[0], parts[1]
    if form.digits and not re.fullmatch(f"[0-9]{{{form.digits - len(prefix)}}}", reference):
        return None
    return _joined(name, form, form.join(prefix, _unescaped(reference) or ""), parts[2:])


def _joined(name: str, form: _Scheme, body: str, rest: list[str]) -> Gs1Id | None:
    """The key of a URN's parts; what stands last is the serial, or `*` in a pattern."""
    key = body + str(check_digit(body)) if form.digits else body
    if form.ai == "8006":
        key += "".join(rest[:2])
    if not rest:
        return _made(form.ai, key)
    last = _unescaped(rest[-1])
    if name.startswith("idpat:"):
        return _made(form.ai, key) if last == "*" else None
    if not last:
        return None
    if not form.qualifier:
        return _made(form.ai, key + last)
    if name == "id:sgln" and last == "0":  # no extension
        return _made(form.ai, key)
    return _made(form.ai, key, form.qualifier, last)


def _written(scheme: str, form: _Scheme, found: Gs1Id, prefix_digits: int) -> str:
    is_pattern = scheme.startswith("idpat:")
    if is_pattern != (found.is_class and not scheme.startswith("class:")
                      and found.qualifier == ""):  # fmt: skip
        return ""
    body = found.key[: form.digits + (form.ai == "8003")] if form.digits else found.key
    if form.join is _padded:
        body = body[1:]
    if form.join is _turned:
        body = body[1 : prefix_digits + 1] + body[0] + body[prefix_digits + 1 :]
    parts = [body[:prefix_digits], _urn_escaped(body[prefix_digits:])]
    tail = found.key[_CHECKED[found.ai] :] if form.digits else ""
    if form.ai == "8006":
        parts += [tail[:2], tail[2:]]
        tail = ""
    if form.parts > 2:
        value = found.value or tail or ("0" if scheme == "id:sgln" else "")
        parts.append("*" if is_pattern else _urn_escaped(value))
    return f"urn:epc:{scheme}:{'.'.join(parts)}"


def _checked(ai: str, key: str) -> str:
    """The key, where its check digit is right."""
    length = _CHECKED.get(ai)
    if length is not None:
        right = check_digit(key[: length - 1])
        if int(key[length - 1]) != right:
            raise InputError(
                f"the check digit of the {_NAMES[ai]} `{key}` is {key[length - 1]}, "
                f"and would be {right}",
                code="CHECK_DIGIT", hint="correct the key; a digit was mistyped or swapped",
            )  # fmt: skip
    return key


def _form(text: str, what: str) -> InputError:
    said = text if len(text) <= 60 else f"{text[:57]}..."
    return InputError(
        f"`{said}` cannot be read as a GS1 key: {what}", code="KEY_FORM",
        hint="write `urn:epc:...` or `https://id.gs1.org/...` as the standard has it",
    )  # fmt: skip


def _escaped(text: str) -> str:
    return quote(text, safe="'.;=_-")


def _urn_escaped(text: str) -> str:
    return quote(text, safe="!')(*+,-.:;=_")


def _unescaped(text: str) -> str | None:
    """The text without percent escapes; None where they make no sense."""
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        return None
    try:
        return unquote_to_bytes(text).decode("ascii")
    except UnicodeDecodeError:
        return None
