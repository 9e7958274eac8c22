export interface InvalidMultipart {
  readonly kind: 'invalid';
  readonly detail: string;
}

/**
 * Verifies, as the body streams by, that the part of a `multipart/form-data` body at `offset` is its last
 * part. A boundary before the end is refused in any form, because some parsers accept a boundary without line
 * ends.
 */
export function watchLastPart(
  boundary: string,
  offset: number,
): (chunk: Buffer) => InvalidMultipart | undefined {
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  let toSkip = offset;
  /** The offset at which a boundary and the line end before it may start; the head of the part ends in a line end. */
  let tail = Buffer.from('\r\n', 'latin1');
  let behind: string | undefined;

  function check(text: string): InvalidMultipart | undefined {
    behind = text;
    return '--\r\n'.startsWith(text) ? undefined : invalid('another part after the last part');
  }

  return (chunk) => {
    const fresh = chunk.subarray(toSkip);
    toSkip = Math.max(0, toSkip - chunk.length);
    if (fresh.length === 0) return undefined;
    if (behind !== undefined) return check(behind + fresh.toString('latin1'));
    const bytes = Buffer.concat([tail, fresh]);
    const at = bytes.indexOf(mark);
    if (at === -1) {
      tail = bytes.subarray(-(mark.length + 1));
      return undefined;
    }
    if (bytes.toString('latin1', Math.max(0, at - 2), at) !== '\r\n')
      return invalid('a boundary in the middle of a part');
    return check(bytes.toString('latin1', at + mark.length));
  };
}

function invalid(detail: string): InvalidMultipart {
  return { kind: 'invalid', detail };
}
