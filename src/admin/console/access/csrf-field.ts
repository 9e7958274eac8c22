import { html } from 'hono/html';
import type { Html } from '../console-page.ts';
import type { Visitor } from './visitor.ts';

export const CSRF_FIELD = 'csrf';

/** Required in every form with `method="post"`. */
export function csrfField({ csrf }: Visitor): Html {
  return html`<input type="hidden" name="${CSRF_FIELD}" value="${csrf}" />`;
}
