"""Pictures of every page of the demo, at a desktop's and a phone's width, from a real browser.

    python examples/ecommerce/screenshots.py FOLDER

It needs selenium 4, a Chromium and its chromedriver; Python 3 only. Four of the pictures are in screenshots/.
"""
import argparse
import base64
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import Select, WebDriverWait

HERE = os.path.dirname(os.path.abspath(__file__))
PHONE = ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile "
         "Safari/537.36")
VISITOR = "visitor-6"
WIDTHS = {"desktop": (1280, 860), "phone": (390, 844)}
PATIENCE = 20  # seconds; for what is broken, not for what is slow


@contextlib.contextmanager
def running_demo(*arguments, **variables):
    """Start the demo as a user does, and end it with Ctrl-C.

    :param arguments: of ``manage.py demo``.
    :param variables: further environment variables.
    :return: ``(process, shop's address, emulator's address)``; the latter is None without an emulator.
    """
    process = subprocess.Popen([sys.executable, os.path.join(HERE, "manage.py"), "demo"] + list(arguments),
                               env=dict(os.environ, **variables), stdout=subprocess.PIPE, universal_newlines=True)
    try:
        said = "".join(process.stdout.readline() for _ in range(3))
        shop = re.search(r"Shop +(\S+)", said)
        if shop is None:
            raise RuntimeError("the demo did not start: %r" % said)
        emulator = re.search(r"emulator at (\S+?)\. ", said)
        yield process, shop.group(1), emulator and emulator.group(1)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def browser(width=1280, height=860, phone=False):
    """A headless Chromium with a profile of its own, which is gone afterwards.

    :return: selenium's driver.
    """
    profile = tempfile.mkdtemp(prefix="marl-browser-")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
                     "disable-background-networking", "disable-component-update", "disable-dev-shm-usage",
                     "hide-scrollbars", "accept-lang=fr-FR", "user-data-dir=" + profile, "window-size=%d,%d" % (width, height)):
        options.add_argument("--" + argument)
    if phone:
        options.add_experimental_option("mobileEmulation", {
            "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0}, "userAgent": PHONE})
    # Named, so that selenium does not look for one to download.
    driver = webdriver.Chrome(options, webdriver.ChromeService(executable_path=shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", help="where the pictures go")
    folder = parser.parse_args().folder
    os.makedirs(folder, exist_ok=True)
    for device, (width, height) in sorted(WIDTHS.items()):
        with running_demo() as (_, shop, _), browser(width, height, phone=device == "phone") as driver:
            for name in walk(driver, shop):
                picture(driver, os.path.join(folder, "%s-%s.webp" % (name, device)))


def walk(driver, shop):
    """Visit every page; gives each one's name while the browser is on it."""
    def go(path):
        driver.get(shop + path)

    def click(selector):
        submit(driver, selector)

    # A visitor who gets the variations and not the originals, the same each time.
    driver.execute_cdp_cmd("Network.setCookie", {"name": "flagship_visitor", "value": VISITOR, "url": shop})
    go("")
    yield "home"
    go("shelf/pour/")
    yield "shelf"
    go("product/rook-teapot/")
    yield "product"
    click("#wish")
    go("product/commons-bowl/")
    click("#wish")
    go("wishlist/")
    yield "wishlist"
    go("cart/")
    yield "cart-empty"
    go("product/rook-teapot/")
    click("#cta")
    go("product/pebble-espresso/")
    Select(driver.find_element(By.ID, "quantity")).select_by_visible_text("4")
    click("#cta")
    yield "cart"
    click("#to-checkout")
    yield "checkout"
    fill(driver, name="Camille Roux", email="camille@example.com", street="Rue des Potiers 4", postcode="69001")
    click("#place-order")
    yield "checkout-error"
    fill(driver, city="Lyon")
    click("#place-order")
    yield "thank-you"
    go("login/")
    yield "login"
    fill(driver, username="camille", password="kiln-and-clay")
    click("#log-in")
    yield "home-friend"
    go("qa/")
    WebDriverWait(driver, PATIENCE).until(lambda _: driver.find_elements(By.CSS_SELECTOR, "[data-kind=transaction]"))
    yield "qa"
    click("#panic")
    yield "qa-panic"
    click("#panic")


def submit(driver, selector):
    """Click on what leads to another page, and wait for that."""
    page, element = (driver.find_element(By.CSS_SELECTOR, each) for each in ("html", selector))
    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()
    WebDriverWait(driver, PATIENCE).until(staleness_of(page))


def fill(driver, **fields):
    """Type into fields, by their names in the form."""
    for name, text in fields.items():
        field = driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)


def picture(driver, path):
    """The whole page, beyond what the window shows."""
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {
        "format": "webp", "quality": 80, "captureBeyondViewport": True,
        "clip": dict(size, scale=1)})
    with open(path, "wb") as file:
        file.write(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main()
