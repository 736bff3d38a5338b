// What pages do beyond HTML: parts that stay current, and forms that outlive a lost connection.
//
//   data-live         on an element with an id: replaced when the same page, asked again, has another
//   data-keep="words" on a form: kept on this device when there is no connection, and sent later.
//                     Its field `key` is the idempotency key, so that it takes effect once.
// Nothing is kept for another person, and signing out clears it all.
"use strict";

const LIVE_MS = 4000;
const RETRY_MS = 5000;
const UNSENT = "unsent";
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
const box = document.getElementById("unsent");

// --- forms that are kept ---

const kept = () => {
  try {
    return JSON.parse(localStorage.getItem(UNSENT) ?? "[]");
  } catch {
    return [];
  }
};
const keep = (forms) => localStorage.setItem(UNSENT, JSON.stringify(forms));

function show(words) {
  const mine = kept().filter((one) => one.person === meta("person"));
  box.replaceChildren();
  box.hidden = !words && !mine.length;
  if (words) box.append(paragraph(words));
  for (const one of mine) {
    const line = paragraph(`${one.refused ? box.dataset.refused : box.dataset.waits} ${one.words}`);
    if (one.refused) {
      line.append(" ", one.refused, " ", discardButton(one.key));
    }
    box.append(line);
  }
}

function paragraph(words) {
  const line = document.createElement("p");
  line.textContent = words;
  return line;
}

function discardButton(key) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = box.dataset.discard;
  button.addEventListener("click", () => {
    keep(kept().filter((one) => one.key !== key));
    show("");
  });
  return button;
}

const post = (url, body) =>
  fetch(url, {
    method: "POST",
    body: new URLSearchParams(body),
    headers: { Accept: "text/html" },
    signal: AbortSignal.timeout(20000),
  });

async function submit(event) {
  const form = event.target;
  if (!form.matches?.("form[data-keep]") || event.defaultPrevented) return;
  event.preventDefault();
  const body = [...new FormData(form, event.submitter)];
  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  button.disabled = true;
  try {
    const answer = await post(form.action, body);
    if (answer.status === 401) return later(form, body, box.dataset.signIn);
    if (answer.status >= 502) return later(form, body, box.dataset.kept);
    await arrive(answer);
  } catch {
    later(form, body, box.dataset.kept);
  }
  button.disabled = false;
}

function later(form, body, words) {
  const { key } = Object.fromEntries(body);
  const one = { key, person: meta("person"), url: form.action, body, words: form.dataset.keep, since: Date.now() };
  keep([...kept().filter((other) => other.key !== key), one]);
  show(words);
  box.scrollIntoView({ block: "nearest" });
}

async function arrive(answer) {
  if (answer.redirected) {
    const there = new URL(answer.url);
    if (there.pathname + there.search === location.pathname + location.search) location.reload();
    else location.assign(answer.url);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.getElementById("main");
  if (!main) return;
  document.getElementById("main").replaceWith(main);
  document.title = page.title;
  main.focus();
}

let isSending = false;
async function sendKept() {
  if (isSending || !meta("person")) return;
  isSending = true;
  try {
    for (const one of kept()) {
      if (one.person !== meta("person") || one.refused) continue;
      const body = one.body.map(([name, value]) => [name, name === "form_key" ? meta("form-key") : value]);
      // How long it lay here, by the same clock at both ends: the device's own may be wrong.
      body.push(["waited", String(Math.round((Date.now() - one.since) / 1000))]);
      const answer = await post(one.url, body);
      if (answer.status === 401) return show(box.dataset.signIn);
      if (answer.status >= 500) return;
      const rest = kept().filter((other) => other.key !== one.key);
      if (answer.ok) {
        keep(rest);
        show(box.dataset.sent);
        refresh();
      } else {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        keep([...rest, { ...one, refused: page.querySelector(".fault")?.textContent ?? `${answer.status}` }]);
        show("");
      }
    }
  } catch {
    // No connection yet: the next round tries again.
  } finally {
    isSending = false;
  }
}

// --- parts that stay current ---

const isTyping = (part) =>
  part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, summary")
  || [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
    ["checkbox", "radio"].includes(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue)
  || [...part.querySelectorAll("option")].some((one) => one.selected !== one.defaultSelected && one.closest("select").dataset.touched);

let wasLive = new Map();
async function refresh() {
  const parts = [...document.querySelectorAll("[data-live]")];
  if (!parts.length || document.hidden) return;
  let page;
  try {
    const answer = await fetch(location.href, {
      headers: { Accept: "text/html", "X-Live": "1" },
      signal: AbortSignal.timeout(15000),
    });
    if (!answer.ok) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return;
  }
  for (const part of parts) {
    const newer = page.getElementById(part.id);
    if (!newer) continue;
    // Forms have a new key each time; that alone is no news.
    const told = newer.innerHTML.replace(/name="(key|form_key)" value="[^"]*"/g, "");
    if (!wasLive.has(part.id)) wasLive.set(part.id, part.innerHTML.replace(/name="(key|form_key)" value="[^"]*"/g, ""));
    if (told === wasLive.get(part.id)) continue;
    if (isTyping(part)) {
      show(box.dataset.newer);
      continue;
    }
    const open = [...part.querySelectorAll("details[open]")].map((one) => one.id).filter(Boolean);
    part.replaceChildren(...newer.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    wasLive.set(part.id, told);
  }
}

document.addEventListener("submit", submit);
document.addEventListener("change", (event) => {
  if (event.target.matches?.("select")) event.target.dataset.touched = "yes";
  if (event.target.matches?.("[data-submits]")) event.target.form.requestSubmit();
});
window.addEventListener("online", sendKept);
setInterval(sendKept, RETRY_MS);
setInterval(refresh, LIVE_MS);
show("");
sendKept();
