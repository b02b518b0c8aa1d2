"use strict";
// The panel works without this, but for the decision that follows what is edited.

{
  const form = document.getElementById("override");
  const rows = document.getElementById("rows");
  const more = document.getElementById("more");
  let waiting, asked = 0;

  const decide = async () => {
    const mine = ++asked;
    try {
      const answer = await fetch(form.dataset.decision, {method: "POST", body: new FormData(form)});
      const page = await answer.text();
      if (mine !== asked || !answer.ok) return;
      document.getElementById("decision").innerHTML = page;
      document.getElementById("status").textContent = "The decision for what is edited here. The site does not use it yet.";
    } catch (error) {
      document.getElementById("status").textContent = "The site does not answer.";
    }
  };
  const changed = () => { clearTimeout(waiting); waiting = setTimeout(decide, 150); };

  // A browser that is driven, by selenium or a screen reader, may tell of a list's change alone.
  for (const kind of ["input", "change"]) form.addEventListener(kind, changed);
  for (const each of form.querySelectorAll("[hidden]")) each.hidden = false;
  more.addEventListener("click", () => {
    const row = rows.lastElementChild.cloneNode(true);
    for (const each of row.querySelectorAll("input")) each.value = "";
    rows.append(row);
    row.querySelector(".key").focus();
  });
  rows.addEventListener("click", (event) => {
    if (event.target.className !== "remove") return;
    const row = event.target.parentElement;
    // The last one is the pattern for new ones.
    if (rows.children.length > 1) row.remove(); else for (const each of row.querySelectorAll("input")) each.value = "";
    more.focus();
    changed();
  });
}
