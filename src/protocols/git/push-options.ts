import type { BodyWatch, InvalidBody } from '../../core/request/protocol.ts';

/** Bytes of the length in front of a pkt-line (gitprotocol-common). */
const LENGTH = 4;

/** In the capabilities of a command, which a NUL ends as well. */
const ANNOUNCED = /(?:^|\s)push-options(?:[\s\0=]|$)/;

/** `repo.private` and `repo.template` of Gitea and Forgejo (modules/private/pushoptions.go). */
const REPOSITORY_SETTING = /^repo\.[^=\n]*/;

/**
 * Refuses push options that change settings of the repository, such as its visibility: the account of the gateway may
 * be its owner. The commands and the options precede the pack (gitprotocol-pack, "Reference Update Request").
 */
export function watchPushOptions(): BodyWatch {
  let section: 'commands' | 'options' | 'pack' = 'commands';
  let announced = false;

  function read(line: string): InvalidBody | undefined {
    if (section === 'commands') {
      // Any command can have capabilities behind its NUL (git, builtin/receive-pack.c, `read_head_info`).
      const name = line.indexOf('\0');
      announced ||= name !== -1 && ANNOUNCED.test(line.slice(name + 1));
      return undefined;
    }
    const [option] = REPOSITORY_SETTING.exec(line) ?? [];
    return option === undefined
      ? undefined
      : invalid(`the push option ${option.slice(0, 64)} changes a setting of the repository`);
  }

  const lines = createLineReader();
  return (chunk) => {
    if (section === 'pack') return undefined;
    lines.add(chunk);
    for (;;) {
      const line = lines.next();
      if (line === undefined) return undefined;
      if (line.kind === 'invalid') return line;
      if (line.kind === 'line') {
        const found = read(line.text);
        if (found !== undefined) return found;
      } else if (section === 'commands' && announced) section = 'options';
      else {
        section = 'pack';
        return undefined;
      }
    }
  };
}

type PktLine = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'end' } | InvalidBody;

/** Splits a stream into pkt-lines; keeps at most one incomplete line of 65,535 bytes. */
function createLineReader() {
  let held: Buffer[] = [];
  let bytes = 0;
  let needed = LENGTH;

  function consume(count: number): Buffer {
    const all = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
    const rest = all.subarray(count);
    held = rest.length === 0 ? [] : [rest];
    bytes = rest.length;
    needed = LENGTH;
    return all.subarray(0, count);
  }

  return {
    add(chunk: Buffer): void {
      held.push(chunk);
      bytes += chunk.length;
    },
    /** Undefined if the next line is incomplete. */
    next(): PktLine | undefined {
      if (bytes < needed) return undefined;
      if (needed === LENGTH) {
        const start = Buffer.concat(held, LENGTH).toString('latin1');
        const length = /^[0-9a-f]{4}$/i.test(start) ? Number.parseInt(start, 16) : 3;
        if (length === 3) return invalid('a push that does not consist of pkt-lines');
        // Flush, delimiter and response end all end a list.
        if (length < 3) {
          consume(LENGTH);
          return { kind: 'end' };
        }
        needed = length;
        if (bytes < needed) return undefined;
      }
      return { kind: 'line', text: consume(needed).toString('latin1', LENGTH) };
    },
  };
}

function invalid(detail: string): InvalidBody {
  return { kind: 'invalid', detail };
}
