import type { Environment } from './expand-variables.ts';
import { readScalar, resolvePlain } from './plain-scalar.ts';
import type { Source } from './read-sources.ts';
import { SimpleCursor, type FlowIndent, type Token } from './simple-yaml-cursor.ts';
import type { Entry, ListNode, MappingNode, SourceNode } from './source-tree.ts';

/** Deeper files are left to the parser, which knows the exact limit. */
const MAX_SIMPLE_DEPTH = 20;

/** Keys that the reader of the general case refuses or reports. */
const UNUSUAL_KEYS: ReadonlySet<string> = new Set(['<<', '__proto__', 'constructor', 'prototype']);

/**
 * Reads the subset of YAML that most policies consist of: block and flow collections of plain and quoted one-line
 * scalars. Undefined for anything else, mistakes included: the general reader accepts or reports those (ADR 0033).
 */
export function readSimpleYaml(source: Source, env: Environment): SourceNode | undefined {
  const cursor = SimpleCursor.of(source);
  if (cursor === undefined || cursor.toContent() === -1) return undefined;
  const root = new SimpleReader(cursor, env).block(cursor.column, 0);
  return cursor.column === -1 && root?.kind === 'mapping' ? root : undefined;
}

class SimpleReader {
  readonly #cursor: SimpleCursor;
  readonly #env: Environment;

  constructor(cursor: SimpleCursor, env: Environment) {
    this.#cursor = cursor;
    this.#env = env;
  }

  /** Reads the node at the cursor. Afterwards, the cursor is at the next content, on another line. */
  block(column: number, depth: number): SourceNode | undefined {
    const cursor = this.#cursor;
    if (depth > MAX_SIMPLE_DEPTH) return undefined;
    if (cursor.atDash()) return this.#sequence(column, depth);
    if (cursor.atFlow()) return this.#lastOfLine(this.#flow({ least: column, closing: column }, depth));
    const token = cursor.scalar(false);
    if (token === undefined) return undefined;
    return cursor.atKeyEnd() ? this.#mapping(column, depth, token) : this.#lastOfLine(this.#value(token));
  }

  #mapping(column: number, depth: number, firstKey: Token): MappingNode | undefined {
    const cursor = this.#cursor;
    const entries = new Map<string, Entry>();
    for (let key: Token | undefined = firstKey; ; key = cursor.scalar(false)) {
      if (key === undefined || !cursor.atKeyEnd() || !isUsualKey(key, entries)) return undefined;
      cursor.skip(1);
      const value = this.#mappingValue(column, depth + 1);
      if (value === undefined) return undefined;
      entries.set(key.text, { mark: key.mark, value });
      if (cursor.column < column) return { kind: 'mapping', mark: firstKey.mark, entries };
      if (cursor.column > column || cursor.atDash()) return undefined;
    }
  }

  #mappingValue(column: number, depth: number): SourceNode | undefined {
    const cursor = this.#cursor;
    if (cursor.endOfLine()) {
      const next = cursor.toContent();
      if (next > column) return this.block(next, depth);
      return next === column && cursor.atDash() ? this.#sequence(column, depth) : undefined;
    }
    if (cursor.atDash()) return undefined;
    if (cursor.atFlow()) {
      return this.#lastOfLine(this.#flow({ least: column + 1, closing: column }, depth));
    }
    const token = cursor.scalar(false);
    return this.#lastOfLine(token && this.#value(token));
  }

  #sequence(column: number, depth: number): ListNode | undefined {
    const cursor = this.#cursor;
    const mark = cursor.mark();
    const items: SourceNode[] = [];
    do {
      cursor.skip(1);
      const at = cursor.endOfLine() ? cursor.toContent() : cursor.columnHere();
      const item = at > column ? this.block(at, depth + 1) : undefined;
      if (item === undefined || cursor.column > column) return undefined;
      items.push(item);
    } while (cursor.column === column && cursor.atDash());
    return { kind: 'list', mark, items };
  }

  #flow(indent: FlowIndent, depth: number): SourceNode | undefined {
    const cursor = this.#cursor;
    if (depth > MAX_SIMPLE_DEPTH) return undefined;
    const mark = cursor.mark();
    const isList = cursor.at('[');
    const end = isList ? ']' : '}';
    const items: SourceNode[] = [];
    const entries = new Map<string, Entry>();
    do {
      cursor.skip(1);
      if (!cursor.flowSpace(indent)) return undefined;
      if (cursor.at(end)) break;
      const done = isList ? this.#flowItem(items, indent, depth) : this.#flowEntry(entries, indent, depth);
      if (!done || !cursor.flowSpace(indent)) return undefined;
    } while (cursor.at(','));
    if (!cursor.at(end)) return undefined;
    cursor.skip(1);
    return isList ? { kind: 'list', mark, items } : { kind: 'mapping', mark, entries };
  }

  #flowItem(items: SourceNode[], indent: FlowIndent, depth: number): boolean {
    const item = this.#flowNode(indent, depth);
    if (item === undefined) return false;
    items.push(item);
    return true;
  }

  #flowEntry(entries: Map<string, Entry>, indent: FlowIndent, depth: number): boolean {
    const cursor = this.#cursor;
    const key = cursor.scalar(true);
    if (key === undefined || !cursor.at(': ') || !isUsualKey(key, entries)) return false;
    cursor.skip(2);
    const value = cursor.flowSpace(indent) ? this.#flowNode(indent, depth) : undefined;
    if (value === undefined) return false;
    entries.set(key.text, { mark: key.mark, value });
    return true;
  }

  #flowNode(indent: FlowIndent, depth: number): SourceNode | undefined {
    const cursor = this.#cursor;
    if (cursor.atFlow()) return this.#flow({ least: indent.least, closing: indent.least }, depth + 1);
    const token = cursor.scalar(true);
    return token && this.#value(token);
  }

  #value({ mark, text, plain }: Token): SourceNode | undefined {
    const value = plain ? resolvePlain(text) : text;
    const { node, message } = readScalar({ mark, written: text, value, plain }, this.#env);
    return message === undefined ? node : undefined;
  }

  /** The node, if nothing but a comment follows it on its line. */
  #lastOfLine(node: SourceNode | undefined): SourceNode | undefined {
    if (node === undefined || !this.#cursor.endOfLine()) return undefined;
    this.#cursor.toContent();
    return node;
  }
}

function isUsualKey({ text, plain }: Token, entries: ReadonlyMap<string, Entry>): boolean {
  return (
    text.length < 1_000 &&
    !entries.has(text) &&
    !UNUSUAL_KEYS.has(text) &&
    !text.includes('${') &&
    (!plain || typeof resolvePlain(text) === 'string')
  );
}
