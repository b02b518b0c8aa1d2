"use strict";
// The live list, and whom the emulator heard of last.
{
  const list = document.getElementById("received");
  const state = document.getElementById("panic-state");
  let after = 0;

  const arrived = (line) => {
    const item = document.createElement("li");
    item.dataset.kind = line.kind;
    item.title = line.json;
    const parts = [["time", new Date(line.time * 1000).toLocaleTimeString()],
                   ["kind", line.kind], ["text", line.text], ["who", line.visitor]];
    for (const [name, text] of parts) {
      const part = document.createElement("span");
      Object.assign(part, {className: name, textContent: text});
      item.append(part);
    }
    list.prepend(item);
    if (list.children.length > 200) list.lastElementChild.remove();
  };

  const follow = (visitors) => {
    const seen = document.getElementById("seen");
    const ids = visitors.map((each) => each.visitor_id);
    const before = [...seen.querySelectorAll("a")].filter(
      (link) => !ids.includes(link.textContent));
    seen.replaceChildren(...visitors.map((each) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      Object.assign(link, {href: "?" + each.query, textContent: each.visitor_id});
      item.append(link);
      return item;
    }), ...before.slice(0, Math.max(0, 8 - ids.length)).map((link) => link.parentElement));
  };

  const poll = async () => {
    try {
      const answer = await (await fetch(list.dataset.received + "?after=" + after)).json();
      answer.lines.forEach(arrived);
      if (answer.lines.length) follow(answer.visitors);
      after = answer.last;
      if ((answer.panic ? "on" : "off") !== state.dataset.panic) location.reload();
    } catch (error) {
      // The shop has ended, or is about to come back.
    }
    setTimeout(poll, 1000);
  };
  if (list) poll();
}
