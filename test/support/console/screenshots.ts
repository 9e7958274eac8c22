/** `npm run console:screenshots`: writes the pictures of docs/guides/console.md. It takes about three minutes. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { ADMIN_TOKEN } from './ask-console.ts';
import { logInWith, openPage, pageLinks, startBrowser } from './browser.ts';
import { startSampleConsole } from './sample-console.ts';

const guide = readFileSync('docs/guides/console.md', 'utf8');
const folder = resolve('docs/guides/images');
/** Enough intervals for the lines of the overview. */
const TRAFFIC_MS = 150_000;

const VIEWPORT = { width: 1040, height: 600 };
/** Long lists are cut. */
const MAX_HEIGHT = 1040;

const browser = await startBrowser();
const sample = await startSampleConsole();
try {
  await makeTraffic(TRAFFIC_MS);
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, close } = await openPage(browser, { viewport: VIEWPORT, colorScheme });
    await logInWith(page, sample.gateway.adminUrl, ADMIN_TOKEN);
    // The dark theme is shown once.
    const pages = colorScheme === 'light' ? await pageLinks(page) : (await pageLinks(page)).slice(0, 1);
    for (const { label, path } of pages) {
      await page.goto(`${sample.gateway.adminUrl}${path}`);
      const name = `console-${label.toLowerCase().replaceAll(' ', '-')}`;
      const file = `${name}${colorScheme === 'dark' ? '-dark' : ''}.png`;
      await shoot(page, file);
    }
    if (colorScheme === 'light') {
      await page.goto(`${sample.gateway.adminUrl}/console/decisions?reason=scope_not_granted`);
      await page.getByRole('table').getByRole('link').first().click();
      await page.waitForURL('**/console/decisions/*');
      await shoot(page, 'console-decision.png');
    }
    await close();
  }
} finally {
  await browser.close();
  await sample.close();
}

/** Writes the picture if the guide shows it. */
async function shoot(page: Page, file: string): Promise<void> {
  if (!guide.includes(`images/${file}`)) return;
  const full = await page.evaluate<number>('document.documentElement.scrollHeight');
  const clip = { x: 0, y: 0, width: VIEWPORT.width, height: Math.min(full, MAX_HEIGHT) };
  await page.screenshot({ path: join(folder, file), fullPage: true, clip });
  console.log(file);
}

/** Requests whose number rises and falls. */
async function makeTraffic(duration: number): Promise<void> {
  const end = Date.now() + duration;
  for (let step = 0; Date.now() < end; step++) {
    const pairs = Math.round(3 + 2 * Math.sin(step / 8));
    for (let i = 0; i < pairs; i++) await sample.requestOfEachKind();
    await new Promise((done) => setTimeout(done, 1_000));
  }
}
