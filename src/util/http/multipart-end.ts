/**
 * Sees to it that the part of a `multipart/form-data` body which begins at `offset` is its last, as the body streams by. A boundary
 * anywhere else than at its end is an objection, however it stands there: some parsers take one without its line ends for one.
 */
export function watchLastPart(boundary: string, offset: number): (chunk: Buffer) => string | undefined {
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  let toSkip = offset;
  /** Where a mark, and the line end before it, may have begun; the part's own head ends in one. */
  let tail = Buffer.from('\r\n', 'latin1');
  let behind: string | undefined;

  function check(text: string): string | undefined {
    behind = text;
    return '--\r\n'.startsWith(text) ? undefined : 'another part behind the last';
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
      return 'a boundary in the middle of a part';
    return check(bytes.toString('latin1', at + mark.length));
  };
}
