// Live updates of the Decisions page. Without this module, the page shows the decisions of its load.

const MAX_ROWS = 200;

const box = document.querySelector('[data-feed]');
const body = document.querySelector('[data-live]');

if (box !== null && body !== null) {
  const status = box.querySelector('[data-live-status]');
  const toggle = document.createElement('button');
  const state = document.createElement('span');
  toggle.type = 'button';
  toggle.className = 'quiet';
  state.className = 'badge';
  box.prepend(toggle, state);

  let paused = false;
  let held = [];
  let leftOut = 0;

  function describe(text, kind = '') {
    state.textContent = text;
    state.className = `badge ${kind}`;
  }

  function insert(rows) {
    const template = document.createElement('template');
    // The server has escaped every value; the policy of the page allows no inline script.
    template.innerHTML = rows;
    for (const row of template.content.children) row.classList.add('new');
    body.prepend(template.content);
    while (body.rows.length > MAX_ROWS) body.lastElementChild.remove();
    document.querySelector('.empty')?.remove();
    const missing = leftOut === 0 ? '' : ` ${leftOut} arrived faster than this list shows them.`;
    status.textContent = `The newest ${body.rows.length} decisions.${missing}`;
  }

  function show() {
    toggle.textContent = paused ? 'Resume' : 'Pause';
    if (paused) describe(held.length === 0 ? 'Paused' : 'Paused, new decisions wait', 'warning');
    else describe('Live', 'good');
  }

  toggle.addEventListener('click', () => {
    paused = !paused;
    if (!paused) for (const rows of held.splice(0)) insert(rows);
    show();
  });

  const source = new EventSource(box.dataset.feed);
  source.addEventListener('open', show);
  source.addEventListener('records', ({ data }) => {
    const { rows, leftOut: more } = JSON.parse(data);
    leftOut += more;
    // Rows must not move under the keyboard focus.
    if (!paused && body.contains(document.activeElement)) paused = true;
    if (paused) {
      held.push(rows);
      held = held.slice(-20);
      show();
    } else insert(rows);
  });
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) {
      describe('Not live: reload the page', 'warning');
      toggle.remove();
    } else describe('Reconnecting', 'warning');
  });
  // "Live" follows with the connection: a request before it is in no update.
  show();
  describe('Connecting');
}
