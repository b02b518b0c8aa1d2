// Shows what the emulator receives. All of it came from outside: it is only ever set as text.
"use strict";

const EVERY = 1000; // milliseconds between two questions
const MOST = 1000;  // rows that are kept
// Made once: a formatter of its own for each of the rows takes longer than all the rest.
const CLOCK = new Intl.DateTimeFormat([], {timeStyle: "medium", hour12: false});
const NAMES = {
  decision: "Decision", context: "Context", activation: "Activation", hit: "Hit", file: "File",
  refused: "Refused",
};

const find = (selector) => document.querySelector(selector);
const list = find("#rows");
const template = find("#row");
const form = find("#filters");
const counts = {};
let after = 0;
let made = null;
let paused = false;
let said = "";

function say(text, bad) {
  // Set only when it changes, or a screen reader would say it each second.
  if (text !== said) {
    said = find("#state").textContent = text;
    find("#state").classList.toggle("bad", Boolean(bad));
  }
}

function fill(item, selector, text) {
  item.querySelector(selector).textContent = text;
}

function itemOf(row) {
  const item = template.content.firstElementChild.cloneNode(true);
  const time = new Date(row.time * 1000);
  item.dataset.kind = row.kind;
  item.dataset.text = [row.visitor, row.what, row.body, row.path].join("\n").toLowerCase();
  fill(item, "time", CLOCK.format(time));
  item.querySelector("time").dateTime = time.toISOString();
  fill(item, ".kind", NAMES[row.kind] || row.kind);
  fill(item, ".visitor", row.visitor || "–");
  fill(item, ".what", row.what);
  fill(item, ".status", row.status === null ? "–" : row.status);
  fill(item, ".request", `${row.number}. ${row.method} ${row.path}`);
  fill(item, "pre", row.body);
  item.querySelector("pre").hidden = !row.body;
  return item;
}

function matches(item) {
  const kind = form.elements.kind.value;
  const text = form.elements.text.value.trim().toLowerCase();
  return (!kind || item.dataset.kind === kind) && item.dataset.text.includes(text);
}

function count(kind, change) {
  for (const each of ["", kind]) {
    counts[each] = (counts[each] || 0) + change;
    const label = form.querySelector(`input[value="${each}"] + span b`);
    if (label) {
      label.textContent = counts[each] || "";
    }
  }
}

function remove(item) {
  count(item.dataset.kind, -1);
  item.remove();
}

function showWhatMatches() {
  let shown = 0;
  for (const item of list.children) {
    item.hidden = !matches(item);
    shown += item.hidden ? 0 : 1;
  }
  find("#empty").hidden = list.children.length > 0;
  find("#none").hidden = shown > 0 || !list.children.length;
}

function clear() {
  while (list.lastElementChild) {
    remove(list.lastElementChild);
  }
  showWhatMatches();
}

function take(answer) {
  find("#url").textContent = answer.url;
  if (made !== answer.made) {
    const restarted = made !== null;
    made = answer.made;
    if (restarted) {
      after = 0; // another emulator, which counts from 1
      return clear();
    }
  }
  after = answer.last;
  if (answer.rows.length) {
    for (const row of answer.rows) {
      list.prepend(itemOf(row));
      count(row.kind, 1);
    }
    while (list.children.length > MOST) {
      remove(list.lastElementChild);
    }
    showWhatMatches();
  }
}

async function ask() {
  try {
    const answer = await fetch(`/_emulator/arrivals?after=${after}`);
    if (!answer.ok) {
      throw new Error(answer.status);
    }
    const arrivals = await answer.json();
    if (!paused) {
      take(arrivals);
      say(arrivals.panic ? "Live, and the platform is in panic" : "Live", arrivals.panic);
    }
  } catch (error) {
    say("The emulator does not answer", true);
  }
}

async function watch() {
  if (!paused && !document.hidden) {
    await ask();
  }
  setTimeout(watch, EVERY);
}

function choose() {
  const chosen = location.hash === "#results" ? "results" : "arrivals";
  for (const name of ["arrivals", "results"]) {
    find(`#${name}`).hidden = name !== chosen;
    find(`[href="#${name}"]`).ariaCurrent = name === chosen ? "page" : "false";
  }
}

addEventListener("hashchange", choose);
choose();
form.addEventListener("input", showWhatMatches);
form.addEventListener("submit", (event) => event.preventDefault());
find("#clear").addEventListener("click", clear);
find("#pause").addEventListener("click", () => {
  paused = !paused;
  find("#pause").textContent = paused ? "Resume" : "Pause";
  if (paused) {
    say("Paused");
  } else {
    ask();
  }
});
watch();
