import type { z } from 'zod';
import type { DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { aws } from '../../schema/aws.ts';
import type { RuleContext } from '../rule.ts';
import { isPrivate } from './auth-values.ts';

type AwsAuth = NonNullable<z.output<typeof aws>>;

export function checkAws(
  context: RuleContext,
  { endpoints }: AwsAuth,
  path: KeyPath,
  type: DraftService['type'],
): void {
  if (type !== 'oci') context.error(path, 'is for services of type oci', 'key');
  for (const [name, url] of Object.entries(endpoints)) {
    if (url !== undefined && !isPrivate(url))
      context.error([...path, 'endpoints', name], 'must be https: credentials travel to it');
  }
}
