"""A small twin, and a browser to open its report in."""

import shutil
from collections.abc import Iterator

import pytest
from small_twin import make_twin

from anatwin.core import Twin


@pytest.fixture(scope="session")
def twin() -> Twin:
    return make_twin()


def open_browser(folder, *flags):
    """Start Debian's Chromium without a network service of its own; skip where it is missing."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("Debian's chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    fixed = (
        "--headless --no-sandbox --disable-dev-shm-usage --disable-background-networking "
        "--disable-component-update --disable-sync --no-first-run --window-size=1200,900"
    )
    for flag in (*fixed.split(), *flags, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[object]:
    """Chromium that draws WebGL in software."""
    flags = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
    driver = open_browser(tmp_path_factory.mktemp("profile"), *flags)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def plain_browser(tmp_path_factory) -> Iterator[object]:
    """Chromium without WebGL."""
    driver = open_browser(tmp_path_factory.mktemp("profile"), "--disable-gpu", "--disable-3d-apis")
    yield driver
    driver.quit()
