// SPDX-License-Identifier: MIT
#include "submission/internal/style.h"

namespace arctrm {

const char kReportStyle[] = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #fff; --ink: #1c1e22; --muted: #686d76;
  --line: #e2e3e6; --soft: #eef0f3; --accent: #2a5bd7;
  --good: #15803d; --good-soft: #e1f4e7; --bad: #b42d24; --bad-soft: #fbe7e4;
  --warn: #8a5a00; --warn-soft: #fdf3d8; --warn-line: #e6c569;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121417; --card: #1a1d21; --ink: #e7e8ea; --muted: #9aa0a9;
    --line: #2d3137; --soft: #24282e; --accent: #86a8ff;
    --good: #5bd08b; --good-soft: #16321f; --bad: #ff8d83; --bad-soft: #3b1d1b;
    --warn: #f0c866; --warn-soft: #2d2510; --warn-line: #5f4d1c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
    Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
main { max-width: 1160px; margin: 0 auto; padding: 44px 24px 96px; }
h1, h2, h3, h4, p, figure, ul { margin: 0; }
h1 { font-size: 32px; line-height: 1.2; letter-spacing: -.02em; }
h2 { font-size: 20px; letter-spacing: -.01em; margin: 52px 0 16px; }
h3 { font: 600 17px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
h4 {
  font-size: 12px; font-weight: 600; letter-spacing: .05em; color: var(--muted);
  text-transform: uppercase; margin: 22px 0 10px; break-after: avoid;
}
.muted { color: var(--muted); }
.top { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
.summary { color: var(--muted); margin-top: 6px; }
.status, .badge {
  display: inline-block; border-radius: 99px; padding: 1px 11px;
  font-size: 13px; font-weight: 500; background: var(--soft);
  color: var(--muted); white-space: nowrap; max-width: 100%; overflow: hidden;
  text-overflow: ellipsis;
}
.badge.good, .status.done { background: var(--good-soft); color: var(--good); }
.badge.bad { background: var(--bad-soft); color: var(--bad); }
.status.running { background: var(--soft); color: var(--accent); }
.status.stopped { background: var(--warn-soft); color: var(--warn); }
.badge.group { background: none; box-shadow: inset 0 0 0 1px var(--line); }
.warnings {
  margin-top: 24px; padding: 14px 20px; border-radius: 10px;
  background: var(--warn-soft); border: 1px solid var(--warn-line);
}
.warnings b { color: var(--warn); }
.warnings ul { padding-left: 20px; margin-top: 4px; }
.cards {
  display: grid; gap: 14px; margin-top: 28px;
  grid-template-columns: repeat(auto-fit, minmax(min(200px, 44%), 1fr));
}
.card, .chart, .facts section, .task {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
}
.card { padding: 16px 20px 18px; break-inside: avoid; }
.card span, .card small { display: block; color: var(--muted); }
.card span { font-size: 13px; }
.card small { font-size: 13px; }
.card b {
  display: block; font-size: 34px; line-height: 1.25; font-weight: 640;
  letter-spacing: -.025em;
}
.card.main b { color: var(--accent); }
.bar {
  height: 4px; border-radius: 2px; background: var(--soft); margin-top: 10px;
  overflow: hidden;
}
.bar i { display: block; height: 100%; background: var(--accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 500; color: var(--muted); }
th, td {
  padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line);
  vertical-align: top;
}
tr:last-child > * { border-bottom: 0; }
.groups {
  overflow-wrap: normal;
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 6px 20px; break-inside: avoid;
}
.groups th + th, .groups td { text-align: right; }
.groups td, .groups tbody th { white-space: nowrap; }
.groups thead th { vertical-align: bottom; }
.groups tbody th { color: var(--ink); font-weight: 500; }
.groups th:last-child, .groups td:last-child { padding-right: 0; }
.groups .all > * { font-weight: 650; }
.groups small { color: var(--muted); font-weight: 400; margin-left: 6px; }
.charts {
  display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fill, minmax(340px, 1fr));
}
.chart { padding: 14px 16px 8px; break-inside: avoid; min-width: 0; }
.chart figcaption { display: flex; gap: 8px; align-items: baseline; }
.chart figcaption span { color: var(--muted); font-size: 13px; flex: 1; }
.chart em { font-style: normal; font-weight: 600; color: var(--accent); }
.chart svg { display: block; width: 100%; height: auto; margin-top: 8px; }
.chart text { font-size: 10.5px; fill: var(--muted); }
.chart .time { opacity: .75; }
.chart path { fill: none; stroke: var(--line); }
.chart .raw { stroke: var(--accent); stroke-width: 1; opacity: .28; }
.chart .line {
  stroke: var(--accent); stroke-width: 1.8; stroke-linejoin: round;
}
.chart circle { fill: var(--accent); }
.charts + p { margin-top: 10px; font-size: 13px; }
.facts { columns: 2 380px; column-gap: 14px; }
.facts section {
  padding: 14px 20px 8px; margin-bottom: 14px; break-inside: avoid;
}
.facts h3 { font: 600 15px/1.5 system-ui, sans-serif; margin-bottom: 4px; }
.facts th { width: 46%; }
.facts details { margin: 0; }
.facts summary { width: auto; padding-bottom: 6px; }
.facts summary h3 { display: inline; color: var(--ink); }
.facts summary small { color: var(--muted); margin-left: 8px; }
.facts td { padding-right: 0; }
.map { display: flex; flex-wrap: wrap; gap: 4px; margin-bottom: 16px; }
.map a { width: 14px; height: 14px; border-radius: 3px; background: var(--line); }
.map a.solved, .key .solved { background: #2ea86a; }
.map a.partly, .key .partly {
  background: linear-gradient(135deg, #2ea86a 50%, #d5695f 50%);
}
.map a.unsolved, .key .unsolved { background: #d5695f; }
.map a:hover, .map a:focus-visible {
  outline: 2px solid var(--ink); outline-offset: 1px;
}
.key { color: var(--muted); font-size: 13px; margin-bottom: 10px; }
.key i {
  display: inline-block; width: 10px; height: 10px; border-radius: 2px;
  margin: 0 5px 0 14px; background: var(--line);
}
.key .start, .key .goal { border-radius: 50%; background: var(--accent); }
.key .goal { background: #e08a1e; }
.key i:first-child { margin-left: 0; }
.controls { display: none; }
.js .controls {
  display: flex; flex-wrap: wrap; gap: 10px; align-items: center;
  position: sticky; top: 0; z-index: 1; padding: 12px 0; margin-bottom: 6px;
  background: var(--page);
}
.controls button, .controls select, .controls input {
  font: inherit; font-size: 14px; color: var(--ink); background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; padding: 5px 12px;
}
.controls button { cursor: pointer; }
.controls button[aria-pressed=true] {
  background: var(--ink); border-color: var(--ink); color: var(--page);
}
.controls input { flex: 1 1 160px; max-width: 260px; }
.task {
  padding: 20px 24px 24px; margin-bottom: 18px;
  scroll-margin-top: calc(var(--controls, 0px) + 8px);
  content-visibility: auto; contain-intrinsic-size: auto 780px;
}
.task[hidden] { display: none; }
.task:target { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.task header { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.task header h3 { margin-right: 6px; }
.task header + .row { margin-top: 16px; }
.pairs { display: flex; flex-wrap: wrap; gap: 18px 40px; }
.pair, .row { display: flex; gap: 14px; align-items: center; }
.row { flex-wrap: wrap; gap: 18px 26px; align-items: flex-start; }
.pair { align-items: flex-start; }
.row.small { gap: 16px 22px; margin-top: 12px; }
.arrow { color: var(--muted); font-size: 18px; padding-top: 24px; }
.task figure { break-inside: avoid; max-width: 100%; min-width: 0; }
.task figcaption { font-size: 13px; margin-bottom: 5px; white-space: nowrap; }
.task .pair figcaption { color: var(--muted); }
.task figcaption b { color: var(--ink); }
.task small {
  display: block; margin-top: 3px; font-size: 12px; line-height: 1.4;
  color: var(--muted);
}
.grid { display: block; max-width: 100%; height: auto; }
.puzzle { display: block; max-width: 100%; height: auto; }
.puzzle .paper { fill: var(--page); }
.puzzle .thin { stroke: var(--muted); opacity: .35; fill: none; }
.puzzle .thick { stroke: var(--ink); stroke-width: 1.6; fill: none; }
.puzzle .bad { fill: var(--bad); fill-opacity: .24; }
.puzzle text { text-anchor: middle; font-family: system-ui, sans-serif; }
.puzzle .clue { fill: var(--ink); font-weight: 650; }
.puzzle .found { fill: var(--accent); }
.puzzle .wall { stroke: var(--ink); fill: none; opacity: .82; }
.puzzle .way {
  stroke: #2ea86a; fill: none; stroke-linecap: round; stroke-linejoin: round;
}
.puzzle .start { fill: var(--accent); }
.puzzle .goal { fill: #e08a1e; }
.right .grid { outline: 2px solid var(--good); outline-offset: 2px; }
.wrong .grid { outline: 2px solid var(--bad); outline-offset: 2px; }
.right .grid + small, .wrong .grid + small { margin-top: 7px; }
.none p { color: var(--muted); font-size: 13px; }
.mark { font-style: normal; font-weight: 600; margin-left: 4px; }
.mark.good { color: var(--good); }
.mark.bad { color: var(--bad); }
details { margin-top: 16px; font-size: 14px; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
details p { margin-top: 10px; }
footer { margin-top: 48px; color: var(--muted); font-size: 13px; }
@media (max-width: 700px) {
  main { padding: 24px 14px 64px; }
  .task { padding: 16px; }
  .groups { padding: 4px 14px; }
  .groups small { display: block; margin: 0; }
  .card { padding: 12px 14px; }
  .card b { font-size: 26px; }
  .pairs, .row { gap: 16px 14px; }
  .charts { grid-template-columns: 1fr; }
}
@media print {
  @page { margin: 14mm; }
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --ink: #000; --muted: #555; --line: #d5d5d5;
    --soft: #eee; --accent: #1f4fc4; --good: #15703a; --good-soft: #e3f3e8;
    --bad: #a3281f; --bad-soft: #f9e6e3; --warn: #7a5000;
    --warn-soft: #fdf5df; --warn-line: #d9b95c;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 12px; }
  main { max-width: none; padding: 0; }
  .js .controls { display: none; }
  .charts { grid-template-columns: 1fr 1fr; gap: 10px; }
  .cards { grid-template-columns: repeat(4, 1fr); gap: 10px; }
  .card { padding: 10px 14px 12px; }
  .groups small { display: block; margin: 0; }
  .scroll { overflow: visible; }
  table { font-size: 12px; }
  h2 { margin: 28px 0 10px; }
  .facts {
    display: grid; grid-template-columns: 1fr 1fr; gap: 10px;
    align-items: start;
  }
  .facts .long {
    grid-column: 1 / -1; order: 1; break-inside: auto;
  }
  .facts details table { display: block; }
  .facts details tbody { display: block; columns: 2; column-gap: 28px; }
  .facts details tr {
    display: grid; grid-template-columns: 46% 1fr; break-inside: avoid;
    border-bottom: 1px solid var(--line);
  }
  .facts details tr > * { width: auto; border-bottom: 0; }
  .facts summary { list-style: none; }
  .facts th, .facts td { padding: 4px 14px 4px 0; }
  .facts section { margin: 0; }
  .facts details::details-content {
    content-visibility: visible; block-size: auto;
  }
  .grid, .puzzle { zoom: .68; }
  .row { gap: 12px; }
  .pairs { gap: 12px 28px; }
  .task small { font-size: 10.5px; }
  .task header { margin-top: 14px; }
  .tasks { break-before: page; }
  .tasks ~ .task ~ .task { break-before: page; }
  .card b { font-size: 26px; }
  .task {
    content-visibility: visible; border: 0; padding: 0; margin: 0;
  }
  .task:target { box-shadow: none; }
  .pair, .task figure, .card, .chart { break-inside: avoid; }
  h2 { break-after: avoid; }
}
)css";

const char kReportScript[] = R"js(
(function () {
  'use strict';
  var root = document.documentElement;
  var bar = document.querySelector('.controls');
  if (!bar) return;
  root.classList.add('js');
  var buttons = bar.querySelectorAll('button');
  var group = bar.querySelector('select');
  var search = bar.querySelector('input');
  var count = bar.querySelector('output');
  var tasks = document.querySelectorAll('.task');
  var state = '';
  function words() { return search.value.trim().toLowerCase(); }
  function fitsState(task) { return !state || task.dataset.state === state; }
  function fitsGroup(task) {
    return !group || !group.value ||
        task.dataset.group === group.value.slice(1);
  }
  function fitsWords(task) {
    return task.dataset.id.toLowerCase().indexOf(words()) >= 0;
  }
  function update() {
    var shown = 0;
    tasks.forEach(function (task) {
      var fits = fitsState(task) && fitsGroup(task) && fitsWords(task);
      task.hidden = !fits;
      if (fits) shown += 1;
    });
    count.textContent =
        shown + ' of ' + tasks.length + ' ' + bar.dataset.noun;
    buttons.forEach(function (button) {
      button.setAttribute('aria-pressed', button.value === state);
    });
    measure();
  }
  // Tasks stop below the bar, which takes several lines on a phone.
  function measure() {
    root.style.setProperty('--controls', bar.offsetHeight + 'px');
  }
  // Takes back what hides the task, and nothing else.
  function reveal(task) {
    if (!task.hidden) return;
    if (!fitsState(task)) state = '';
    if (!fitsGroup(task)) group.value = '';
    if (!fitsWords(task)) search.value = '';
    update();
  }
  // By the number of its place or by its id.
  function find(hash) {
    var name = hash.slice(1);
    try { name = decodeURIComponent(name); } catch (e) { return null; }
    var found = null;
    tasks.forEach(function (task) {
      if (task.id === name) found = task;
    });
    tasks.forEach(function (task) {
      if (!found && name && task.dataset.id === name) found = task;
    });
    return found;
  }
  var landing = 0;
  // Tasks that were never drawn have a height that is guessed: it scrolls
  // again until the place stays.
  function land(task) {
    var turn = landing += 1;
    var left = 20;
    var still = 0;
    var before = NaN;
    function again() {
      if (turn !== landing) return;
      task.scrollIntoView();
      var top = task.getBoundingClientRect().top;
      still = top === before ? still + 1 : 0;
      before = top;
      left -= 1;
      if (still < 3 && left > 0) window.requestAnimationFrame(again);
    }
    again();
  }
  function follow() {
    var task = find(location.hash);
    if (!task) return;
    reveal(task);
    land(task);
  }
  buttons.forEach(function (button) {
    button.addEventListener('click', function () {
      state = button.value;
      update();
    });
  });
  if (group) group.addEventListener('change', update);
  search.addEventListener('input', update);
  // A second click on the same link changes no hash.
  document.querySelectorAll('.map a').forEach(function (link) {
    link.addEventListener('click', function (event) {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      var task = find(link.getAttribute('href') || '');
      if (!task) return;
      reveal(task);
      window.requestAnimationFrame(function () { land(task); });
    });
  });
  window.addEventListener('hashchange', follow);
  window.addEventListener('load', follow);
  window.addEventListener('resize', measure);
  ['wheel', 'touchmove', 'keydown', 'pointerdown'].forEach(function (kind) {
    window.addEventListener(kind, function () { landing += 1; },
                            {passive: true});
  });
  update();
  follow();
})();
)js";

}  // namespace arctrm
