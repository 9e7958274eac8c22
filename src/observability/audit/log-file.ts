import { close, constants, fstat, fstatSync, open, openSync, stat, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import type { Output } from './line-writer.ts';

const async = {
  close: promisify(close),
  fstat: promisify(fstat),
  open: promisify(open),
  stat: promisify(stat),
};

/** Not blocking: a write to a pipe that is full would occupy a thread, for which the end of the process waits. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;
const MODE = 0o640;

/**
 * An account that can write to the folder could redirect the lines to any file of the gateway. Names below /dev and /proc
 * are links of the system, such as /dev/stderr.
 */
function flagsFor(file: string): number {
  return /^\/(?:dev|proc)\//.test(file) ? FLAGS : FLAGS | constants.O_NOFOLLOW;
}

/** Milliseconds between two comparisons of the open file with the file at the path. */
const CHECK_INTERVAL = 1_000;

/**
 * A log file that is reopened when its path names another file, as after a rotation by rename. While the path names no file and
 * none can be created, there is no descriptor, so that no line is written to a deleted file.
 */
export class LogFile implements Output {
  readonly name: string;
  readonly #log: Log;
  #fd: number | undefined;
  /** Undefined for a pipe or a device, which is not compared. */
  #id: string | undefined;
  /** Size at the last check. */
  #size = 0;
  #next: { readonly fd: number; readonly id: string | undefined } | undefined;
  #checking: Promise<void> | undefined;
  #closed = false;
  #failure: string | undefined;
  readonly #timer: NodeJS.Timeout;

  /** Throws `startup_failed`. */
  constructor(file: string, ports: { readonly log: Log }) {
    this.name = file;
    this.#log = ports.log;
    try {
      this.#fd = openSync(file, flagsFor(file), MODE);
    } catch (cause) {
      const code = codeOf(cause);
      const problem =
        code === 'ELOOP' ? 'is a symbolic link; name its target' : 'cannot be opened for writing';
      const message = `audit file: ${file} ${problem} (${code})`;
      throw new GatehouseError('startup_failed', message, { cause });
    }
    const opened = fstatSync(this.#fd);
    this.#id = idOf(opened);
    this.#size = opened.size;
    this.#timer = setInterval(() => void this.check(), CHECK_INTERVAL).unref();
  }

  get fd(): number | undefined {
    return this.#fd;
  }

  /** Switches to the reopened file; false if there is none. Called between two lines, and never during a write. */
  advance(): boolean {
    if (this.#next === undefined) return false;
    const previous = this.#fd;
    ({ fd: this.#fd, id: this.#id } = this.#next);
    this.#next = undefined;
    this.#size = 0;
    if (previous !== undefined) close(previous, () => undefined);
    return true;
  }

  /** Reopens the file if its path no longer names it. Never rejects. */
  check(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#checking ??= this.#compare()
      .catch((error: unknown) => this.#failed(codeOf(error)))
      .finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#checking;
    for (const fd of [this.#fd, this.#next?.fd]) if (fd !== undefined) await async.close(fd);
  }

  async #compare(): Promise<void> {
    if (this.#next !== undefined || (this.#fd !== undefined && this.#id === undefined)) return;
    const current = await async.stat(this.name).catch(whenMissing);
    const opened = this.#fd === undefined ? undefined : await async.fstat(this.#fd);
    if (opened !== undefined && current !== undefined && idOf(current) === this.#id) {
      this.#size = opened.size;
      this.#failure = undefined;
      return;
    }
    await this.#reopen(opened);
  }

  async #reopen(opened: Stats | undefined): Promise<void> {
    if (opened?.nlink === 0) {
      // Lines written since the last check are in a file without a name.
      const bytes = Math.max(0, opened.size - this.#size);
      this.#log.error('the audit file was deleted; recent lines are lost', { file: this.name, bytes });
      this.#size = opened.size;
    }
    let fd: number;
    try {
      fd = await async.open(this.name, flagsFor(this.name), MODE);
    } catch (error) {
      if (opened?.nlink === 0) this.#release();
      return this.#failed(codeOf(error));
    }
    this.#next = { fd, id: idOf(await async.fstat(fd)) };
    this.#failure = undefined;
    this.#log.info('audit file reopened', { file: this.name });
  }

  #release(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    // A write in flight still uses the descriptor.
    if (fd !== undefined) setTimeout(() => close(fd, () => undefined), CHECK_INTERVAL).unref();
  }

  #failed(code: string): void {
    if (code === this.#failure) return;
    this.#failure = code;
    this.#log.error('the audit file cannot be reopened, trying again', { file: this.name, code });
  }
}

function idOf(stats: Stats): string | undefined {
  return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
}

function whenMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
