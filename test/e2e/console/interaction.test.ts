import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { ADMIN_TOKEN } from '../../support/console/ask-console.ts';
import { logInWith, openPage, pageLinks, startBrowser } from '../../support/console/browser.ts';
import { startSampleConsole } from '../../support/console/sample-console.ts';
import { eventually } from '../../support/eventually.ts';
import { needs } from '../../support/needs.ts';
import { useStarted } from '../../support/use-started.ts';

const browserTest = needs('chromium');

/** What a keyboard user knows of the focused element. */
interface Focused {
  readonly tag: string;
  readonly id: string;
  readonly text: string;
  /** An outline within the window. */
  readonly visible: boolean;
}

function focused(page: Page): Promise<Focused> {
  return page.evaluate(`(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom } = element.getBoundingClientRect();
    return {
      tag: element.localName,
      id: element.id,
      text: element.textContent.trim(),
      visible: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && bottom > 0 && top < innerHeight,
    };
  })()`);
}

/** Presses Tab until an element has the focus; every element on the way shows its focus. */
async function tabTo(page: Page, wanted: (element: Focused) => boolean): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab');
    const element = await focused(page);
    if (element.tag !== 'body') expect(element).toMatchObject({ visible: true });
    if (wanted(element)) return;
  }
  throw new Error('not reached by Tab');
}

browserTest.describe('the console by keyboard and without JavaScript', () => {
  const browser: Browser = useStarted(startBrowser);
  const console = useStarted(() => startSampleConsole());

  browserTest.test('by keyboard: log in, skip to the content, revoke, delete, log out', async () => {
    const { page, problems, close } = await openPage(browser, {});
    await page.goto(`${console.gateway.adminUrl}/console/revocations`);
    expect((await focused(page)).id).toBe('token');
    await page.keyboard.type(ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/revocations');

    await page.keyboard.press('Tab');
    expect(await focused(page)).toMatchObject({ text: 'Skip to content', visible: true });
    await page.keyboard.press('Enter');
    expect((await focused(page)).tag).toBe('main');

    await tabTo(page, ({ id }) => id === 'target');
    await page.keyboard.type('a project');
    await tabTo(page, ({ id }) => id === 'value');
    await page.keyboard.type('acme/keyboard');
    await tabTo(page, ({ id }) => id === 'reason');
    await page.keyboard.type('found in a log');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/revocations?done=added');
    expect(await page.getByRole('status').textContent()).toContain('Revoked');

    await tabTo(page, ({ text }) => text === 'Delete…');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Delete a revocation' }).waitFor();
    await tabTo(page, ({ text }) => text === 'Delete this revocation');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/revocations?done=deleted');
    expect(await page.content()).not.toContain('acme/keyboard');

    await tabTo(page, ({ text }) => text === 'Log out');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/login');
    expect(problems).toEqual([]);
    await close();
  });

  browserTest.test(
    'by keyboard: every page shows the focus, and reaches all other pages',
    async () => {
      const { page, close } = await openPage(browser, {});
      const { adminUrl } = console.gateway;
      await logInWith(page, adminUrl, ADMIN_TOKEN);
      const labels = (await pageLinks(page)).map(({ label }) => label);
      for (const { path } of await pageLinks(page)) {
        await page.goto(`${adminUrl}${path}`);
        const reached = new Set<string>();
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press('Tab');
          const element = await focused(page);
          if (element.tag === 'body') break;
          expect([path, element]).toEqual([path, { ...element, visible: true }]);
          reached.add(element.text);
        }
        expect([path, labels.filter((label) => !reached.has(label))]).toEqual([path, []]);
      }
      await close();
    },
    180_000,
  );

  browserTest.test('without JavaScript: every page, and a change', async () => {
    const { page, close } = await openPage(browser, { javaScriptEnabled: false });
    const { adminUrl } = console.gateway;
    await page.goto(`${adminUrl}/console/`);
    await page.getByLabel('Admin token').fill(ADMIN_TOKEN);
    await page.getByRole('button', { name: 'Log in' }).click();
    const labels = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents();
    for (const label of labels) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: label }).click();
      expect(await page.title()).toMatch(/ · Gatehouse$/);
      expect(await page.locator('a[aria-current=page]').textContent()).toBe(label);
    }
    await page.goto(`${adminUrl}/console/revocations`);
    await page.getByLabel('Revoke').selectOption('identity');
    await page.getByLabel('Value').fill('payments-pipelin');
    await page.getByLabel('Reason').fill('misspelled');
    await page.getByLabel('Expires').selectOption('1h');
    await page.getByRole('button', { name: 'Revoke' }).click();
    expect(await page.getByRole('status').textContent()).toContain('Check its spelling');
    await close();
  });

  browserTest.test('with JavaScript: the overview follows changes, until it is paused', async () => {
    const { page, problems, close } = await openPage(browser, {});
    const { gateway } = console;
    await logInWith(page, gateway.adminUrl, ADMIN_TOKEN);
    expect((await pageLinks(page)).length).toBeGreaterThan(2);
    const reloads = page.locator('dt:text-is("Last reload") + dd', { hasText: 'none since the start' });
    expect(await reloads.count()).toBe(1);
    expect(await gateway.reload((yaml) => `${yaml}\n# changed\n`)).toBe(true);
    await eventually('the new state', async () => (await reloads.count()) === 0, 40_000);
    await page.getByRole('button', { name: 'Pause updates' }).click();
    expect(await page.getByRole('button', { name: 'Resume updates' }).count()).toBe(1);
    expect(problems).toEqual([]);
    await close();
  });
});
