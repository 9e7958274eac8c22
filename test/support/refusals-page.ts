import { expect } from 'vitest';
import { snippet } from './docs.ts';
import type { Outcome } from './run.ts';

const PAGE = 'docs/reference/refusals.md';

/**
 * Expects that a client failed and printed the text of this block of docs/reference/refusals.md. The page shows the
 * relevant lines; the client can print others.
 */
export function expectDocumented(heading: string, name: string, { code, stdout, stderr }: Outcome): void {
  const printed = normalized(`${stdout}\n${stderr}`);
  expect(code, printed).not.toBe(0);
  expect.soft(printed).toContain(snippet(PAGE, heading, name).trimEnd());
}

/** The values that differ from run to run, as the page writes them. */
function normalized(text: string): string {
  return text
    .replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'gateway.example.com')
    .replaceAll(/localhost:\d+/g, 'registry.example.com')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'REQUEST-ID')
    .replaceAll(/[ \t]+$/gm, '');
}
