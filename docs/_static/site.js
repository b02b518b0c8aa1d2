"use strict";
// What scrolls sideways can be scrolled with the keyboard, too.
{
  const mark = () => {
    for (const each of document.querySelectorAll(".highlight pre, .table-wrapper, figure")) {
      if (each.scrollWidth > each.clientWidth) {
        each.tabIndex = 0;
      } else {
        each.removeAttribute("tabindex");
      }
    }
  };
  mark();
  addEventListener("resize", mark);
}
