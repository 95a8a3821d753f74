// SPDX-License-Identifier: MIT
// Runs the script of the reports with stand-ins for the elements of a page:
//   node report_script.js submission/assets/report.js
'use strict';
const assert = require('assert');
const fs = require('fs');
const vm = require('vm');

const script = fs.readFileSync(process.argv[2], 'utf8');

class Element {
  constructor(members) {
    Object.assign(this, {dataset: {}, listeners: {}, attributes: {}}, members);
    this.classList = {add: (name) => { this.className = name; }};
    this.style = {setProperty: (name, value) => { this[name] = value; }};
  }
  addEventListener(kind, listener) {
    (this.listeners[kind] = this.listeners[kind] || []).push(listener);
  }
  fire(kind, event) {
    for (const listener of this.listeners[kind] || []) listener(event || {});
  }
  getAttribute(name) { return this.attributes[name]; }
  setAttribute(name, value) { this.attributes[name] = value; }
}

// Opens a page at `hash` with tasks 0 to 5 of three states and two labels.
function open(hash, grouped = true) {
  const page = {scrolled: [], frames: []};
  page.buttons = ['', 'solved', 'partly', 'unsolved'].map(
      (value) => new Element({value}));
  page.group = grouped ? new Element({value: ''}) : null;
  page.search = new Element({value: ''});
  page.count = new Element({});
  page.bar = new Element({
    dataset: {noun: 'tasks'},
    offsetHeight: 57,
    querySelectorAll: () => page.buttons,
    querySelector: (kind) =>
        ({select: page.group, input: page.search, output: page.count})[kind],
  });
  page.tasks = ['solved', 'partly', 'unsolved', 'solved', 'partly', 'unsolved']
      .map((state, i) => new Element({
        id: 'task-' + i,
        dataset: {state, group: i < 3 ? 'old' : '', id: 'ab' + i + ' \u00e9'},
        hidden: false,
        // Moves several times, as tasks above it are drawn.
        moves: 4,
        scrollIntoView() {
          assert(!this.hidden, 'scrolls to what is hidden');
          page.scrolled.push(i);
        },
        getBoundingClientRect() {
          this.moves = Math.max(0, this.moves - 1);
          return {top: 65 + this.moves};
        },
      }));
  page.links = page.tasks.map(
      (task) => new Element({attributes: {href: '#' + task.id}}));
  page.root = new Element({});
  page.window = new Element({
    requestAnimationFrame: (work) => { page.frames.push(work); },
  });
  page.location = {hash};
  page.settle = () => {
    for (let i = 0; page.frames.length > 0; ++i) {
      assert(i < 100, 'never comes to rest');
      page.frames.shift()();
    }
  };
  // Browsers call the listeners of the link first.
  page.click = (i) => {
    page.window.fire('pointerdown');
    page.links[i].fire('click');
    const changed = page.location.hash !== '#task-' + i;
    page.location.hash = '#task-' + i;
    if (changed) page.window.fire('hashchange');
    page.settle();
  };
  page.choose = (state) => {
    page.buttons.find((button) => button.value === state).fire('click');
  };
  page.pressed = () => page.buttons.filter(
      (button) => button.attributes['aria-pressed'] === true)
      .map((button) => button.value);
  page.shown = () => page.tasks.filter((task) => !task.hidden).length;
  const document = {
    documentElement: page.root,
    querySelector: (what) => { assert.equal(what, '.controls'); return page.bar; },
    querySelectorAll: (what) => ({'.task': page.tasks, '.map a': page.links})[what],
  };
  vm.runInNewContext(script, {
    document, window: page.window, location: page.location,
    decodeURIComponent, NaN,
  });
  page.settle();
  return page;
}

const last = (list) => list[list.length - 1];

// A click scrolls until the position is stable, also for repeated clicks.
let page = open('');
assert.deepEqual(page.scrolled, []);
assert.equal(page.count.textContent, '6 of 6 tasks');
page.click(4);
assert.equal(last(page.scrolled), 4);
assert(page.scrolled.length > 4, 'stops while the place still moves');
page.scrolled.length = 0;
page.click(4);
assert.equal(last(page.scrolled), 4);

// Only filters that hide the task are reset.
page.choose('solved');
assert.equal(page.shown(), 2);
assert.deepEqual(page.pressed(), ['solved']);
page.click(3);
assert.deepEqual(page.pressed(), ['solved']);
page.click(1);
assert.deepEqual(page.pressed(), ['']);
assert.equal(page.shown(), 6);
page.choose('solved');
page.click(1);  // the same link again
assert.deepEqual(page.pressed(), ['']);
assert.equal(last(page.scrolled), 1);
page.choose('unsolved');
page.search.value = 'AB5';
page.group.value = '=';
page.search.fire('input');
assert.equal(page.count.textContent, '1 of 6 tasks');
page.click(2);
assert.deepEqual(page.pressed(), ['unsolved']);
assert.equal(page.search.value, '');
assert.equal(page.group.value, '');
assert.equal(page.count.textContent, '2 of 6 tasks');
page.group.value = '=old';
page.search.value = 'ab2';
page.group.fire('change');
page.click(2);
assert.equal(page.group.value, '=old');
assert.equal(page.search.value, 'ab2');

// Back and forward, and an address typed over a filter.
page.choose('solved');
page.location.hash = '#task-5';
page.window.fire('hashchange');
page.settle();
assert.equal(last(page.scrolled), 5);
assert(!page.tasks[5].hidden);

// A user who scrolls is not interrupted.
page.tasks[0].moves = 90;
page.location.hash = '#task-0';
page.window.fire('hashchange');
page.window.fire('wheel');
const before = page.scrolled.length;
page.settle();
assert.equal(page.scrolled.length, before);

// An address may name a task by its number or its id; others do nothing.
assert.equal(last(open('#task-3').scrolled), 3);
assert.equal(last(open('#ab2%20%C3%A9').scrolled), 2);
for (const hash of ['#', '#task-9', '#%', '#<b>']) {
  assert.deepEqual(open(hash).scrolled, []);
}

// The height of the toolbar depends on the window; without labels there is no
// list.
page = open('', false);
assert.equal(page.root['--controls'], '57px');
page.bar.offsetHeight = 132;
page.window.fire('resize');
assert.equal(page.root['--controls'], '132px');
page.choose('solved');
page.click(2);
assert.deepEqual(page.pressed(), ['']);
