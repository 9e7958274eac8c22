import type { DocumentRewrite } from '../../core/request/protocol.ts';

/**
 * GitLab shows maintainers the registration token of the project's runners, and the account of the gateway
 * may be one. With that token a client could register a runner, which gets jobs and their variables for as
 * long as it exists.
 */
export const WITHOUT_RUNNERS_TOKEN: DocumentRewrite = {
  kind: 'document',
  types: 'any',
  maxBytes: 1024 * 1024,
  rewrite(document) {
    if (document === '') return document;
    let found = false;
    try {
      const project: unknown = JSON.parse(document, (name, value: unknown) => {
        if (name !== 'runners_token') return value;
        found = true;
        return undefined;
      });
      return found ? JSON.stringify(project) : document;
    } catch {
      return undefined;
    }
  },
};

/** Endpoints outside the list whose response is the project. */
export const SHOWS_PROJECT: ReadonlySet<string> = new Set([
  '',
  'archive',
  'fork',
  'restore',
  'star',
  'transfer',
  'unarchive',
  'unstar',
]);
