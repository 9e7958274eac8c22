/** Live updates of the Decisions page, in a browser. */
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';
import { openPage, startBrowser } from '../../support/console/browser.ts';
import { startPolicyScenario } from '../../support/console/policy-scenario.ts';
import { needs } from '../../support/needs.ts';
import { useStarted } from '../../support/use-started.ts';

needs('chromium').describe('live decisions', () => {
  const browser: Browser = useStarted(startBrowser);

  /** Opens the page and returns its table. */
  async function openDecisions(query = '') {
    const scene = await startPolicyScenario();
    const opened = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    await opened.page.goto(`${scene.gateway.adminUrl}/console/decisions${query}`);
    await opened.page.getByText('Live', { exact: true }).waitFor();
    const rows = opened.page.locator('tbody tr');
    const idOf = async (line: string): Promise<string> =>
      (await scene.respond(line)).headers.get('x-request-id') ?? '';
    return { scene, rows, idOf, ...opened };
  }

  needs('chromium').test('a new decision appears without a reload, and links to its page', async () => {
    const { page, rows, idOf, problems, close } = await openDecisions();
    const id = await idOf('GET /orders/v1/list');
    await rows.filter({ hasText: id }).waitFor();
    expect(await page.getByText('No request has arrived yet').count()).toBe(0);
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { name: 'Evaluation' }).waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  needs('chromium').test('the table fits into the window, and a cut request id keeps its text', async () => {
    const { scene, page, rows, idOf, close } = await openDecisions();
    await scene.respond('POST /orders/v1/list');
    const id = await idOf(`GET /orders/v2/blobs/sha256:${'ab'.repeat(32)}`);
    await rows.filter({ hasText: id }).waitFor();
    for (const width of [1440, 1290, 1110, 1060, 980, 800, 360]) {
      await page.setViewportSize({ width, height: 900 });
      const hidden = await page.evaluate(
        `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.table-box'))`,
      );
      expect([width, hidden]).toEqual([width, 0]);
    }
    await close();
  });

  needs('chromium').test('the filter applies to live updates', async () => {
    const { rows, idOf, close } = await openDecisions('?verdict=denied');
    const allowed = await idOf('GET /orders/v1/list');
    const denied = await idOf('POST /orders/v1/list');
    await rows.filter({ hasText: denied }).waitFor();
    expect(await rows.filter({ hasText: allowed }).count()).toBe(0);
    await close();
  });

  needs('chromium').test(
    'Pause holds new decisions, also for the keyboard focus, and Resume shows them',
    async () => {
      const { page, rows, idOf, close } = await openDecisions();
      const first = await idOf('GET /orders/v1/list');
      await rows.filter({ hasText: first }).waitFor();
      await page.getByRole('link', { name: first }).focus();
      const second = await idOf('GET /orders/v1/list');
      await page.getByText('Paused, new decisions wait').waitFor();
      expect(await rows.count()).toBe(1);
      await page.getByRole('button', { name: 'Resume' }).press('Enter');
      await rows.filter({ hasText: second }).waitFor();
      await page.getByRole('button', { name: 'Pause' }).waitFor();
      await close();
    },
  );

  needs('chromium').test('a hostile request runs no script', async () => {
    const { page, scene, rows, problems, close } = await openDecisions();
    const path = '/orders/"><img/src=x/onerror=document.title=1><script>document.title=2</script>';
    const response = await scene.respond(`GET ${path}`, [`User-Agent: ${path}`]);
    const id = response.headers.get('x-request-id') ?? '';
    await rows.filter({ hasText: id }).waitFor();
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { name: 'Evaluation' }).waitFor();
    expect(await page.title()).toBe('Decision · Gatehouse');
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(problems).toEqual([]);
    await close();
  });

  needs('chromium').test('explain shows only the fields of the selected credential', async () => {
    const { page, scene, close } = await openDecisions();
    await page.goto(`${scene.gateway.adminUrl}/console/explain`);
    expect(await page.getByLabel('Claims (JSON)').isVisible()).toBe(true);
    await page.getByLabel('A token').check();
    expect(await page.getByLabel('Claims (JSON)').isVisible()).toBe(false);
    await page.getByLabel('URL of the request').fill('https://gateway.example.com/orders/v1/list');
    await page.getByLabel('Token', { exact: true }).fill(scene.token);
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByRole('heading', { name: 'Decision' }).waitFor();
    expect(await page.getByLabel('Token', { exact: true }).inputValue()).toBe('');
    expect(await page.content()).not.toContain(scene.token);
    await close();
  });
});
