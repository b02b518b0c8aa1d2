"use strict";
// What scrolls sideways can be scrolled with the keyboard, too.
{
  const observer = new ResizeObserver((entries) => {
    for (const {target} of entries) {
      if (target.scrollWidth > target.clientWidth) {
        target.tabIndex = 0;
      } else {
        target.removeAttribute("tabindex");
      }
    }
  });
  for (const each of document.querySelectorAll(".highlight pre, .table-wrapper, figure")) {
    observer.observe(each);
  }
}
