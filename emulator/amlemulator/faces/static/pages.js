// What makes the pages pleasanter. Every page does its work without it: buttons that need it are hidden until it runs.
"use strict";

// --- copying -------------------------------------------------------------------------------------------------------

function said(text) {
  const place = document.getElementById("said");
  if (place) place.textContent = text;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const text = source.value === undefined ? source.textContent : source.value;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Off localhost without TLS browsers have no clipboard: select the text, so that a key stroke copies it.
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return;
  }
  const before = button.textContent;
  button.textContent = button.dataset.done;
  said(button.dataset.done);
  setTimeout(() => { button.textContent = before; }, 1500);
}

function showCopyButtons(root) {
  for (const button of root.querySelectorAll("button.copy[hidden]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
});

// --- a name's rule, as it is typed -----------------------------------------------------------------------------------

function checkName(input) {
  const place = document.getElementById(input.dataset.check);
  const taken = (input.dataset.taken || "").split(" ");
  const rule = new RegExp(input.dataset.rule);
  const state = input.value === "" ? "" : !rule.test(input.value) ? "bad" : taken.includes(input.value) ? "taken" : "good";
  place.dataset.state = state === "taken" ? "bad" : state;
  place.textContent = { bad: input.dataset.bad, taken: input.dataset.exists, good: input.dataset.good }[state] || "";
  input.setAttribute("aria-invalid", String(place.dataset.state === "bad"));
}

for (const input of document.querySelectorAll("input[data-rule]")) {
  input.addEventListener("input", () => checkName(input));
  if (input.value) checkName(input);
}

// --- parts of a page that change by themselves -----------------------------------------------------------------------

const EVERY = 1000; // milliseconds

async function refresh(place) {
  if (document.hidden) return place;
  const answer = await fetch(place.dataset.live || location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return null;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(place.id);
  if (!fresh) return null;
  if (fresh.innerHTML !== place.dataset.seen) {
    const focused = document.activeElement && place.contains(document.activeElement) ? document.activeElement.id : "";
    const seen = fresh.innerHTML;
    showCopyButtons(fresh);
    place.replaceWith(fresh);
    fresh.dataset.seen = seen;
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
    return fresh;
  }
  return place;
}

async function follow(place) {
  let now = place;
  while (now && now.hasAttribute("data-live")) {
    await new Promise((done) => setTimeout(done, EVERY));
    try {
      now = await refresh(now);
    } catch {
      now = null; // the emulator has stopped: what is shown stays
    }
  }
}

for (const place of document.querySelectorAll("[data-live]")) follow(place);

// --- menus close as menus do -------------------------------------------------------------------------------------------

for (const menu of document.querySelectorAll("details.chooser")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
  });
}

showCopyButtons(document);
