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
  // Tasks stop below the bar, whose height depends on the window.
  function measure() {
    root.style.setProperty('--controls', bar.offsetHeight + 'px');
  }
  // Resets only the filters that hide the task.
  function reveal(task) {
    if (!task.hidden) return;
    if (!fitsState(task)) state = '';
    if (!fitsGroup(task)) group.value = '';
    if (!fitsWords(task)) search.value = '';
    update();
  }
  // Finds a task by its number or its id.
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
  // The heights of tasks that were never drawn are guesses, so it scrolls again
  // until the position is stable.
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
  // A second click on the same link does not change the hash.
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
