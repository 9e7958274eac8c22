import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { ADMIN_TOKEN } from '../../support/console/ask-console.ts';
import { artifactsFolder } from '../../support/console/artifacts.ts';
import { logInWith, openPage, pageLinks, startBrowser, WIDTHS } from '../../support/console/browser.ts';
import { startSampleConsole } from '../../support/console/sample-console.ts';
import { eventually } from '../../support/eventually.ts';
import { needs } from '../../support/needs.ts';
import { useStarted } from '../../support/use-started.ts';

const LOOKS = [
  ['light', 'wide'],
  ['light', 'narrow'],
  ['dark', 'wide'],
  ['dark', 'narrow'],
] as const;

needs('chromium').describe('pages of the console', () => {
  const browser: Browser = useStarted(startBrowser);
  const console = useStarted(async () => {
    const sample = await startSampleConsole();
    await sample.requestOfEachKind();
    return sample;
  });
  const folder = artifactsFolder('console');

  for (const [theme, width] of LOOKS) {
    needs('chromium').test(
      `${theme}, ${WIDTHS[width]} px`,
      async () => {
        const { adminUrl } = console.gateway;
        const viewport = { width: WIDTHS[width], height: 900 };
        const { page, problems, close } = await openPage(browser, { viewport, colorScheme: theme });
        await page.goto(`${adminUrl}/console/`);
        await check(page, `login-${theme}-${width}`);
        await logInWith(page, adminUrl, ADMIN_TOKEN);
        // The first interval of the services has ended.
        await eventually('a line', async () => {
          await page.goto(`${adminUrl}/console/`);
          return (await page.locator('svg.sparkline').count()) > 0;
        });
        const pages = await pageLinks(page);
        expect(pages.map(({ label }) => label)).toContain('Overview');
        for (const { label, path } of pages) {
          const response = await page.goto(`${adminUrl}${path}`);
          expect([label, response?.status()]).toEqual([label, 200]);
          expect(await pageLinks(page)).toEqual(pages);
          await check(page, `${label.toLowerCase().replaceAll(' ', '-')}-${theme}-${width}`);
        }
        expect(problems).toEqual([]);
        await close();
      },
      240_000,
    );
  }

  /** Neither axe nor the layout finds a fault; the screenshot is kept. */
  async function check(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    expect([name, found]).toEqual([name, []]);
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect([name, overflow]).toEqual([name, 0]);
  }
});
