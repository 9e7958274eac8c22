import { html } from 'hono/html';
import { counted } from '../../../util/text/counted.ts';
import type { Html } from '../console-page.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** `3 days`, `12 minutes`, `0 seconds`. */
export function spanText(ms: number): string {
  const [name, length] = UNITS.find(([, unit]) => ms >= unit * 2) ?? (['second', 1_000] as const);
  return counted(Math.max(0, Math.floor(ms / length)), name);
}

/** `4.85 ms`, `12.5 s`. */
export function durationText(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

/** A time in UTC, with its distance from now. */
export function timeView(ms: number, now: number): Html {
  const iso = new Date(ms).toISOString();
  const distance = distanceText(ms, now);
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>
    <span class="distance">${distance}</span>`;
}

/** The time of day in UTC, with milliseconds. The element has the complete time. */
export function timeOfDay(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(11, 23)}</time>`;
}

/** A time in UTC, with milliseconds. */
export function dateAndTime(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 23)} UTC</time>`;
}

/** A calendar day, with the distance of its start from now. */
export function dayView(ms: number, now: number): Html {
  const day = new Date(ms).toISOString().slice(0, 10);
  return html`<time datetime="${day}">${day}</time> <span class="distance">${distanceText(ms, now)}</span>`;
}

function distanceText(ms: number, now: number): string {
  return ms <= now ? `${spanText(now - ms)} ago` : `in ${spanText(ms - now)}`;
}
