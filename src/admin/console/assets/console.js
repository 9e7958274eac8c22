// Everything works without this module; it only keeps pages current.

const main = document.querySelector('main[data-refresh]');
if (main !== null) {
  const seconds = Number(main.dataset.refresh);
  setInterval(() => {
    // A reload would discard the input and the position of the keyboard focus.
    if (document.visibilityState === 'visible' && !main.contains(document.activeElement)) location.reload();
  }, seconds * 1000);
}
