import type { RuleContext } from './rule.ts';

export function checkState(context: RuleContext): void {
  const { sqlite, redis } = context.draft.state;
  const path = ['state', 'redis'];
  if (sqlite !== undefined && redis !== undefined) {
    context.error(path, 'give either sqlite or redis, not both', 'key');
  }
  if (redis === undefined) return;
  const { url, urlFile, caFile } = redis;
  if (url === undefined) {
    if (urlFile === undefined) context.error(path, 'needs url or urlFile', 'key');
    return;
  }
  if (urlFile !== undefined) context.error([...path, 'url'], 'give either url or urlFile, not both', 'key');
  if (new URL(url).password !== '') {
    context.warn([...path, 'url'], 'contains a password: put the URL into a file and set urlFile');
  }
  if (caFile !== undefined && url.startsWith('redis:')) {
    context.error([...path, 'caFile'], 'has no effect with redis://, which is not encrypted; use rediss://');
  }
}
