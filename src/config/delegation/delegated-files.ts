import { createHash } from 'node:crypto';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { unreadable } from '../../util/resources/unreadable.ts';
import { isPolicyTest, POLICY_TEST_SUFFIX, readSource } from '../load/read-sources.ts';
import { folderOf } from '../../util/resources/folder-of.ts';

/** A file of a delegation as it was read, or why it cannot be read. */
export interface DelegatedText {
  /** The path in messages. */
  readonly file: string;
  /** Index of the delegation. */
  readonly delegation: number;
  readonly read:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'unreadable'; readonly detail: string };
}

/** Why the pattern cannot name delegated files, with the fix. */
export function filePatternProblem(pattern: string): string | undefined {
  const segments = pattern.split('/');
  if (pattern.startsWith('/') || pattern.includes('\\'))
    return 'must be relative to the directory of the configuration, with / between names';
  if (segments.some((segment) => segment === '..' || segment === '.' || segment === ''))
    return 'must stay in the directory of the configuration: write it without ".", ".." and empty segments';
  if (!pattern.endsWith('.yaml') || isPolicyTest(pattern))
    return 'must end with .yaml, and not with .test.yaml: these are policy tests';
  return pattern.includes('**') ? '"**" is not supported; write one * for each directory' : undefined;
}

/** Reads the files of the patterns, in the order of the patterns and names. Invalid patterns name no file. */
export function readDelegatedFiles(path: string, patterns: readonly string[]): readonly DelegatedText[] {
  const base = folderOf(path);
  return patterns.flatMap((pattern, delegation) =>
    filePatternProblem(pattern) === undefined
      ? listDelegated(base, pattern).map((file) => ({ file, delegation, read: readDelegated(base, file) }))
      : [],
  );
}

/** The policy tests next to the delegated files: `teams/web/*.yaml` has `teams/web/*.test.yaml`. */
export function findDelegatedTests(path: string, patterns: readonly string[]): readonly string[] {
  const base = folderOf(path);
  const files = patterns
    .filter((pattern) => filePatternProblem(pattern) === undefined)
    .flatMap((pattern) => filesNamed(base, pattern.replace(/\.yaml$/, POLICY_TEST_SUFFIX)));
  return [...new Set(files)];
}

/** Hash of what was read, by which a change is detected. */
export function delegatedFingerprint(texts: readonly DelegatedText[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

/** The directories that hold or can hold files of the patterns, for a watch. */
export function delegatedFolders(path: string, patterns: readonly string[]): readonly string[] {
  const base = folderOf(path);
  const folders = patterns
    .filter((pattern) => filePatternProblem(pattern) === undefined)
    .flatMap((pattern) => {
      const segments = pattern.split('/').slice(0, -1);
      return segments.flatMap((_, index) => foldersOf(base, segments.slice(0, index + 1)));
    });
  return [...new Set(folders)].filter((folder) => folder !== base);
}

/** Files of these paths are part of the main configuration. */
export function isMainFile(path: string, file: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    ? dirname(resolve(file)) === resolve(path)
    : resolve(path) === resolve(file);
}

function listDelegated(base: string, pattern: string): string[] {
  return filesNamed(base, pattern).filter((file) => !isPolicyTest(file));
}

function filesNamed(base: string, pattern: string): string[] {
  const segments = pattern.split('/');
  const name = segments.pop() ?? '';
  return foldersOf(base, segments).flatMap((folder) =>
    namesIn(folder, name).map((each) => join(folder, each)),
  );
}

function foldersOf(base: string, segments: readonly string[]): string[] {
  let folders = [base];
  for (const segment of segments) {
    folders = folders.flatMap((folder) =>
      namesIn(folder, segment)
        .map((name) => join(folder, name))
        .filter(isDirectory),
    );
  }
  return folders;
}

/** False for a loop of links too, which `throwIfNoEntry` does not cover: it must not prevent the load. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Names that start with a dot belong to editors or to Kubernetes (`..data`). */
function namesIn(folder: string, pattern: string): string[] {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const matches = new RegExp(`^${parts.join('[^/]*')}$`, 's');
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.') && matches.test(name))
      .sort();
  } catch {
    return [];
  }
}

function readDelegated(base: string, file: string): DelegatedText['read'] {
  try {
    const folder = realpathSync(dirname(file));
    const target = realpathSync(file);
    if (!isBelow(realpathSync(base), folder) || !isBelow(folder, target)) {
      const detail =
        'is a symbolic link that leaves its directory, or is in one that leaves the directory of the configuration; write a regular file';
      return { kind: 'unreadable', detail };
    }
    const source = readSource(target);
    return source.kind === 'unreadable' ? source : { kind: 'text', text: source.source.text };
  } catch (cause) {
    return { kind: 'unreadable', detail: unreadable(cause) };
  }
}

function isBelow(folder: string, target: string): boolean {
  const way = relative(folder, target);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}
