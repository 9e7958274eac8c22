import type { z } from 'zod';
import type { DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { tokenExchange } from '../../schema/token-exchange.ts';
import type { RuleContext } from '../rule.ts';
import { checkTokenEndpoint } from './token-endpoint.ts';

const OF_GRANT: ReadonlySet<string> = new Set([
  'audience',
  'requested_token_type',
  'subject_token',
  'subject_token_type',
]);

export function checkTokenExchange(
  context: RuleContext,
  settings: z.output<typeof tokenExchange>,
  path: KeyPath,
  { name, audiences }: Pick<DraftService, 'name' | 'audiences'>,
): void {
  const { subject, subjectTokenFile, assertionType } = settings;
  checkTokenEndpoint(context, settings, path, OF_GRANT);
  if (subject === 'gateway' && subjectTokenFile === undefined)
    context.error(path, 'needs subjectTokenFile: the subject is the gateway', 'key');
  if (subject !== 'gateway' && subjectTokenFile !== undefined)
    context.error([...path, 'subjectTokenFile'], 'needs subject: gateway', 'key');
  if (subject !== 'caller' && assertionType !== undefined)
    context.error([...path, 'assertionType'], 'needs subject: caller', 'key');
  if (subject === 'callerIdToken' && audiences === undefined) {
    const message = `sends ID tokens of clients to the token service; set services.${name}.audiences, so that other services accept none of them`;
    context.error([...path, 'subject'], message);
  }
}
