import { readFileSync, statSync } from 'node:fs';

/**
 * A small file whose content may change under a running process (a rotated secret, a renewed certificate).
 * It is polled every `interval` milliseconds by an unreferenced timer, because
 * ConfigMap and Secret volumes swap symlinks, which file watchers miss.
 */
export class WatchedFile {
  readonly path: string;
  #content: string;
  #stamp: string;
  readonly #timer: NodeJS.Timeout;

  /** Throws what `readFileSync` throws when the file cannot be read now; later failures keep the last content. */
  constructor(
    path: string,
    onChange: (content: string) => void,
    onError: (cause: unknown) => void,
    interval = 2_000,
  ) {
    this.path = path;
    this.#stamp = stampOf(path);
    this.#content = readFileSync(path, 'utf8');
    this.#timer = setInterval(() => this.#poll(onChange, onError), interval).unref();
  }

  get content(): string {
    return this.#content;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #poll(onChange: (content: string) => void, onError: (cause: unknown) => void): void {
    try {
      const stamp = stampOf(this.path);
      if (stamp === this.#stamp) return;
      const content = readFileSync(this.path, 'utf8');
      this.#stamp = stamp;
      // An empty file is still being written.
      if (content === '' || content === this.#content) return;
      this.#content = content;
      onChange(content);
    } catch (cause) {
      onError(cause);
    }
  }
}

function stampOf(path: string): string {
  const { ino, size, mtimeMs } = statSync(path);
  return `${ino} ${size} ${mtimeMs}`;
}
