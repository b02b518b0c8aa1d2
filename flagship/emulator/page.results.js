// Shows what the experiments have shown, and simulates visitors, in <section id="results"
// data-results="URL" data-simulation="URL">. Names come from outside: they are only set as text.
"use strict";
{
  const section = document.querySelector("#results");
  const EVERY = 1000; // milliseconds between two questions
  const ROW = 62;     // pixels that a variation has in a figure
  const SVG = "http://www.w3.org/2000/svg";
  let shown = "";     // the answer that is shown
  let goal = "";      // the name of the goal that is shown
  let chosen = false; // whether somebody has chosen it
  let ran = false;    // whether a simulation was running

  section.innerHTML = `
    <form>
      <label>Visitors <input type="number" name="visitors" value="2000" min="1" max="100000"
        required></label>
      <button class="strong">Simulate <b>2,000</b> visitors</button>
      <button type="button" name="cancel" hidden>Cancel</button>
      <progress aria-label="Visitors simulated" hidden></progress>
      <p role="status"></p>
    </form>
    <p class="none">No experiment has a visitor yet. Simulate some, or start a program that
      activates its flags.</p>
    <div class="goal" hidden>
      <label>Goal <select></select></label>
      <p class="note">A visitor counts once, in the variation that it was shown, and converts when
        it reaches the goal after that. Figures show the change of the conversion rate against the
        reference, with its 95 % confidence interval.</p>
    </div>
    <div class="list"></div>`;
  const find = (selector) => section.querySelector(selector);
  const form = find("form");
  const list = find(".list");

  function make(tag, text, attributes = {}, ...inside) {
    const svg = ["svg", "line", "circle", "text"].includes(tag);
    const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      element.setAttribute(name, value);
    }
    element.append(text, ...inside);
    return element;
  }

  const whole = (number) => number.toLocaleString("en");
  const money = (number) => number.toLocaleString("en", {
    minimumFractionDigits: 2, maximumFractionDigits: 2});
  // With spaces at which no line breaks.
  const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
  const signed = (text) => (text.startsWith("-") ? text.replace("-", "−") : `+${text}`);
  const change = (share) => signed(
    `${(100 * share).toFixed(Math.abs(share) < 0.1 ? 1 : 0)}\u00a0%`);
  const chance = (p) => (p < 0.001 ? ", p\u00a0<\u00a00.001" : `, p\u00a0=\u00a0${p.toFixed(3)}`);

  function words(compared, value, early, shows = chance) {
    if (compared.uplift === null) {
      return `too early: ${early}`;
    }
    return `${compared.verdict}: ${value(compared.uplift)} (${value(compared.low)} to ` +
      `${value(compared.high)}${shows(compared.p)})`;
  }
  const EARLY = "10 who convert and 10 who do not are needed on both sides";
  const rate = (compared) => words(compared, change, EARLY);
  const short = (compared) => words(compared, change, "no figure yet", () => "");
  const revenue = (compared) => words(compared, (each) => signed(money(each)),
    "30 who buy are needed on both sides");

  function nameOf([kind, name]) {
    return {any: "any of them", other: "others"}[kind] || `${name} (${kind})`;
  }

  // Places are in percent, so that the figure fits any width and its text keeps its size.
  function figure(experiment, at) {
    const rows = experiment.variations.filter((each) => each.goals[at].compared);
    const known = rows.map((each) => each.goals[at].compared).filter((each) => each.p !== null);
    const most = Math.max(0.1, ...known.flatMap((each) => [-each.low, each.high]));
    const x = (share) => `${50 + 46 * share / most}%`;
    const height = ROW * rows.length + 22;
    const svg = make("svg", "", {role: "img", height, "aria-label":
      `Uplift of the conversion rate with its 95 % interval. ${rows.map((each) =>
        `${each.name}: ${rate(each.goals[at].compared)}`).join(". ")}`});
    const line = (x1, x2, y1, y2, kind) => svg.append(
      make("line", "", {x1, x2, y1, y2, class: kind}));
    const label = (x1, y, anchor, text, kind = "") => svg.append(
      make("text", text, {x: x1, y, "text-anchor": anchor, class: kind}));
    label("50%", height - 4, "middle", "reference", "tick");
    label("0", height - 4, "start", change(-most), "tick");
    label("100%", height - 4, "end", change(most), "tick");
    rows.forEach((each, number) => {
      const compared = each.goals[at].compared;
      const y = ROW * number;
      label("0", y + 13, "start", each.name, "name");
      label("0", y + 31, "start", short(compared));
      line("4%", "96%", y + 46, y + 46, "track");
      line("50%", "50%", y + 38, y + 54, "zero");
      if (compared.p !== null) {
        const kind = {better: "better", worse: "worse"}[compared.verdict] || "open";
        line(x(compared.low), x(compared.high), y + 46, y + 46, `interval ${kind}`);
        svg.append(make("circle", "", {cx: x(compared.uplift), cy: y + 46, r: 6, class: kind}));
      }
    });
    return rows.length ? svg : make("p", "There is no reference variation to compare with.",
      {class: "note"});
  }

  function row(each, at, hasReference) {
    const cells = [whole(each.visitors), whole(each.goals[at].converted),
      percent(each.goals[at].rate), money(each.revenue.total), money(each.revenue.mean)];
    const compared = each.goals[at].compared;
    const said = hasReference ? "reference" : "–";
    return make("tr", "", {}, make("th", each.name, {scope: "row"}),
      ...cells.map((text) => make("td", text)),
      make("td", compared ? rate(compared) : said, {class: "words"}),
      make("td", compared ? revenue(each.revenue.compared) : said, {class: "words"}));
  }

  function article(experiment, at, unit) {
    const variations = experiment.variations;
    const heads = ["Variation", "Visitors", "Converted", "Rate", `Revenue${unit}`, "A visitor",
      "Rate, against the reference", "Revenue a visitor, against the reference"];
    const table = make("table", "", {},
      make("thead", "", {}, make("tr", "", {}, ...heads.map(
        (text) => make("th", text, {scope: "col"})))),
      make("tbody", "", {}, ...variations.map(
        (each) => row(each, at, variations.some((other) => other.reference)))));
    const out = experiment.contaminated;
    return make("article", "", {}, make("h2", experiment.name),
      variations.length > 1 ? figure(experiment, at) : "",
      make("div", "", {class: "wide", tabindex: 0, role: "region",
        "aria-label": `${experiment.name}, numbers`}, table),
      out ? make("p", `Not counted: ${whole(out)} who saw more than one variation of the campaign.`,
        {class: "note"}) : "");
  }

  function showGoals(goals) {
    const select = find("select");
    const names = goals.map(nameOf);
    if (!chosen || !names.includes(goal)) {
      goal = names[Math.max(0, goals.findIndex(([kind]) => kind === "transaction"))];
    }
    select.replaceChildren(...names.map((name) => make("option", name, {value: name})));
    select.value = goal;
    return names.indexOf(goal);
  }

  function show(answer) {
    const text = () => JSON.stringify([{...answer, simulation: null}, goal]);
    if (text() === shown) {
      return;
    }
    const at = showGoals(answer.goals);
    shown = text();
    const currencies = answer.currencies.filter(Boolean);
    const unit = currencies.length ? `, ${currencies.join(" + ")}` : "";
    const any = answer.experiments.length > 0;
    find(".none").hidden = any;
    find(".goal").hidden = !any;
    // Those first that have something to compare.
    const single = (each) => Number(each.variations.length < 2);
    const sorted = [...answer.experiments].sort((one, other) => single(one) - single(other));
    list.replaceChildren(...sorted.map((each) => article(each, at, unit)), answer.ignored ? make(
      "p", `${whole(answer.ignored)} activations and hits are not counted: the memory for ` +
      "results is full, or their revenue is beyond belief.", {class: "note"}) : "");
  }

  function found(answer) {
    const at = answer.goals.map(nameOf).indexOf(goal);
    return answer.experiments.flatMap((experiment) => experiment.variations.filter((each) =>
      ["better", "worse"].includes((each.goals[at].compared || {}).verdict)).map((each) =>
      `${experiment.name}: ${each.name} is ${rate(each.goals[at].compared)}.`)).join(" ") ||
      "No difference is shown yet.";
  }

  function follow(answer) {
    const {running, visitors, done, cancelled, problem} = answer.simulation;
    const progress = find("progress");
    const cancel = form.elements.cancel;
    const gone = cancel.hidden === running && form.contains(document.activeElement);
    form.elements.visitors.disabled = find(".strong").disabled = running;
    cancel.hidden = progress.hidden = !running;
    if (gone) {
      (running ? cancel : find(".strong")).focus(); // the button that had the focus cannot keep it
    }
    progress.max = visitors || 1;
    progress.value = done;
    if (ran && !running) {
      say(problem || `${whole(done)} visitors simulated${cancelled ? ", then cancelled" : ""}. ` +
        found(answer));
    }
    ran = running;
  }

  function say(text) {
    find("[role=status]").textContent = text;
  }

  async function call(url, method = "GET", body = undefined) {
    const headers = {"X-CSRFToken": section.dataset.token || ""};
    const answer = await fetch(url, {method, body: body && JSON.stringify(body), headers});
    if (!answer.ok) {
      throw new Error((await answer.json().catch(() => ({}))).message || answer.status);
    }
    return answer.json();
  }

  async function ask() {
    const answer = await call(section.dataset.results);
    show(answer);
    follow(answer);
  }

  async function steer(method, body) {
    try {
      await call(section.dataset.simulation, method, body);
      if (method === "POST") {
        ran = true;
        say("");
      }
      await ask();
    } catch (error) {
      say(`That did not work: ${error.message}.`);
    }
  }

  async function watch() {
    if (!section.hidden && !document.hidden) {
      await ask().catch(() => {});
    }
    setTimeout(watch, ran ? EVERY / 4 : EVERY);
  }

  form.addEventListener("input", () => {
    find("button b").textContent = whole(Number(form.elements.visitors.value) || 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    steer("POST", {visitors: Number(form.elements.visitors.value)});
  });
  form.elements.cancel.addEventListener("click", () => steer("DELETE"));
  find("select").addEventListener("change", () => {
    goal = find("select").value;
    chosen = true;
    ask().catch(() => {});
  });
  watch();
}
