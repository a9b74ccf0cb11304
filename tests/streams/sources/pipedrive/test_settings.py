"""The section of the connections file: what is taken, and what is said of what is not."""

from pathlib import Path

import pytest

from streams.sources.connections import ConnectionsError, read

from .reading import SEGMENT


def section(tmp_path: Path, text: str) -> str:
    """What is said of a file with this section, line by line, without the file's folder."""
    file = tmp_path / "connections.yaml"
    file.write_text(f"pipedrive:\n{text}")
    with pytest.raises(ConnectionsError) as told:
        read(file)
    return str(told.value).replace(str(file), "connections.yaml")


def test_ids_may_be_written_as_numbers_or_names(tmp_path: Path) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text(
        f"""\
pipedrive:
  company_domain: acme
  token_file: /run/secrets/pipedrive
  stages: {{1: Discovery, "2": Demo}}
  owners: {{7: Rep@US.example, Rae Pratt: rep@us.example}}
  fields: {{{SEGMENT}: segment, Deal - Fit: account.fit}}
  values: {{segment: {{41: enterprise}}}}
"""
    )
    told = read(file).pipedrive
    assert told.base_url == "https://acme.pipedrive.com"
    assert told.stages == {"1": "Discovery", "2": "Demo"}
    assert told.owners == {"7": "rep@us.example", "Rae Pratt": "rep@us.example"}
    assert told.values == {"segment": {"41": "enterprise"}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fields: {abc: segmnt}", "2: pipedrive.fields.abc: 'segmnt' is no field of a deal; did you mean segment?"),
        ("values: {stagge: {a: b}}", "2: pipedrive.values.stagge.[key]: 'stagge' is no field of a deal; did you mean "),
        ("owners: {7: nobody}", "2: pipedrive.owners.7: not a mail address: "),
        ("user: me", "1: pipedrive: user and password_file go together"),
        ("user: 'a:b'\n  password_file: x", "1: pipedrive: user: a colon would end it, where it is sent"),
        ("company_domain: acme.pipedrive.com", "2: pipedrive.company_domain: String should match pattern"),
        ("api_url: http://acme.example", "1: pipedrive: api_url: without https others can read the token"),
        ("token: abc", "2: pipedrive.token: is no known name; did you mean token_file?"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    assert section(tmp_path, f"  {text}\n").startswith(f"connections.yaml:{told}")
