"use strict";
// The panel works without this, but for the live list and the decision that follows the context as it is edited.

const form = document.getElementById("context");
const rows = document.getElementById("rows");
let edited = false;

function typed(text) {
  return /^(true|false|-?\d+(\.\d+)?)$/.test(text) ? JSON.parse(text) : text;
}

function context() {
  const pairs = Array.from(rows.children, (row) => [row.querySelector(".key").value.trim(), typed(row.querySelector(".value").value)]);
  return JSON.stringify(Object.fromEntries(pairs.filter(([key]) => key)));
}

function row(key, value) {
  const made = document.createElement("li");
  for (const [kind, text, label] of [["key", key, "Key"], ["value", value, "Value of " + (key || "the new key")]]) {
    const input = document.createElement("input");
    Object.assign(input, {className: kind, value: text, spellcheck: false});
    input.setAttribute("aria-label", label);
    made.append(input);
  }
  const remove = document.createElement("button");
  Object.assign(remove, {type: "button", className: "remove", textContent: "×"});
  remove.setAttribute("aria-label", "Remove " + (key || "the new key"));
  made.append(remove);
  return made;
}

async function decide() {
  const body = new FormData(form);
  body.set("context", context());
  const answer = await fetch(form.dataset.decision, {method: "POST", body});
  if (answer.ok) document.getElementById("decision").innerHTML = await answer.text();
}

if (form) {
  let waiting;
  const changed = () => { edited = true; clearTimeout(waiting); waiting = setTimeout(decide, 150); };
  form.elements.before.value = context();
  form.addEventListener("input", changed);
  form.addEventListener("submit", () => { form.elements.context.value = context(); });
  document.getElementById("more").addEventListener("click", () => {
    rows.append(row("", ""));
    rows.lastElementChild.querySelector(".key").focus();
  });
  rows.addEventListener("click", (event) => {
    if (event.target.className === "remove") { event.target.parentElement.remove(); changed(); }
  });
}

const list = document.getElementById("received");
let after = 0;
let panic = document.getElementById("panic-state")?.dataset.panic;

function arrived(line) {
  const item = document.createElement("li");
  item.dataset.kind = line.kind;
  item.title = line.json;
  const parts = [["time", new Date(line.time * 1000).toLocaleTimeString()], ["kind", line.kind], ["text", line.text], ["who", line.visitor]];
  for (const [name, text] of parts) {
    const part = document.createElement("span");
    Object.assign(part, {className: name, textContent: text});
    item.append(part);
  }
  list.prepend(item);
  if (list.children.length > 200) list.lastElementChild.remove();
}

function follow(visitors) {
  const chosen = form && form.elements.visitor.value;
  document.getElementById("seen").replaceChildren(...visitors.map((each) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    Object.assign(link, {href: "?visitor=" + encodeURIComponent(each.visitor_id), textContent: each.visitor_id});
    if (each.visitor_id === chosen) link.setAttribute("aria-current", "true");
    item.append(link);
    return item;
  }));
  const present = visitors.find((each) => each.visitor_id === chosen);
  if (!present || edited) return;
  const news = Object.entries(present.context).sort(([one], [other]) => one < other ? -1 : 1);
  if (JSON.stringify(Object.fromEntries(news)) === context()) return;
  rows.replaceChildren(...news.map(([key, value]) => row(key, String(value))));
  form.elements.before.value = context();
  decide();
}

async function poll() {
  try {
    const answer = await (await fetch(document.body.dataset.received + "?after=" + after)).json();
    answer.lines.forEach(arrived);
    if (answer.lines.length) follow(answer.visitors);
    after += answer.lines.length;
    if ((answer.panic ? "on" : "off") !== panic) location.reload();
  } catch (error) {
    // The shop has ended, or is about to come back.
  }
  setTimeout(poll, 1000);
}

if (document.body.dataset.emulator) poll();
