"""Pictures of every page of the demo, at a desktop's and a phone's width, from a real browser.

    python examples/ecommerce/screenshots.py FOLDER

It needs selenium 4, a Chromium and its chromedriver; Python 3 only. Four of the pictures, taken
with --fold, are in screenshots/.
"""
import argparse
import base64
import os
import sys

try:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select, WebDriverWait

    from browser import PATIENCE, browser, fill, submit
    from running import running_demo
except ImportError as missing:
    sys.exit("The pictures need selenium 4: python -m pip install selenium (%s)." % missing)

VISITOR = "visitor-6"
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
SIDE_BY_SIDE = ["home", "product", "cart"]


def main():
    if sys.version_info < (3, 6):
        return "The pictures need Python 3.6 or later, and this is %d.%d." % sys.version_info[:2]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", help="where the pictures go")
    parser.add_argument("--fold", action="store_true",
                        help="only what the window shows, not the whole page")
    options = parser.parse_args()
    try:
        take(options)
    except RuntimeError as problem:
        return "There are no pictures: %s." % problem
    return 0


def take(options):
    os.makedirs(options.folder, exist_ok=True)
    for device, (width, height) in sorted(WIDTHS.items()):
        with running_demo() as demo, browser(width, height, phone=device == "phone") as driver:
            for name in walk(driver, demo.shop):
                picture(driver, os.path.join(options.folder, "%s-%s.webp" % (name, device)),
                        options.fold)
    with browser(*WIDTHS["desktop"]) as driver:
        driver.get("about:blank")
        driver.execute_script("document.documentElement.innerHTML = arguments[0]",
                              side_by_side(options.folder))
        WebDriverWait(driver, PATIENCE).until(lambda _: driver.execute_script(
            "return Array.from(document.images).every((each) => each.complete)"))
        picture(driver, os.path.join(options.folder, "phones.webp"), fold=True)


def side_by_side(folder):
    """A page with some of the phone's pictures in a row."""
    images = []
    for name in SIDE_BY_SIDE:
        with open(os.path.join(folder, name + "-phone.webp"), "rb") as file:
            images.append('<img src="data:image/webp;base64,%s">'
                          % base64.b64encode(file.read()).decode("ascii"))
    return (
        "<style>body { margin: 0; height: 100vh; background: #d9cdb7; display: flex; gap: 2.4rem; "
        "align-items: center; justify-content: center } img { height: 780px; border-radius: 26px; "
        "border: 9px solid #26221d }</style>%s" % "".join(images))


def walk(driver, shop):
    """Visit every page; gives each one's name while the browser is on it."""
    def go(path):
        driver.get(shop + path)

    def click(selector):
        submit(driver, selector)

    # A visitor who gets the variations and not the originals, the same each time.
    driver.execute_cdp_cmd("Network.setCookie",
                           {"name": "flagship_visitor", "value": VISITOR, "url": shop})
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
    fill(driver, name="Camille Roux", email="camille@example.com", street="Rue des Potiers 4",
         postcode="69001")
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
    WebDriverWait(driver, PATIENCE).until(
        lambda _: driver.find_elements(By.CSS_SELECTOR, "[data-kind=transaction]"))
    yield "qa"
    click("#panic")
    yield "qa-panic"
    click("#panic")
    go("qa/results/")
    driver.execute_script("document.querySelector('#results form').requestSubmit()")
    WebDriverWait(driver, 6 * PATIENCE).until(lambda _: "simulated" in driver.find_element(
        By.CSS_SELECTOR, "#results [role=status]").text)
    yield "results"


def picture(driver, path, fold):
    """Write what the window shows, or the whole page, to a file."""
    options = {"format": "webp", "quality": 82}
    driver.execute_script("scrollTo({top: 0, behavior: 'instant'})")
    if not fold:
        size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        options.update(captureBeyondViewport=True, clip=dict(size, scale=1))
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", options)
    with open(path, "wb") as file:
        file.write(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    sys.exit(main())
