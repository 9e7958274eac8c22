import { html } from 'hono/html';
import { csrfField } from './access/csrf-field.ts';
import type { Visitor } from './access/visitor.ts';
import type { ConsolePage, Html, PageHead } from './console-page.ts';

export interface Frame {
  readonly pages: readonly Pick<ConsolePage, 'path' | 'label'>[];
  readonly replica: string;
  readonly version: string;
  /** Path of the request without a slash at its end. */
  readonly current: string;
  readonly visitor: Visitor;
}

/** The document of a page with navigation. */
export function layout(frame: Frame, { title, refresh }: PageHead, main: Html): Html {
  const { replica, version } = frame;
  return document(
    title,
    html`<a class="skip" href="#main">Skip to content</a>
      <header class="top">
        <p class="brand"><a href="/console/">Gatehouse</a></p>
        <nav aria-label="Pages">
          <ul>
            ${frame.pages.map((page) => entry(page, frame.current))}
          </ul>
        </nav>
      </header>
      <main id="main" tabindex="-1" ${refresh === undefined ? '' : html`data-refresh="${refresh}"`}>
        <h1>${title}</h1>
        ${main}
      </main>
      <footer class="bottom">
        <p>
          Replica <strong>${replica}</strong> · version ${version} ·
          ${frame.visitor.canWrite ? 'read and write' : 'read-only'} · times in UTC
        </p>
        ${frame.visitor.kind === 'session' ? logout(frame.visitor) : ''}
      </footer>`,
  );
}

/** A document without navigation. */
export function document(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Gatehouse</title>
        <link rel="stylesheet" href="/console/assets/console.css" />
        <link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml" />
        <script type="module" src="/console/assets/console.js"></script>
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}

function logout(visitor: Visitor): Html {
  return html`<form method="post" action="/console/logout">
    ${csrfField(visitor)}
    <button type="submit" class="quiet">Log out</button>
  </form>`;
}

function entry({ path, label }: Frame['pages'][number], current: string): Html {
  const address = `/console/${path}`;
  const selected = path === '' ? current === '/console' : `${current}/`.startsWith(`${address}/`);
  return html`<li><a href="${address}" ${selected ? html`aria-current="page"` : ''}>${label}</a></li>`;
}
