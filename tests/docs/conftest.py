"""The pages of the documentation, taken apart."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Page:
    """One Markdown file: its text outside of code blocks, and the blocks as (language, code)."""

    path: Path
    prose: str
    blocks: tuple[tuple[str, str], ...]

    def code(self, language):
        return [code for named, code in self.blocks if named == language]

    @property
    def spans(self):
        """What stands between backticks."""
        return re.findall(r"`([^`\n]+)`", self.prose)

    @property
    def command_lines(self):
        """The lines of console blocks, those that a backslash continues joined."""
        return [
            line for code in self.code("console") for line in code.replace("\\\n", " ").splitlines() if line.strip()
        ]


def read_page(path):
    text = path.read_text(encoding="utf-8")
    blocks = tuple((match["language"], match["code"]) for match in FENCE.finditer(text))
    return Page(path, FENCE.sub("", text), blocks)


@pytest.fixture(
    params=[*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def page(request):
    return read_page(request.param)
