import { childOf, type SourceNode } from '../../../config/index.ts';
import type { SourceReader } from '../source-reader.ts';

/** An account of `users`; the empty name is the account of clients that do not log in. */
export interface StaticUser {
  readonly line: number;
  readonly account: string;
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

export function readUsers(reader: SourceReader, users: SourceNode | undefined): readonly StaticUser[] {
  return [...reader.entries(users, ['users'])].map(([account, { mark, value }]) => {
    const path = ['users', account];
    reader.entries(value, path);
    reader.text(childOf(value, 'password'), [...path, 'password']);
    const labels = [...reader.entries(childOf(value, 'labels'), [...path, 'labels'])];
    return {
      line: mark.line,
      account,
      labels: new Map(
        labels.map(([label, entry]) => [label, reader.texts(entry.value, [...path, 'labels', label])]),
      ),
    };
  });
}
