import { Hono } from 'hono';
import { html } from 'hono/html';
import type { ConsoleEnv, ConsolePage } from '../console-page.ts';
import type { ConsolePorts } from '../console-ports.ts';

export function overviewPage(ports: Pick<ConsolePorts, 'ready' | 'configuration'>): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get('/', (context) => {
    const { ready, checks } = ports.ready();
    const { hash, reload } = ports.configuration();
    return context.render(
      html`<p>${ready ? 'Ready' : 'Not ready'}: ${checks.filter(({ ok }) => !ok).length} failed checks.</p>
        <p>Configuration <code>${hash}</code>, last reload ${reload.at ?? 'none'}.</p>`,
      { title: 'Overview' },
    );
  });
  return { path: '', label: 'Overview', app };
}
