/** A rule of the source that the configuration does not contain, or contains in another form. */
export interface Difference {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** The result of an import. */
export interface Imported {
  readonly yaml: string;
  /** Empty if the configuration contains every rule of the source. */
  readonly differences: readonly Difference[];
}

/** Sorted by position; the subjects of equal differences are listed in one. */
export class Differences {
  readonly #file: string;
  readonly #subjects = new Map<string, { readonly line: number; readonly names: Set<string> }>();

  constructor(file: string) {
    this.#file = file;
  }

  /** `subject`: the account concerned, if the rule has another effect for other accounts. */
  add(line: number, message: string, subject?: string): void {
    const key = `${line} ${message}`;
    const entry = this.#subjects.get(key) ?? { line, names: new Set<string>() };
    this.#subjects.set(key, entry);
    if (subject !== undefined) entry.names.add(subject);
  }

  list(): readonly Difference[] {
    return [...this.#subjects]
      .map(([key, { line, names }]) => {
        const message = key.slice(key.indexOf(' ') + 1);
        const subjects = names.size === 0 ? '' : ` (${[...names].join(', ')})`;
        return { file: this.#file, line, message: message + subjects };
      })
      .sort((a, b) => a.line - b.line);
  }
}
