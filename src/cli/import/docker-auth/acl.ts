import { childOf, type SourceNode } from '../../../config/index.ts';
import { isNull, type SourceReader } from '../source-reader.ts';

/** A rule of `acl`. The first rule that matches a request determines the allowed actions. */
export interface AclRule {
  readonly line: number;
  readonly account: string | undefined;
  readonly type: string | undefined;
  readonly name: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  /** Conditions on facts that no grant can express, such as `ip`. */
  readonly otherConditions: readonly string[];
  readonly actions: readonly string[];
}

const KNOWN_CONDITIONS: ReadonlySet<string> = new Set(['account', 'type', 'name', 'labels']);

export function readAcl(reader: SourceReader, acl: SourceNode | undefined): readonly AclRule[] {
  return reader.items(acl, ['acl']).flatMap((rule, index) => readRule(reader, rule, ['acl', index]) ?? []);
}

function readRule(
  reader: SourceReader,
  rule: SourceNode,
  path: readonly (string | number)[],
): AclRule | undefined {
  const [match, actions] = [childOf(rule, 'match'), childOf(rule, 'actions')];
  // docker_auth has no default for either.
  if (match === undefined || actions === undefined || isNull(match) || isNull(actions)) {
    const key = match === undefined || isNull(match) ? 'match' : 'actions';
    reader.refuse(rule.mark, path, `needs ${key}; write ${key === 'match' ? 'match: {}' : 'actions: []'}`);
    return undefined;
  }
  const entries = reader.entries(match, [...path, 'match']);
  const text = (key: string): string | undefined =>
    reader.text(entries.get(key)?.value, [...path, 'match', key]);
  const labels = [...reader.entries(entries.get('labels')?.value, [...path, 'match', 'labels'])];
  return {
    line: rule.mark.line,
    account: text('account'),
    type: text('type'),
    name: text('name'),
    labels: new Map(
      labels.map(([label, { value }]) => [
        label,
        reader.text(value, [...path, 'match', 'labels', label]) ?? '',
      ]),
    ),
    otherConditions: [...entries]
      .filter(([key, { value }]) => !KNOWN_CONDITIONS.has(key) && !isNull(value))
      .map(([key, { value }]) => `${key} "${reader.text(value, [...path, 'match', key]) ?? ''}"`),
    actions: reader.texts(actions, [...path, 'actions']),
  };
}
