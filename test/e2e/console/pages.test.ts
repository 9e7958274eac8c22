import type { Browser } from 'playwright-core';
import { expect } from 'vitest';
import { ADMIN_TOKEN } from '../../support/console/ask-console.ts';
import { artifactsFolder } from '../../support/console/artifacts.ts';
import { logInWith, openPage, pageLinks, startBrowser, WIDTHS } from '../../support/console/browser.ts';
import { checkLook, LOOKS } from '../../support/console/check-look.ts';
import { startSampleConsole } from '../../support/console/sample-console.ts';
import { eventually } from '../../support/eventually.ts';
import { needs } from '../../support/needs.ts';
import { useStarted } from '../../support/use-started.ts';

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
        await checkLook(page, folder, `login-${theme}-${width}`);
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
          await checkLook(page, folder, `${label.toLowerCase().replaceAll(' ', '-')}-${theme}-${width}`);
        }
        expect(problems).toEqual([]);
        await close();
      },
      240_000,
    );
  }
});
