"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  function remember(value) {
    try { localStorage.setItem("anatwin-theme", value); } catch { /* a file opened from disk may have no storage */ }
  }
  function remembered() {
    try { return localStorage.getItem("anatwin-theme"); } catch { return null; }
  }

  function setUpTheme() {
    const button = byId("theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const current = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
    const name = () => {
      button.textContent = current() === "dark" ? "Light" : "Dark";
      button.setAttribute("aria-label", `Use ${button.textContent.toLowerCase()} colours`);
    };
    if (["light", "dark"].includes(remembered())) document.documentElement.dataset.theme = remembered();
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = current() === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      remember(next);
      name();
    });
    dark.addEventListener("change", name);
    name();
  }

  function setUpNavigation() {
    const links = new Map(all(".bar-top nav a").map((link) => [link.hash.slice(1), link]));
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    }, { rootMargin: "-20% 0px -70% 0px" });
    all("section[id]").forEach((section) => seen.observe(section));
  }

  function setUpStack(stack) {
    const figures = all("figure", stack);
    const slider = document.createElement("input");
    const label = document.createElement("label");
    const output = document.createElement("output");
    Object.assign(slider, { type: "range", min: 0, max: figures.length - 1, step: 1 });
    slider.value = stack.dataset.first;
    slider.setAttribute("aria-label", stack.getAttribute("aria-label"));
    label.className = "slider";
    label.append(slider, output);
    const show = () => {
      figures.forEach((figure, n) => figure.classList.toggle("shown", n === Number(slider.value)));
      const position = figures[slider.value].querySelector("figcaption").textContent;
      output.textContent = position;
      slider.setAttribute("aria-valuetext", position);
    };
    slider.addEventListener("input", show);
    stack.querySelector(".cuts").addEventListener("wheel", (event) => {
      if (!event.shiftKey) return;
      event.preventDefault();
      slider.value = Number(slider.value) + Math.sign(event.deltaY + event.deltaX);
      show();
    }, { passive: false });
    stack.append(label);
    show();
  }

  function setUpStacks() {
    const section = byId("anatomy");
    if (!section) return;
    section.classList.add("enhanced");
    all(".stack", section).forEach(setUpStack);
    if (!section.querySelector(".over")) return;
    byId("overlay-tools").hidden = false;
    byId("overlay-on").addEventListener("change", (event) => {
      section.classList.toggle("plain-cuts", !event.target.checked);
    });
  }

  function sortTable(button) {
    const head = button.closest("th");
    const column = [...head.parentNode.children].indexOf(head);
    const body = head.closest("table").tBodies[0];
    const isDown = head.getAttribute("aria-sort") === "ascending";
    const key = (row) => {
      const cell = row.cells[column];
      if (button.dataset.kind !== "number") return cell.textContent.trim();
      return parseFloat((cell.dataset.value ?? cell.textContent).replace("−", "-").replace(/\u2009/g, ""));
    };
    const compare = (a, b) => {
      if (typeof a === "string") return a.localeCompare(b, undefined, { numeric: true });
      return Number.isNaN(a) - Number.isNaN(b) || a - b;
    };
    const rows = [...body.rows].sort((a, b) => compare(key(a), key(b)) * (isDown ? -1 : 1));
    body.append(...rows);
    all("th", head.parentNode).forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  }

  async function copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    done();
  }

  function setUpCopying() {
    all(".hash").forEach((button) => button.addEventListener("click", () => {
      copy(button.dataset.copy, () => { byId("copied").textContent = `Copied ${button.dataset.copy}`; });
    }));
    const button = byId("copy-methods");
    button.hidden = false;
    button.addEventListener("click", () => copy(byId("paper").innerText, () => { button.textContent = "Copied"; }));
  }

  setUpTheme();
  setUpNavigation();
  setUpStacks();
  setUpCopying();
  all(".sort").forEach((button) => button.addEventListener("click", () => sortTable(button)));
  addEventListener("beforeprint", () => all("details").forEach((each) => { each.open = true; }));
})();
