import { statSync } from 'node:fs';

/**
 * Compares the database and its write-ahead log with the files of their names. A process keeps writing to a file that
 * was deleted or replaced, and what it writes is lost when it ends.
 */
export class WatchedFiles {
  readonly #files: readonly {
    readonly name: string;
    readonly path: string;
    readonly known: string | undefined;
  }[];

  constructor(file: string) {
    const files = [
      { name: 'the state file', path: file },
      { name: 'the write-ahead log of the state file', path: `${file}-wal` },
    ];
    this.#files = file === ':memory:' ? [] : files.map((each) => ({ ...each, known: identityOf(each.path) }));
  }

  /** What happened to one of the files. */
  problem(): string | undefined {
    for (const { name, path, known } of this.#files) {
      const found = identityOf(path);
      if (found === known) continue;
      return `${name} was ${found === undefined ? 'deleted or moved' : 'replaced'} while the gateway runs`;
    }
    return undefined;
  }
}

function identityOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}
