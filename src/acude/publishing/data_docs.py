"""Data Docs: what every suite said about a day, as pages that need nothing from any network."""

import re
from html import escape
from itertools import groupby
from typing import Final

from acude import aws
from acude.lake import conditional
from acude.printable import printable
from acude.publishing.staging import AuditResult, Failure, path_name
from acude.settings import settings

FOLDER: Final = "_data_docs"
"""The pages lie here in the lake's bucket, the same for all hosts: `<day>/<run>-<layers>.html`."""

INDEX: Final = "index.html"

_PAGE: Final = re.compile(r"\d{4}-\d{2}-\d{2}/[^/]+\.html")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1d2733 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .7rem; vertical-align: top;
border-bottom: 1px solid #d8dee6 } code { font-size: 13px } .ok { color: #0a6b3d } .bad { color: #a61b1b }
"""


def write_docs(results: list[AuditResult]) -> str:
    """Writes a page for each day and run.

    Returns:
        Address of the page of the first result's run.
    """
    pages: list[str] = []
    bucket = settings().lake_bucket
    for (day, run_id), group in groupby(results, key=lambda result: (result.day.isoformat(), result.run_id)):
        members = list(group)
        # The same run audits silver and gold one after the other: each keeps its page.
        layers = "-".join(sorted({result.table.split(".")[0] for result in members}))
        key = f"{FOLDER}/{day}/{path_name(run_id)}-{layers}.html"
        body = _page(f"{day}: {run_id}", "".join(_section(result) for result in members)).encode()
        aws.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/html; charset=utf-8")
        pages.append(f"s3://{bucket}/{key}")
    return pages[0]


def page(name: str) -> bytes | None:
    """A page, or the list of all pages, which is `index.html`; None where there is none of that name."""
    if name == INDEX:
        return _index().encode()
    found = conditional.read(f"{FOLDER}/{name}", settings()) if _PAGE.fullmatch(name) else None
    return found[0] if found else None


def _index() -> str:
    """Made from what is there, so that no writer forgets the page of another."""
    found = sorted(aws.keys(settings().lake_bucket, f"{FOLDER}/"), reverse=True)
    names = [key.removeprefix(f"{FOLDER}/") for key in found]
    links = [f'<li><a href="{escape(name)}">{escape(name.removesuffix(".html"))}</a>' for name in names]
    return _page("Data Docs", f"<ul>{''.join(links)}</ul>")


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{body}</html>\n"
    )


def _section(result: AuditResult) -> str:
    mark = '<span class="ok">passed</span>' if result.success else '<span class="bad">refused</span>'
    facts = f"{result.expectations} expectations, {len(result.failures)} not met, rows <code>{result.hash}</code>"
    when = f"audited at {result.audited_at:%Y-%m-%d %H:%M:%S} UTC"
    rows = "".join(_row(failure) for failure in result.failures)
    head = "<tr><th>Expectation<th>Column<th>Expected<th>Found<th>For one</tr>"
    listed = f"<table>{head}{rows}</table>" if rows else ""
    return f"<h2>{escape(result.table)} {mark}</h2><p>{facts}, {when}</p>{listed}"


def _row(failure: Failure) -> str:
    cells = (
        failure.meaning or failure.expectation,
        failure.column,
        failure.expected,
        failure.found,
        failure.sample[0] if failure.sample else "",
    )
    return "<tr>" + "".join(f"<td>{escape(printable(cell))}" for cell in cells) + "</tr>"
