import type { AnonymousSettings } from '../settings.ts';
import { compileTemplate } from './resource-template.ts';
import type { ResourceTemplate } from './resource-template.ts';

/** The part of the policy that contains a grant. */
export type GrantOrigin =
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'identity' }
  | { readonly kind: 'anonymous' };

/** Scopes on resources of one service. */
export interface CompiledGrant {
  readonly origin: GrantOrigin;
  /** Position in the list of its origin, from 0. */
  readonly index: number;
  readonly service: string;
  readonly scopes: readonly string[];
  readonly resources: readonly ResourceTemplate[];
}

export function compileGrant(
  settings: AnonymousSettings,
  service: { readonly name: string; readonly type: string },
  origin: GrantOrigin,
  index: number,
): CompiledGrant {
  return {
    origin,
    index,
    service: service.name,
    scopes: settings.scopes,
    resources: settings.resources.map((pattern) => compileTemplate(pattern, service.type)),
  };
}
