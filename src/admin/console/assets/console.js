// Everything works without this module: it only keeps pages current that have `data-refresh`.

const main = document.querySelector('main[data-refresh]');
if (main !== null) keepCurrent(main, Number(main.dataset.refresh) * 1000);

/** Replaces the content at an interval. The visitor can stop it (WCAG 2.2.2). */
function keepCurrent(main, interval) {
  let paused = false;
  const state = document.createElement('button');
  state.type = 'button';
  state.className = 'quiet';
  const show = (failed = false) => {
    const text = paused ? 'Resume updates' : 'Pause updates';
    state.textContent = failed ? `${text} (the last one failed)` : text;
  };
  state.addEventListener('click', () => {
    paused = !paused;
    show();
  });
  show();
  document.querySelector('.bottom p').after(state);

  setInterval(async () => {
    if (paused || document.visibilityState !== 'visible' || isInUse(main)) return;
    try {
      await replaceContent(main);
      show();
    } catch {
      show(true);
    }
  }, interval);
}

/** A replacement would discard the keyboard focus, the selected text and the scroll position of a table. */
function isInUse(main) {
  const selection = getSelection();
  if (main !== document.activeElement && main.contains(document.activeElement)) return true;
  if (selection !== null && !selection.isCollapsed && main.contains(selection.anchorNode)) return true;
  return [...main.querySelectorAll('.table-box')].some((box) => box.scrollLeft > 0);
}

async function replaceContent(main) {
  const response = await fetch(location.href, { headers: { Accept: 'text/html' } });
  // The session has ended.
  if (response.redirected) location.reload();
  if (!response.ok) throw new Error(String(response.status));
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main');
  if (fresh !== null && !isInUse(main)) main.replaceChildren(...fresh.childNodes);
}
