import type { z } from 'zod';
import type { KeyPath } from './key-path.ts';
import { problemAt, type Problem } from './problem.ts';
import type { JsonSchema } from '../reference/subschemas.ts';
import { descriptionAt, knownKeysAt } from '../schema/lookup.ts';
import { keysAt, markAt, nodeAt, type SourceNode } from '../load/source-tree.ts';
import { renamedKey } from './renamed-keys.ts';
import { typeForAlias } from './type-aliases.ts';
import { closest } from '../../util/text/closest.ts';
import { hint } from './suggest.ts';

export type Issue = z.core.$ZodIssue;

/** Converts issues of a schema to problems with position and fix. Values are never quoted. */
export function schemaProblems(root: SourceNode, issues: readonly Issue[], schema?: JsonSchema): Problem[] {
  const problems: Problem[] = [];
  const reported = new Set<string>();
  const misspelled = new Set<string>();

  const resolved = issues.flatMap((issue) => resolveUnion(issue, []));
  for (const issue of resolved) {
    const path = issue.path as KeyPath;
    if (issue.code !== 'unrecognized_keys') continue;
    const { known, absent } = keyNames(root, path, schema);
    for (const key of issue.keys) {
      const full = [...path, key];
      const mark = markAt(root, full, 'key');
      const renamed = renamedKey(key, known);
      const message =
        renamed === undefined
          ? `unknown key${hint(key, absent, known)}`
          : `was renamed: write "${renamed}" instead`;
      problems.push(problemAt(mark, full, message));
      misspelled.add(JSON.stringify([...path, renamed ?? closest(key, absent)]));
    }
    reported.add(JSON.stringify(path));
  }

  for (const issue of resolved) {
    const path = issue.path as KeyPath;
    const id = JSON.stringify(path);
    // One message per value; a missing key that an unknown key probably misspells is not reported.
    if (issue.code === 'unrecognized_keys' || reported.has(id) || misspelled.has(id)) continue;
    reported.add(id);
    const mark = markAt(root, path, issue.code === 'invalid_key' ? 'key' : 'value');
    problems.push(problemAt(mark, path, sentence(root, path, issue, schema)));
    problems.push(...upstreamBesideType(root, path));
  }
  return problems;
}

/** The keys that the schema knows at the path, and the ones that it does not have. */
function keyNames(root: SourceNode, path: KeyPath, schema?: JsonSchema) {
  const present = new Set(keysAt(root, path));
  const known = knownKeysAt(root, path, schema);
  return { known, absent: known.filter((key) => !present.has(key)) };
}

/** Whether the name of a whole section is probably misspelled, so that each reference into it is a follow-up problem. */
export function misnamesSection(root: SourceNode, issues: readonly Issue[]): boolean {
  const { known, absent } = keyNames(root, []);
  return issues.some(
    (issue) =>
      issue.code === 'unrecognized_keys' &&
      issue.path.length === 0 &&
      issue.keys.some((key) => (renamedKey(key, known) ?? closest(key, absent)) !== undefined),
  );
}

/** The schema of a service depends on its type, so an unknown type hides a URL in place of the upstream. */
function upstreamBesideType(root: SourceNode, path: KeyPath): Problem[] {
  if (path.length !== 3 || path[0] !== 'services' || path[2] !== 'type') return [];
  const at = [...path.slice(0, 2), 'upstream'];
  const node = nodeAt(root, at);
  if (node?.kind !== 'scalar') return [];
  const message = `expected a mapping, found ${foundName(node)}${advice('object', node, at)}`;
  return [problemAt(markAt(root, at), at, message)];
}

function sentence(root: SourceNode, path: KeyPath, issue: Issue, schema?: JsonSchema): string {
  const node = nodeAt(root, path);
  if (node === undefined) return missing(path, issue, schema);
  switch (issue.code) {
    case 'invalid_type':
      return ownMessage(
        issue,
        `expected ${expectedName(issue.expected)}, found ${foundName(node)}${advice(issue.expected, node, path)}`,
      );
    case 'invalid_value':
      return oneOf(node, issue.values.map(String));
    case 'invalid_union':
      return unionSentence(node, issue);
    case 'invalid_key':
      return `the key ${issue.issues[0]?.message ?? 'is not allowed'}`;
    case 'too_small':
      return issue.origin === 'array' && issue.minimum === 1
        ? 'must not be an empty list'
        : ownMessage(issue, `must be at least ${issue.minimum}`);
    case 'too_big':
      return ownMessage(issue, `must be at most ${issue.maximum}`);
    case 'invalid_format':
    case 'custom':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'unrecognized_keys':
      return ownMessage(issue, 'is not valid');
    default:
      return issue satisfies never;
  }
}

/** Messages of this schema start with a verb; messages of the library do not. */
function ownMessage(issue: Issue, otherwise: string): string {
  return /^(must|is|needs) /.test(issue.message) ? issue.message : otherwise;
}

function missing(path: KeyPath, issue: Issue, schema?: JsonSchema): string {
  const options = issue.code === 'invalid_union' ? optionsOf(issue) : [];
  if (options.length > 0) return `is missing (one of ${options.join(', ')})`;
  const description = descriptionAt(path, schema);
  return `is missing${description === undefined ? '' : ` (${description.replace(/\.$/, '')})`}`;
}

function oneOf(node: SourceNode, values: readonly string[]): string {
  const list = values.length === 1 ? values.join('') : `one of ${values.join(', ')}`;
  const alias = node.kind === 'scalar' && !node.expanded ? typeForAlias(node.text, values) : undefined;
  if (alias !== undefined) return `must be ${list}; for this, write ${alias}`;
  const found = node.kind === 'scalar' && !node.expanded ? closest(node.text, values) : undefined;
  return `must be ${list}${found === undefined || values.length === 1 ? '' : `; did you mean "${found}"?`}`;
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

function unionSentence(node: SourceNode, issue: UnionIssue): string {
  if (issue.message !== 'Invalid input' && issue.errors.length > 0) return issue.message;
  // A discriminated union lists its options in the issue.
  if (issue.errors.length === 0) return oneOf(node, optionsOf(issue));
  const expected = new Set(expectedOf(issue).map(expectedName));
  return `expected ${[...expected].join(' or ')}, found ${foundName(node)}`;
}

function optionsOf(issue: UnionIssue): string[] {
  const { options } = issue as { options?: unknown };
  return Array.isArray(options) ? options.map(String) : [];
}

function expectedOf(issue: UnionIssue): string[] {
  return issue.errors.flat().flatMap((inner) => {
    if (inner.code === 'invalid_union') return expectedOf(inner);
    return inner.code === 'invalid_type' ? [inner.expected] : [];
  });
}

/** The issues of the union alternative that has the same shape and is invalid only in nested values. */
function resolveUnion(issue: Issue, prefix: KeyPath): Issue[] {
  const path = [...prefix, ...(issue.path as KeyPath)];
  const here = { ...issue, path } as Issue;
  if (here.code !== 'invalid_union') return [here];
  const meant = here.errors.find((alternative) => alternative.length > 0 && alternative.every(isInside));
  if (meant === undefined) return [here];
  return meant.flatMap((inner) => resolveUnion(inner, path));
}

function isInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys' || issue.code === 'custom';
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function expectedName(expected: string): string {
  return EXPECTED[expected] ?? expected;
}

function foundName(node: SourceNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') return 'text';
  return typeof node.value === 'number' ? 'a number' : 'true or false';
}

function advice(expected: string, node: SourceNode, path: KeyPath): string {
  if (expected === 'object' && node.kind === 'scalar' && path.length === 3 && path[2] === 'upstream')
    return '; write { url: … }';
  if (node.kind === 'scalar' && node.value === null) return '';
  if (node.kind === 'mapping') return expected === 'array' ? '; start each entry with "-"' : '';
  if (node.kind === 'list') return expected === 'string' ? '; give a single value' : '';
  if (expected === 'string') return '; put it in quotes';
  if (expected === 'array') return '; write it as a list: [a, b]';
  if (EXPECTED[expected] !== 'a mapping') return '';
  return node.value === true ? '; write {} for the defaults' : '; write it as a mapping: { key: value }';
}
