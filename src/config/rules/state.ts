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
    context.warn(
      [...path, 'url'],
      'holds a password: rather put the URL into a file, and name that in urlFile',
    );
  }
  if (caFile !== undefined && url.startsWith('redis:')) {
    context.error([...path, 'caFile'], 'is not used with redis://, which is not encrypted; write rediss://');
  }
}
