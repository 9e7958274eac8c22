/** Pages of decisions and of the policy that the navigation does not link: themes, widths and accessibility. */
import { writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';
import { artifactsFolder } from '../../support/console/artifacts.ts';
import { openPage, startBrowser, WIDTHS } from '../../support/console/browser.ts';
import { checkLook, LOOKS } from '../../support/console/check-look.ts';
import { policyYaml, startPolicyScenario } from '../../support/console/policy-scenario.ts';
import { eventually } from '../../support/eventually.ts';
import { needs } from '../../support/needs.ts';
import { useStarted } from '../../support/use-started.ts';

/** A gateway with a candidate that differs, and the request ids of one allowed and one denied request. */
async function startDifferingCandidate() {
  const more = 'candidate: { config: next.yaml }';
  const scene = await startPolicyScenario({ more, files: { 'next.yaml': '' } });
  const { gateway, issuer, upstream, respond } = scene;
  const server =
    'server: { listen: "127.0.0.1:0", publicUrl: "https://gateway.example.com", admin: { listen: "127.0.0.1:0" } }';
  const policy = policyYaml(issuer.url, upstream.url, 'write_api');
  writeFileSync(`${gateway.folder}/next.yaml`, `version: 1\n${server}\n${policy}\n`);
  await gateway.reload((yaml) => `${yaml}\n`);
  const send = async (line: string): Promise<string> =>
    (await respond(line)).headers.get('x-request-id') ?? '';
  const allowed = await send('GET /orders/v1/list');
  const denied = await send('POST /orders/v1/list');
  await eventually('the differences', async () => {
    const page = await fetch(`${gateway.adminUrl}/console/candidate`);
    return (await page.text()).includes('would be allowed');
  });
  return { ...scene, allowed, denied };
}

needs('chromium').describe('pages behind the navigation', () => {
  const browser: Browser = useStarted(startBrowser);
  const scene = useStarted(startDifferingCandidate);
  const folder = artifactsFolder('console');

  // Two of the looks have both themes and both widths.
  for (const [theme, width] of [LOOKS[0], LOOKS[3]]) {
    needs('chromium').test(
      `${theme}, ${WIDTHS[width]} px`,
      async () => {
        const viewport = { width: WIDTHS[width], height: 900 };
        const { page, problems, close } = await openPage(browser, { viewport, colorScheme: theme });
        const look = (name: string): Promise<void> => checkLook(page, folder, `${name}-${theme}-${width}`);
        for (const [name, path] of [
          ['decision-allowed', `decisions/${scene.allowed}`],
          ['decision-denied', `decisions/${scene.denied}`],
          ['decisions-filtered', 'decisions?service=orders&verdict=denied'],
          ['access-identity', 'access?identity=payments'],
          ['access-resource', 'access?service=registry&resource=acme/base/alpine'],
          ['candidate-differences', 'candidate'],
          ['explain-recorded', `explain?request=${scene.denied}`],
        ] as const) {
          await page.goto(`${scene.gateway.adminUrl}/console/${path}`);
          await look(name);
        }
        await page.getByRole('button', { name: 'Explain' }).click();
        await page.getByRole('heading', { name: 'Decision', exact: true }).waitFor();
        await look('explained');
        expect(problems).toEqual([]);
        await close();
      },
      180_000,
    );
  }
});
