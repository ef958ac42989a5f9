"use strict";
// What is marked is sent at once, and the next clip is shown when the server has taken it down.
const $ = (id) => document.getElementById(id);
const state = JSON.parse($("state").textContent);
const clips = state.clips;
const film = $("film");
const buttons = [...document.querySelectorAll("[data-mark]")];
const NEXT = `longtake train-tsa --raw ... --data-root ${state.place}`; // what to run when all is done, with the same --raw
let at = -1; // the clip on the stage; clips.length: the end
let seen = false; // a picture of it has been shown
let sending = false;

const address = (clip) => `clips/${clip.id}`;
const nextOpen = (from) => clips.findIndex((clip, index) => index >= from && clip.score === null);
const open = () => clips.filter((clip) => clip.score === null).length;

function show(index) {
  at = index;
  const clip = clips[at];
  seen = false;
  $("notice").hidden = true;
  film.style.maxWidth = `${2 * clip.width}px`; // a small picture is not blown up beyond twice its size
  film.src = address(clip);
  play();
  $("facts").textContent = `clip ${state.earlier + at + 1} of ${state.earlier + clips.length} · ${clip.facts}`;
  $("given").textContent = clip.score === null ? "" : `your mark: ${clip.score}`;
  refresh();
}

function refresh() {
  const clip = clips[at];
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(Boolean(clip) && Number(button.dataset.mark) === clip.score));
    button.disabled = !clip || !seen;
  }
  $("back").disabled = at <= 0;
  $("pause").disabled = $("skip").disabled = !clip;
  const total = state.earlier + clips.length;
  $("bar").max = total;
  $("bar").value = total - open();
  $("count").textContent = `${total - open()} of ${total} marked`;
}

function finish() {
  at = clips.length;
  film.pause();
  film.removeAttribute("src");
  film.load();
  $("facts").textContent = $("given").textContent = "";
  showPaused(false);
  if (open()) {
    notify(`The end of the list; ${open()} ${open() === 1 ? "clip was" : "clips were"} skipped.`);
    const again = document.createElement("button");
    again.id = "again";
    again.textContent = "show what was skipped";
    again.addEventListener("click", () => show(nextOpen(0)));
    $("notice").append(again);
    again.focus();
  } else if (state.more) {
    notify(`All ${clips.length + state.earlier} are marked. ${state.more} more clips wait: stop with Ctrl-C in the terminal, and start again.`);
  } else {
    notify("All clips are marked. Thank you.", "Stop with Ctrl-C in the terminal; then train on the marks:", NEXT);
  }
  refresh();
}

function notify(...lines) {
  const notice = $("notice");
  notice.replaceChildren(...lines.map((line) => {
    const element = document.createElement(line === NEXT ? "code" : "div");
    element.textContent = line;
    return element;
  }));
  notice.hidden = false;
}

function advance() {
  const next = nextOpen(at + 1);
  next < 0 ? finish() : show(next);
}

function back() {
  if (at > 0) show(at - 1);
}

function onward() {
  if (at < clips.length) at + 1 < clips.length ? show(at + 1) : finish();
}

function play() {
  showPaused(false);
  film.play().catch(() => {}); // a source that was replaced while it loaded; real faults come as "error"
}

function pause() {
  if (at >= clips.length) return;
  if (film.paused) return play();
  film.pause();
  showPaused(true);
}

function showPaused(paused) {
  $("paused").hidden = !paused;
  $("pause").lastChild.textContent = paused ? " play" : " pause";
}

async function mark(score) {
  const clip = clips[at];
  if (!clip || !seen || sending) return;
  sending = true;
  try {
    const body = JSON.stringify({ clip_id: clip.id, score });
    const answer = await fetch("marks", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) throw new Error(await answer.text());
    clip.score = score;
    showStatus(await answer.json());
    advance();
  } catch (error) {
    say(`not taken down: ${error instanceof TypeError ? "longtake annotate does not answer; is it still running?" : error.message}`, "fault");
  } finally {
    sending = false;
  }
}

function say(text, kind = "") {
  $("saved").textContent = text;
  $("saved").className = `saved ${kind}`;
}

function showStatus(status) {
  if (status.fault) say(`${status.waiting} not saved yet: ${status.fault}`, "fault");
  else if (status.waiting) say(`saving ${status.waiting} …`, "busy");
  else say("all saved");
}

async function askStatus() {
  try {
    showStatus(await (await fetch("status")).json());
  } catch {
    say("longtake annotate does not answer; is it still running?", "fault");
  }
}

film.addEventListener("loadeddata", () => {
  seen = true;
  refresh();
  const next = clips[nextOpen(at + 1)];
  if (next && $("ahead").dataset.id !== next.id) {
    $("ahead").dataset.id = next.id;
    $("ahead").src = address(next);
  }
});

film.addEventListener("error", async () => {
  const clip = clips[at];
  if (!clip) return;
  let reason = "this browser can't play it; another one may";
  try {
    const answer = await fetch(address(clip), { headers: { Range: "bytes=0-0" } });
    if (!answer.ok) reason = await answer.text();
  } catch {
    reason = "longtake annotate does not answer; is it still running?";
  }
  if (clip === clips[at]) notify("The clip can't be shown, so it can't be marked:", `${reason}.`, "Press s to skip it.");
});

for (const button of buttons) button.addEventListener("click", () => mark(Number(button.dataset.mark)));
$("back").addEventListener("click", back);
$("pause").addEventListener("click", pause);
$("skip").addEventListener("click", advance);
document.addEventListener("click", (event) => {
  if (event.detail > 0) document.activeElement.blur(); // after the mouse, space pauses again and presses no button
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const onButton = document.activeElement instanceof HTMLButtonElement;
  const key = event.key;
  if (/^[1-5]$/.test(key)) mark(Number(key));
  else if (key === "Backspace" || key === "ArrowLeft") back();
  else if (key === "ArrowRight") onward();
  else if (key === " " && !onButton) pause();
  else if (key === "s" || key === "S") at < clips.length && advance();
  else return;
  event.preventDefault();
});

setInterval(askStatus, 3000);
askStatus();
nextOpen(0) < 0 ? finish() : show(nextOpen(0));
