"""A headless Chromium, for the pictures and the tests. It needs selenium 4, a Chromium and its
chromedriver."""
import contextlib
import os
import shutil
import tempfile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Mobile Safari/537.36")
PATIENCE = 20  # seconds; as in running.py


@contextlib.contextmanager
def browser(width=1280, height=860, phone=False):
    """A headless Chromium with a profile of its own, which is gone afterwards.

    :return: a context manager that gives selenium's driver.
    :raises RuntimeError: when there is no Chromium, or no chromedriver.
    """
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        raise RuntimeError("%s is not on the PATH" % " and ".join(missing))
    with contextlib.ExitStack() as ends:
        profile = tempfile.mkdtemp(prefix="marl-browser-")
        ends.callback(shutil.rmtree, profile, ignore_errors=True)
        driver = webdriver.Chrome(_options(profile, width, height, phone), webdriver.ChromeService(
            # Named, so that selenium does not look for one to download.
            executable_path=shutil.which("chromedriver"), env=dict(os.environ, TMPDIR=profile)))
        ends.callback(driver.quit)
        if not phone:  # a window's own size is with its frame
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        yield driver


def _options(profile, width, height, phone):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
                     "disable-sync",
                     "disable-background-networking", "disable-component-update",
                     "disable-dev-shm-usage",
                     "hide-scrollbars", "accept-lang=fr-FR", "user-data-dir=" + profile,
                     "window-size=%d,%d" % (width, height)):
        options.add_argument("--" + argument)
    if phone:
        options.add_experimental_option("mobileEmulation", {
            "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0},
            "userAgent": PHONE})
    return options


def submit(driver, selector):
    """Click on what leads to another page, and wait for that."""
    element = driver.find_element(By.CSS_SELECTOR, selector)
    driver.execute_script(
        "window.left = true; arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})",
        element)
    element.click()
    # Between two pages chromedriver has errors of several kinds.
    WebDriverWait(driver, PATIENCE, ignored_exceptions=[WebDriverException]).until(
        lambda _: driver.execute_script(
            "return !window.left && document.readyState === 'complete'"))


def fill(driver, **fields):
    """Type into fields, by their names in the form."""
    for name, text in fields.items():
        field = driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)
