"""A real browser, logged in to the running Airflow."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from acude.local.platform import Platform

# Without these it looks up its maker's hosts at every start.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = {"width": 1360, "height": 850}
PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; playwright's own download is not needed.

    It ends with its module: as long as it lives, its thread has an event loop that runs, so nobody else's can.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "The browser tests need Chromium: run `make packages`, or `apt-get install chromium`."
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def airflow(browser: Browser, platform: Platform) -> Iterator[Page]:
    """Airflow's pages after the login that a user makes; `goto` takes paths."""
    config = platform.config
    with browser.new_context(base_url=config.airflow_url, viewport=SIZE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/")
        page.locator("input[name=username]").fill(config.airflow_user)
        page.locator("input[name=password]").fill(config.airflow_password.get_secret_value())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "login" not in url)
        yield page


@pytest.fixture(scope="session")
def screenshots(platform: Platform) -> Path:
    """Where the tests leave what they saw."""
    folder = Path(platform.config.var, "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
