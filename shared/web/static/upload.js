// A table on its way: the answer comes below the form as it grows, so that the file stays chosen
// and is delivered with one more press. Without scripts the same answer is a page of its own.
"use strict";

const table = document.querySelector("form[data-table]");
const outcome = document.getElementById("outcome");
const howFar = document.getElementById("how-far");
document.documentElement.classList.add("scripted");

async function sendTable(event) {
  const button = event.submitter;
  // The answer that is a file the browser keeps by itself, and stays on this page.
  if (button?.hasAttribute("data-file")) return;
  event.preventDefault();
  say(table.dataset.busy);
  for (const one of document.querySelectorAll("button[name=action]")) one.disabled = true;
  const body = new FormData(table);
  body.set("action", button?.value ?? "try");
  try {
    const answer = await fetch(table.getAttribute("action"), { method: "POST", body, headers: { Accept: "text/html" } });
    if (answer.status === 401) say(table.dataset.signIn);
    else await showAsItComes(answer);
  } catch {
    say(table.dataset.lost);
  }
  for (const one of document.querySelectorAll("button[name=action]")) one.disabled = false;
}

async function showAsItComes(answer) {
  let text = "";
  for await (const part of parts(answer.body.pipeThrough(new TextDecoderStream()))) {
    text += part;
    show(text);
  }
  const heading = document.getElementById("result");
  if (!heading && !outcome.querySelector(".fault")) return say(table.dataset.lost);
  howFar.textContent = "";
  heading?.focus();
}

async function* parts(stream) {
  const reader = stream.getReader();
  for (let one = await reader.read(); !one.done; one = await reader.read()) yield one.value;
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const fault = page.querySelector("main > .fault");
  const newer = page.getElementById("outcome");
  if (newer) outcome.replaceChildren(...newer.childNodes);
  else if (fault) outcome.replaceChildren(fault);
  const said = [...outcome.querySelectorAll(".so-far")].at(-1)?.textContent ?? "";
  if (said && said !== howFar.textContent) howFar.textContent = said;
}

function say(words) {
  outcome.replaceChildren();
  howFar.textContent = words;
}

table.addEventListener("submit", sendTable);
