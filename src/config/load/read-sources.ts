import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unreadable } from '../../util/resources/unreadable.ts';
import { problemAt, type Problem } from '../problems/problem.ts';

export interface Source {
  /** The path in messages: the configured path, or a file below it. */
  readonly file: string;
  readonly text: string;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly problems: readonly Problem[];
}

const MAX_BYTES = 1024 * 1024;

/** The file itself, or the `*.yaml` of a directory in name order, without the policy tests `*.test.yaml`. */
export function readSources(path: string): Sources {
  const problems: Problem[] = [];
  const sources: Source[] = [];
  for (const file of listFiles(path, problems)) {
    const read = readSource(file);
    if (read.kind === 'unreadable') problems.push(wholeFile(file, read.detail));
    else sources.push(read.source);
  }
  return { sources, problems };
}

function listFiles(path: string, problems: Problem[]): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    // Names that start with a dot belong to editors or to Kubernetes (`..data`).
    const names = readdirSync(path).filter((name) => !name.startsWith('.') && !isPolicyTest(name));
    for (const name of names.filter((each) => each.endsWith('.yml')).sort()) {
      problems.push(wholeFile(join(path, name), 'is not read: rename it to *.yaml, or move it away'));
    }
    const files = names.filter((name) => name.endsWith('.yaml')).sort();
    if (files.length === 0) problems.push(wholeFile(path, 'contains no *.yaml file'));
    return files.map((name) => join(path, name));
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const advice = isMissing ? '; name a YAML file, or a directory of YAML files' : '';
    problems.push(wholeFile(path, `${unreadable(cause)}${advice}`));
    return [];
  }
}

type SourceResult =
  | { readonly kind: 'source'; readonly source: Source }
  | { readonly kind: 'unreadable'; readonly detail: string };

/** `gatehouse test` reads these files; they are no part of the configuration. */
export function isPolicyTest(name: string): boolean {
  return name.endsWith(POLICY_TEST_SUFFIX);
}

export const POLICY_TEST_SUFFIX = '.test.yaml';

export function readSource(file: string): SourceResult {
  try {
    // Checked before the file is opened: a pipe waits for its writer, and a device may never end.
    const facts = statSync(file);
    if (!facts.isFile()) return refused('is not a regular file');
    if (facts.size > MAX_BYTES)
      return refused('is larger than 1 MiB; split it over several files of a directory');
    const bytes = readFileSync(file);
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text.startsWith('\uFEFF'))
      return refused('starts with a byte order mark; save it as UTF-8 without one');
    return { kind: 'source', source: { file, text } };
  } catch (cause) {
    return refused(cause instanceof TypeError ? 'is not UTF-8 text' : unreadable(cause));
  }
}

function refused(detail: string): SourceResult {
  return { kind: 'unreadable', detail };
}

export function wholeFile(file: string, message: string): Problem {
  return problemAt({ file, line: 1, column: 1 }, [], message);
}
