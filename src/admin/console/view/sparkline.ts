import { html } from 'hono/html';
import type { Html } from '../console-page.ts';

const WIDTH = 96;
const HEIGHT = 22;

/**
 * A line over equal intervals that ends at the right edge; undefined values interrupt it. It is hidden from assistive
 * technology, because the cell contains the value.
 */
export function sparkline(
  values: readonly (number | undefined)[],
  { length, kind }: { readonly length: number; readonly kind: 'plain' | 'warning' | 'bad' },
): Html {
  const isQuiet = values.every((value) => (value ?? 0) === 0);
  const top = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  const step = WIDTH / (length - 1);
  const start = length - values.length;
  let path = '';
  let drawing = false;
  for (const [i, value] of values.entries()) {
    if (value !== undefined) {
      const x = ((start + i) * step).toFixed(1);
      const y = (HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1);
      // A point without neighbours is visible as a line of length 0 with a round cap.
      path += drawing ? `L${x} ${y}` : `M${x} ${y}h0`;
    }
    drawing = value !== undefined;
  }
  return html`<svg
    class="sparkline ${isQuiet ? 'quiet' : kind}"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    aria-hidden="true"
    focusable="false"
  >
    <path d="${path}"></path>
  </svg>`;
}
