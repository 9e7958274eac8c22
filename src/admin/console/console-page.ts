import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import type { html } from 'hono/html';
import type { Visitor } from './access/visitor.ts';

/** Markup of a `hono/html` template, which escapes every interpolated value. */
export type Html = ReturnType<typeof html>;

export interface ConsoleEnv {
  Bindings: HttpBindings;
  Variables: {
    readonly visitor: Visitor;
    /** Whether a new request of the visitor would be accepted; for responses that stay open. */
    readonly accepted: () => boolean;
    /** The fields of a POST whose origin and CSRF token are valid; empty for other methods. */
    readonly form: ReadonlyMap<string, string>;
  };
}

/**
 * One entry of the navigation. Handlers respond with `context.render(main, { title })`, also with 200 when there is
 * nothing to show. Every POST form contains `csrfField(context.get('visitor'))`.
 */
export interface ConsolePage {
  /** Below `/console/`; empty for the overview. */
  readonly path: string;
  /** Label in the navigation. */
  readonly label: string;
  /** Mounted at the path. */
  readonly app: Hono<ConsoleEnv>;
}

export interface PageHead {
  /** Heading and title of the document. */
  readonly title: string;
  /** Seconds after which JavaScript replaces the content. */
  readonly refresh?: number;
}

declare module 'hono' {
  interface ContextRenderer {
    (main: Html, head: PageHead): Response | Promise<Response>;
  }
}
