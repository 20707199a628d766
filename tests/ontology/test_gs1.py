"""GS1 keys: check digits, forms, and one canonical link for URN and Digital Link."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import InputError
from ontology.gs1 import Gs1Id, check_digit, gln, gtin, identifier, identifier_form, sscc, urn
from ontology.terms import join_key

HOST = "https://id.gs1.org"
PAIRS = [
    ("urn:epc:id:sgtin:4012345.011111.98%22", "/01/04012345111118/21/98%22"),
    ("urn:epc:id:sgtin:415056789012.0.987654", "/01/04150567890128/21/987654"),
    ("urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()",
     "/01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29"),
    ("urn:epc:class:lgtin:4012345.012345.Lot987", "/01/04012345123456/10/Lot987"),
    ("urn:epc:idpat:sgtin:4012345.012345.*", "/01/04012345123456"),
    ("urn:epc:id:upui:1234567.098765.51qIgY)%3C%26Jp3*j7SDB",
     "/01/01234567987651/235/51qIgY%29%3C%26Jp3%2Aj7SDB"),
    ("urn:epc:id:sscc:4012345.3111111111", "/00/340123451111111111"),
    ("urn:epc:id:sscc:4012345.0000000011", "/00/040123450000000115"),
    ("urn:epc:id:sgln:4012345.00005.122", "/414/4012345000054/254/122"),
    ("urn:epc:id:sgln:4012345.00005.0", "/414/4012345000054"),
    ("urn:epc:id:pgln:999999999999.", "/417/9999999999994"),
    ("urn:epc:id:grai:4012345.00022.334455", "/8003/04012345000221334455"),
    ("urn:epc:idpat:grai:4012345.99999.*", "/8003/04012345999990"),
    ("urn:epc:id:giai:4012345.ABC345", "/8004/4012345ABC345"),
    ("urn:epc:id:gsrn:4012345.0000006765", "/8018/401234500000067657"),
    ("urn:epc:id:gsrnp:4012345.0000000007", "/8017/401234500000000074"),
    ("urn:epc:id:gdti:4012345.00009.PO-4711", "/253/4012345000092PO-4711"),
    ("urn:epc:id:gdti:987659999999..9", "/253/98765999999929"),
    ("urn:epc:idpat:gdti:4012345.11111.*", "/253/4012345111118"),
    ("urn:epc:id:sgcn:4012345.99999.44", "/255/401234599999044"),
    ("urn:epc:idpat:sgcn:4012345.22222.*", "/255/4012345222227"),
    ("urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234",
     "/8010/061414111111111111111-A%23%2F/8011/1234"),
    ("urn:epc:idpat:cpi:4012345.AB12.*", "/8010/4012345AB12"),
    ("urn:epc:id:ginc:0614141.xyz47%2F11", "/401/0614141xyz47%2F11"),
    ("urn:epc:id:gsin:4012345.222333444", "/402/40123452223334442"),
    ("urn:epc:id:itip:4012345.011111.01.02.987", "/8006/040123451111180102/21/987"),
    ("urn:epc:idpat:itip:4012345.012345.01.02.*", "/8006/040123451234560102"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "link"), PAIRS)
def test_a_urn_is_a_link_and_back(text: str, link: str) -> None:
    """Law: URN and link name one key, and from the link leads a way back to the URN."""
    assert HOST + link == identifier(text).link
    assert identifier(text) == identifier(HOST + link)
    prefix = len(re.split("[:.]", text)[4])
    assert text == urn(identifier(HOST + link), prefix)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("http://us-company.example/01/001122334455", "/01/00001122334455"),
        ("https://example.com/shop/gtin/9780345418913/cpv/344/lot/12/ser/7tz?11=2&x#y",
         "/01/09780345418913/21/7tz"),
        ("https://id.gs1.org/01/9780345418913/10/1223", "/01/09780345418913/10/1223"),
        ("https://example.org/414/4280000000002/254/12/", "/414/4280000000002/254/12"),
        ("https://example.org/8006/040123451234560102/22/AB/21/443322",
         "/8006/040123451234560102/21/443322"),
    ],
)  # fmt: skip
def test_links_of_any_host_are_one(text: str, link: str) -> None:
    """Law: host, folders, short names, qualifiers further out and queries do not count."""
    found = identifier_form(text)
    assert found is not None
    assert HOST + link == found.link


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/123/4012345ABC987/456/4711", "https://id.gs1.org/99/9780345418913",
        "https://id.gs1.org/01/9780345418913/99/x", "https://id.gs1.org/01/97803",
        "https://id.gs1.org/01/9780345418913/21/a%", "https://id.gs1.org/01/9780345418913/21/ä",
        "https://id.gs1.org/01/9780345418913/21/" + "a" * 21, "https://id.gs1.org/", "42", "",
        "urn:epc:id:sgtin:4012345.01111.9", "urn:epc:id:sgtin:4012345.011111",
        "urn:epc:id:sgtin:40123.45011111.9", "urn:epc:id:sgtin:4012345.011111.",
        "urn:epc:idpat:sgtin:4012345.*.*", "urn:epc:idpat:sgtin:4012345.011111.7",
        "urn:epc:class:sgtin:4012345.011111.7", "urn:epc:id:sscc:4012345.31111111112", "urn:epc:",
        "https://id.gs1.org/01/9780345418913/21/7/21/8",
    ],
)  # fmt: skip
def test_what_is_no_key_is_said_so(text: str) -> None:
    """Law: a text that is no GS1 key has no form, and asking for one is one clear error."""
    assert identifier_form(text) is None
    with pytest.raises(InputError, match="cannot be read as a GS1 key") as caught:
        identifier(text)
    assert "KEY_FORM" == caught.value.code


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://id.gs1.org/01/04012345111117/21/5",
         "the check digit of the GTIN `04012345111117` is 7, and would be 8"),
        ("https://id.gs1.org/00/040123451111111126",
         "the check digit of the SSCC `040123451111111126` is 6, and would be 7"),
        ("https://id.gs1.org/414/4012345000055",
         "the check digit of the GLN `4012345000055` is 5, and would be 4"),
    ],
)  # fmt: skip
def test_a_wrong_check_digit_is_named(text: str, says: str) -> None:
    """Law: the complaint says which digit is wrong, and which would be right."""
    with pytest.raises(InputError) as caught:
        identifier(text)
    assert ("CHECK_DIGIT", says) == (caught.value.code, caught.value.what)


def test_keys_of_every_length() -> None:
    """Law: a GTIN of 8, 12, 13 or 14 digits is one of 14; others have one length."""
    assert ["00000096385074", "00614141123452", "04012345111118", "10614141073464"] == [
        gtin(text) for text in ("96385074", "614141123452", "4012345111118", "10614141073464")
    ]
    assert "4012345000054" == gln("4012345000054")
    assert "340123451111111111" == sscc("340123451111111111")
    for check, text in ((gtin, "123456789"), (gln, "401234500005"), (sscc, "x" * 18), (gtin, "")):
        with pytest.raises(InputError) as caught:
            check(text)
        assert "KEY_FORM" == caught.value.code


@given(st.from_regex("[0-9]{12,13}", fullmatch=True), st.integers(0, 12), st.integers(1, 9))
def test_a_changed_digit_is_found(body: str, at: int, by: int) -> None:
    """Law: no single digit can be mistyped unseen."""
    whole = body + str(check_digit(body))
    at %= len(whole)
    wrong = whole[:at] + str((int(whole[at]) + by) % 10) + whole[at + 1 :]
    assert check_digit(wrong[:-1]) != int(wrong[-1])


@given(st.text(max_size=60))
def test_any_text_is_a_key_or_is_not(text: str) -> None:
    """Law: no text is a surprise."""
    for start in ("", "urn:epc:id:sgtin:", "https://id.gs1.org/01/"):
        found = identifier_form(start + text)
        assert found is None or found == identifier_form(found.link)


def test_single_things_and_kinds() -> None:
    """Law: a serial makes a single thing; a lot, a type of asset and a bare GTIN are kinds."""
    kinds = [Gs1Id("01", "04012345111118"), Gs1Id("01", "04012345111118", "10", "L"),
             Gs1Id("8003", "04012345999990"), Gs1Id("8010", "4012345AB")]  # fmt: skip
    singles = [Gs1Id("01", "04012345111118", "21", "S"), Gs1Id("00", "340123451111111111"),
               Gs1Id("8003", "040123459999901"), Gs1Id("414", "4012345000054")]  # fmt: skip
    assert [True] * 4 + [False] * 4 == [key.is_class for key in kinds + singles]


def test_no_urn_without_a_fitting_prefix() -> None:
    """Law: a link does not say how long the company prefix is; one that cannot be is refused."""
    with pytest.raises(InputError, match="company prefix of 13 digits"):
        urn(identifier("urn:epc:id:sgln:4012345.00005.0"), 13)


def test_long_texts_are_not_kept() -> None:
    """Law 9: what was asked of texts of any length leaves no more in memory than short ones do."""
    tracemalloc.start()
    try:
        for number in range(200):
            tail = f"{number}" + "x" * 50_000
            assert identifier_form(f"urn:epc:id:x:{tail}") is None
            assert identifier_form(f"https://id.gs1.org/414/4012345000054/254/{tail}") is None
            join_key((tail,))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 500_000 > kept
