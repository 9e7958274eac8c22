import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';

const ASSETS = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'policy.css': 'text/css; charset=utf-8',
  'decisions.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** Serves the files of `assets/`, read once. They contain no data, so the login page can use them. */
export function assetRoutes(): Hono {
  const app = new Hono();
  for (const [name, type] of Object.entries(ASSETS)) {
    const content = readFileSync(new URL(`assets/${name}`, import.meta.url));
    const etag = `"${hash('sha256', content).slice(0, 32)}"`;
    // Always revalidated, so that a new version is complete at once.
    const headers = { ETag: etag, 'Cache-Control': 'no-cache', 'Content-Type': type };
    app.get(`/${name}`, (context) =>
      context.req.header('if-none-match') === etag
        ? context.body(null, 304, headers)
        : context.body(content, 200, headers),
    );
  }
  return app;
}
