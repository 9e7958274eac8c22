import type { Pair, ParsedNode, Scalar } from 'yaml';
import type { Environment } from './expand-variables.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { formatMark, problemAt, type Mark, type Problem } from '../problems/problem.ts';
import { readScalar } from './plain-scalar.ts';
import type { Source } from './read-sources.ts';
import { readSimpleYaml } from './simple-yaml.ts';
import {
  FORBIDDEN_KEYS,
  type Entry,
  type MappingNode,
  type ScalarNode,
  type SourceNode,
} from './source-tree.ts';
import { Anchors } from './yaml-anchors.ts';
import { MAX_DEPTH, parseYaml } from './yaml-document.ts';
import { yamlPackage } from './yaml-package.ts';

export interface Tree {
  /** Undefined if the file is not usable YAML. */
  readonly root: SourceNode | undefined;
  readonly problems: readonly Problem[];
}

/** Reads one file into plain values with positions. Other YAML features are refused. */
export function readTree(source: Source, env: Environment): Tree {
  const simple = readSimpleYaml(source, env);
  return simple === undefined ? readAnyYaml(source, env) : { root: simple, problems: [] };
}

/**
 * Reads a file with the YAML parser: every feature of YAML, and what is wrong with the file. Without `env`, `${…}` is
 * text.
 */
export function readAnyYaml(source: Source, env: Environment | undefined): Tree {
  const { document, problems, markAt } = parseYaml(source);
  if (document === undefined || problems.length > 0) return { root: undefined, problems };
  const reader = new TreeReader(markAt, env);
  const root = reader.read(document.contents, [], markAt(0));
  return { root, problems: reader.problems };
}

class TreeReader {
  readonly problems: Problem[] = [];
  readonly #markAt: (offset: number) => Mark;
  readonly #env: Environment | undefined;
  readonly #anchors = new Anchors(MAX_DEPTH);
  readonly #yaml = yamlPackage();

  constructor(markAt: (offset: number) => Mark, env: Environment | undefined) {
    this.#markAt = markAt;
    this.#env = env;
  }

  read(node: ParsedNode | null, path: KeyPath, near: Mark): SourceNode {
    if (node === null) return nothing(near);
    const mark = this.#markAt(node.range[0]);
    if (this.#yaml.isAlias(node)) return this.#readAlias(node.source, path, mark);
    if (node.tag !== undefined) this.#refuse(mark, path, 'tags (!name) are not supported; remove it');
    const result = this.#readValue(node, path, mark);
    if (node.anchor !== undefined) this.#anchors.add(node.anchor, result);
    return result;
  }

  #readValue(node: ParsedNode, path: KeyPath, mark: Mark): SourceNode {
    if (this.#yaml.isScalar(node)) return this.#readScalar(node, path, mark);
    if (this.#yaml.isSeq(node)) {
      const items = node.items.map((item, index) => this.read(item, [...path, index], mark));
      return { kind: 'list', mark, items };
    }
    if (this.#yaml.isMap(node)) return this.#readMapping(node.items, path, mark);
    return nothing(mark);
  }

  #readMapping(
    pairs: readonly Pair<ParsedNode, ParsedNode | null>[],
    path: KeyPath,
    mark: Mark,
  ): MappingNode {
    const entries = new Map<string, Entry>();
    for (const { key, value } of pairs) {
      const keyMark = this.#markAt(key.range[0]);
      const name = this.#readKey(key, path, keyMark);
      if (name === undefined) continue;
      const earlier = entries.get(name);
      if (earlier !== undefined) {
        const message = `the key is given twice; first at ${formatMark(earlier.mark)}`;
        this.#refuse(keyMark, [...path, name], message);
      } else {
        entries.set(name, { mark: keyMark, value: this.read(value, [...path, name], keyMark) });
      }
    }
    return { kind: 'mapping', mark, entries };
  }

  #readKey(key: ParsedNode, path: KeyPath, mark: Mark): string | undefined {
    if (!this.#yaml.isScalar(key) || key.tag !== undefined) {
      this.#refuse(mark, path, 'a key must be plain text');
      return undefined;
    }
    const { value } = key;
    if (typeof value !== 'string') {
      this.#refuse(mark, path, `a key must be text; put ${quoteSource(key)} in quotes`);
      return undefined;
    }
    if (value === '<<') {
      this.#refuse(mark, path, 'merge keys (<<) are not supported; write the keys out');
      return undefined;
    }
    if (FORBIDDEN_KEYS.has(value)) {
      this.#refuse(mark, path, `"${value}" cannot be a key; choose another name`);
      return undefined;
    }
    if (this.#env !== undefined && value.includes('${')) {
      this.#refuse(mark, path, 'variables are put into values only, not into keys');
      return undefined;
    }
    return value;
  }

  #readScalar(node: Scalar, path: KeyPath, mark: Mark): ScalarNode {
    const plain = node.type === 'PLAIN';
    const written = plain ? (node.source ?? '') : String(node.value);
    const result = readScalar({ mark, written, value: node.value, plain }, this.#env);
    // The other checks go on as if the variable were set; problems that follow from it are not reported.
    if (result.message !== undefined) this.#refuse(mark, path, result.message);
    return result.node;
  }

  #readAlias(name: string, path: KeyPath, mark: Mark): SourceNode {
    const aliased = this.#anchors.take(name, path.length);
    if (aliased.kind === 'node') return aliased.node;
    this.#refuse(mark, path, aliased.detail);
    return nothing(mark);
  }

  #refuse(mark: Mark, path: KeyPath, message: string): void {
    this.problems.push(problemAt(mark, path, message));
  }
}

function nothing(mark: Mark): ScalarNode {
  return { kind: 'scalar', mark, value: null, text: '', plain: true, expanded: false };
}

function quoteSource(key: Scalar): string {
  const source = key.source ?? '';
  return source === '' ? 'it' : source.slice(0, 40);
}
