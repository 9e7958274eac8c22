import type { RuleContext } from '../rule.ts';
import { publicPathProblem } from '../services/services.ts';

export function checkUpstreams(context: RuleContext): void {
  for (const { name, upstream } of context.draft.services) {
    if (upstream === undefined) continue;
    const path = ['services', name, 'upstream'];
    const problem = upstreamUrlProblem(upstream.url);
    if (problem !== undefined) context.error([...path, 'url'], problem);
    for (const key of ['serverName', 'clientCertificate'] as const) {
      if (upstream[key] === undefined || upstream.url.startsWith('https:')) continue;
      context.error(
        [...path, key],
        'has no effect with http://, which is not encrypted; use https://',
        'key',
      );
    }
    for (const [index, origin] of upstream.redirectOrigins.entries()) {
      if (new URL(origin).origin === origin.replace(/\/$/, '')) continue;
      context.error([...path, 'redirectOrigins', index], `must be an origin: ${new URL(origin).origin}`);
    }
    for (const [index, alias] of upstream.aliases.entries()) {
      const wrong = upstreamUrlProblem(alias);
      if (wrong !== undefined) context.error([...path, 'aliases', index], wrong);
    }
  }
}

function upstreamUrlProblem(url: string): string | undefined {
  if (!url.endsWith('/')) return 'must end in /: its path replaces the path of the service';
  const path = /^https?:\/\/[^/]+(\/.*)$/i.exec(url)?.[1] ?? '/';
  const problem = publicPathProblem(path);
  return problem === undefined ? undefined : `its path ${problem}`;
}
