"""docs/findings.md lists every finding of the package, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "bundle" / "rtcontour"
ROW = re.compile(r"^\| `(?P<code>[^`]+)` \| (?P<severity>[^|]+) \| (?P<meaning>[^|]+) \| (?P<remedy>[^|]+) \|$", re.M)
FIELDS = ("code", "message", "severity", "subject")


def findings_made(source):
    """(line, {field: expression}) of every Finding that some Python source makes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Finding":
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            yield node.lineno, {**dict(zip(FIELDS, node.args, strict=False)), **named}


def findings_in_package():
    for path in sorted(PACKAGE.rglob("*.py")):
        for line, fields in findings_made(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(ROOT)}:{line}", fields


def literal(expression):
    return expression.value if isinstance(expression, ast.Constant) and isinstance(expression.value, str) else None


def severities_in_package():
    """code -> the severities it is made with; a Finding without one is a warning."""
    found = {}
    for _, fields in findings_in_package():
        severity = literal(fields["severity"]) if "severity" in fields else "warning"
        found.setdefault(literal(fields["code"]), set()).add(severity)
    return found


def rows_of_page():
    return list(ROW.finditer((ROOT / "docs" / "findings.md").read_text(encoding="utf-8")))


def test_every_code_is_a_literal_of_lower_case_words():
    for place, fields in findings_in_package():
        code = literal(fields.get("code"))
        assert code is not None, f"{place}: write the code of the Finding as a string literal"
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code), f"{place}: {code!r} is not lower-case words with hyphens"


def test_the_page_lists_every_code_and_no_other():
    listed, made = {row["code"] for row in rows_of_page()}, set(severities_in_package())
    assert made - listed == set(), "docs/findings.md lacks these codes"
    assert listed - made == set(), "docs/findings.md lists codes that no longer exist"


def test_a_code_is_listed_once_with_the_severities_it_is_made_with():
    rows, made = rows_of_page(), severities_in_package()
    assert len(rows) == len({row["code"] for row in rows})
    for row in rows:
        assert set(row["severity"].strip().split(", ")) == made[row["code"]], row["code"]


def test_every_row_says_what_it_means_and_what_to_do():
    assert all(row["meaning"].strip() and row["remedy"].strip() for row in rows_of_page())


def test_a_code_that_is_computed_or_given_by_keyword_is_seen():
    made = dict(findings_made('Finding(name, "m")\nerrors.Finding(code="a-b", message="m", severity="note")'))
    assert literal(made[1]["code"]) is None
    assert (literal(made[2]["code"]), literal(made[2]["severity"])) == ("a-b", "note")
