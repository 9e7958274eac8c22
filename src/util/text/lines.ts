/** A line of a stream; `cut` lines exceeded the maximum length, and their text is not kept. */
export interface StreamLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly cut: boolean;
  /** Whether an LF ends the line. */
  readonly ended: boolean;
}

const NEWLINE = 0x0a;

/** Splits a stream at LF in constant memory. The last line needs no LF. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<StreamLine> {
  let number = 1;
  let held: Uint8Array[] = [];
  let bytes = 0;
  const take = (ended: boolean): StreamLine => {
    const cut = bytes > maxBytes;
    const text = cut ? '' : Buffer.concat(held).toString('utf8');
    held = [];
    bytes = 0;
    return { number: number++, text, cut, ended };
  };
  const hold = (part: Uint8Array): void => {
    bytes += part.length;
    if (bytes > maxBytes) held = [];
    else held.push(part);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      hold(chunk.subarray(start, end));
      yield take(true);
      start = end + 1;
    }
    if (start < chunk.length) hold(chunk.subarray(start));
  }
  if (bytes > 0) yield take(false);
}
