import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { findTool } from '../tools.ts';

export const WIDTHS = { narrow: 360, wide: 1440 } as const;

/** Debian's Chromium. Its sandbox is not available in containers; the pages are the console's own. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findTool('chromium')!, args: ['--no-sandbox', '--disable-gpu'] });
}

/** Opens a page in its own session and fails the returned check if the browser reports an error or a CSP violation. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions,
): Promise<{ readonly page: Page; readonly problems: readonly string[]; close(): Promise<void> }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  return { page, problems, close: () => context.close() };
}

/** Logs in through the form. */
export async function logInWith(page: Page, adminUrl: string, token: string): Promise<void> {
  await page.goto(`${adminUrl}/console/`);
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${adminUrl}/console/`);
}

/** The addresses of all pages, from the navigation. */
export function pageLinks(page: Page): Promise<readonly { readonly label: string; readonly path: string }[]> {
  return page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link')
    .evaluateAll((links) =>
      links.map((link) => ({ label: link.textContent ?? '', path: link.getAttribute('href') ?? '' })),
    );
}
