"""The report in a real browser, opened from disk."""

import json
import time
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from small_twin import make_twin

from anatwin.report import write_report

ATTACK = "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"


@pytest.fixture(scope="module")
def address(tmp_path_factory, twin):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(twin, path)
    return path.as_uri()


def wait_for(driver, script, limit_s=90):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if value := driver.execute_script(script):
            return value
        time.sleep(0.2)
    pytest.fail(f"still not true after {limit_s} s: {script}")


def requests(driver):
    """Return every address that the page asked for."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [params["request"]["url"] for params in sent]


def errors(driver):
    return [e["message"] for e in driver.get_log("browser") if e["level"] == "SEVERE"]


def start_viewer(driver, address):
    driver.get(address)
    driver.execute_script("document.getElementById('explore').scrollIntoView()")
    wait_for(driver, "return document.getElementById('viewer').dataset.ready")


def canvas_picture(driver, attempts=6):
    """Return what the canvas shows; drawing without a graphics card can outlast one attempt."""
    time.sleep(0.5)
    canvas = driver.find_element(By.ID, "canvas")
    for _ in range(attempts):
        with suppress(TimeoutException):
            return np.asarray(Image.open(BytesIO(canvas.screenshot_as_png)).convert("RGB"))
    pytest.fail(f"no picture of the canvas in {attempts} attempts")


def test_the_interactive_view_draws_and_asks_for_nothing(browser, address):
    requests(browser)
    start_viewer(browser, address)
    shot = canvas_picture(browser)
    assert (shot.max(axis=2) > 60).mean() > 0.05
    browser.execute_script("document.querySelector('input[value=render]').click()")
    brain = canvas_picture(browser).astype(int)
    assert (brain.max(axis=2) > 60).mean() > 0.02
    boxes = browser.find_elements(By.CSS_SELECTOR, ".picks label")
    (skin,) = (box for box in boxes if box.text.strip() == "skin")
    browser.execute_script("arguments[0].click()", skin)
    with_skin = canvas_picture(browser).astype(int)
    coloured = [(seen[..., 0] - seen[..., 2] > 12).mean() for seen in (brain, with_skin)]
    assert coloured[1] > coloured[0] + 0.05
    assert [url for url in requests(browser) if not url.startswith(("data:", "blob:"))] == [address]
    assert errors(browser) == []


def test_sliders_and_arrow_keys_move_the_view(browser, address):
    start_viewer(browser, address)
    before = browser.find_element(By.ID, "location").text
    browser.find_element(By.ID, "slice-2").send_keys(Keys.ARROW_RIGHT * 60)
    wait_for(browser, f"return document.getElementById('location').textContent !== {before!r}")
    browser.execute_script("document.querySelector('input[value=render]').click()")
    first = canvas_picture(browser)
    browser.find_element(By.ID, "canvas").send_keys(Keys.ARROW_LEFT * 6)
    assert (first != canvas_picture(browser)).any()


def test_without_webgl_there_are_pictures(plain_browser, address):
    plain_browser.get(address)
    assert not plain_browser.find_element(By.ID, "viewer").is_displayed()
    pictures = plain_browser.find_elements(By.CSS_SELECTOR, "#fallback img")
    assert len(pictures) == 3
    assert all(picture.is_displayed() for picture in pictures)
    assert "WebGL" in plain_browser.find_element(By.ID, "viewer-message").text
    assert errors(plain_browser) == []


def test_the_first_tab_skips_to_the_report_and_slices_follow_the_arrows(plain_browser, address):
    plain_browser.get(address)
    ActionChains(plain_browser).send_keys(Keys.TAB).perform()
    skip = plain_browser.switch_to.active_element
    assert skip.text == "Skip to the report"
    skip.send_keys(Keys.ENTER)
    assert plain_browser.switch_to.active_element.get_attribute("id") == "main"
    slider = plain_browser.find_element(By.CSS_SELECTOR, ".stack input[type=range]")
    shown = ".stack figure.shown img"
    before = plain_browser.find_element(By.CSS_SELECTOR, shown).get_attribute("src")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert plain_browser.find_element(By.CSS_SELECTOR, shown).get_attribute("src") != before


def test_every_control_can_be_reached_and_shows_its_focus(plain_browser, address):
    plain_browser.get(address)
    outlines = []
    for _ in range(12):
        ActionChains(plain_browser).send_keys(Keys.TAB).perform()
        style = "return getComputedStyle(document.activeElement).outlineStyle"
        outlines.append(plain_browser.execute_script(style))
    assert set(outlines) == {"solid"}


def test_tables_sort_by_number_both_ways(plain_browser, address):
    plain_browser.get(address)
    button = plain_browser.find_elements(By.CSS_SELECTOR, "#numbers .sort")[1]
    read = "return [...document.querySelectorAll('#numbers table')][0].querySelectorAll('tbody th')"
    names = lambda: [cell.text for cell in plain_browser.execute_script(read)]  # noqa: E731
    button.send_keys(Keys.ENTER)
    assert names() == ["ventricle left", "white matter left", "white matter right"]
    button.send_keys(Keys.ENTER)
    assert names()[0] == "white matter right"


def test_colours_follow_the_system_and_the_button(plain_browser, address):
    plain_browser.get(address)
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = plain_browser.execute_script(paper)
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    plain_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    dark = plain_browser.execute_script(paper)
    assert dark != light
    plain_browser.find_element(By.ID, "theme").click()
    assert plain_browser.execute_script(paper) == light
    plain_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("width", [390, 800, 1200])
def test_nothing_is_wider_than_the_screen(plain_browser, address, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    plain_browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    plain_browser.get(address)
    assert plain_browser.execute_script("return document.documentElement.scrollWidth") <= width
    plain_browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_text_from_the_data_does_not_run(plain_browser, tmp_path):
    path = tmp_path / "report.html"
    write_report(make_twin(subject=ATTACK, source=ATTACK, notes=(ATTACK,)), path)
    plain_browser.get(path.as_uri())
    assert plain_browser.find_element(By.TAG_NAME, "h1").text == ATTACK
    plain_browser.execute_script(
        "document.getElementById('main').innerHTML += arguments[0]", ATTACK
    )
    time.sleep(0.3)
    assert plain_browser.execute_script("return window.hacked") is None


def test_it_prints(plain_browser, address):
    plain_browser.get(address)
    printed = plain_browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 50_000
