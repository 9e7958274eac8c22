/** `npm run console:screenshots`: writes the pictures of docs/guides/console.md. It takes about three minutes. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ADMIN_TOKEN } from './ask-console.ts';
import { logInWith, openPage, pageLinks, startBrowser } from './browser.ts';
import { startSampleConsole } from './sample-console.ts';

const folder = resolve('docs/guides/images');
/** Enough intervals for the lines of the overview. */
const TRAFFIC_MS = 150_000;

const browser = await startBrowser();
const sample = await startSampleConsole();
try {
  await makeTraffic(TRAFFIC_MS);
  mkdirSync(folder, { recursive: true });
  const viewport = { width: 1040, height: 600 };
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, close } = await openPage(browser, { viewport, colorScheme });
    await logInWith(page, sample.gateway.adminUrl, ADMIN_TOKEN);
    // The dark theme is shown once.
    const pages = colorScheme === 'light' ? await pageLinks(page) : (await pageLinks(page)).slice(0, 1);
    for (const { label, path } of pages) {
      await page.goto(`${sample.gateway.adminUrl}${path}`);
      const name = `console-${label.toLowerCase().replaceAll(' ', '-')}`;
      const file = `${name}${colorScheme === 'dark' ? '-dark' : ''}.png`;
      await page.screenshot({ path: join(folder, file), fullPage: true });
      console.log(file);
    }
    await close();
  }
} finally {
  await browser.close();
  await sample.close();
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
