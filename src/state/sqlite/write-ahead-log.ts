/** Format of the write-ahead log: sqlite.org/fileformat2.html#walformat. */
const HEADER = 32;
const FRAME_HEADER = 24;
const MIN_PAGE = 512;
const MAGIC = 0x377f0682;

export type WriteAheadLog =
  /** The log is empty, or its last transaction is complete. */
  | { readonly kind: 'complete' }
  /** The last transaction is incomplete: the process ended before it acknowledged the change. */
  | { readonly kind: 'incomplete' }
  /** A transaction that was followed by others cannot be read. SQLite ignores it and all that follow. */
  | { readonly kind: 'damaged' };

type Checksum = readonly [number, number];

/** SQLite ends the recovery of a log at the first frame that is not valid, and reports no error. */
export function readWriteAheadLog(bytes: Buffer): WriteAheadLog {
  if (bytes.length === 0) return { kind: 'complete' };
  if (bytes.length < HEADER + FRAME_HEADER + MIN_PAGE) return { kind: 'incomplete' };
  const magic = bytes.readUInt32BE(0);
  const littleEndian = magic === MAGIC;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sum = (start: number, end: number, from: Checksum): Checksum =>
    checksum(words, littleEndian, start, end, from);

  let expected = sum(0, 24, [0, 0]);
  if ((magic & ~1) >>> 0 !== MAGIC || !isAt(bytes, 24, expected)) return { kind: 'damaged' };
  const frameLength = FRAME_HEADER + bytes.readUInt32BE(8);
  const salts = bytes.subarray(16, 24);
  let open = false;
  for (let at = HEADER; at + frameLength <= bytes.length; at += frameLength) {
    // Frames with other salts are left from before the last reset of the log.
    const isCurrent = bytes.subarray(at + 8, at + 16).equals(salts);
    expected = sum(at + FRAME_HEADER, at + frameLength, sum(at, at + 8, expected));
    if (!isCurrent || !isAt(bytes, at + 16, expected)) return endOf(bytes, at, frameLength, salts, open);
    open = !isCommit(bytes, at);
  }
  const rest = (bytes.length - HEADER) % frameLength;
  return { kind: open || rest > 0 ? 'incomplete' : 'complete' };
}

/** A commit is flushed before the next frame is written, so frames after one prove that it was acknowledged. */
function endOf(
  bytes: Buffer,
  start: number,
  frameLength: number,
  salts: Buffer,
  open: boolean,
): WriteAheadLog {
  let frames = 0;
  let committed = false;
  for (let at = start; at + frameLength <= bytes.length; at += frameLength) {
    if (!bytes.subarray(at + 8, at + 16).equals(salts)) continue;
    if (committed) return { kind: 'damaged' };
    frames += 1;
    committed = isCommit(bytes, at);
  }
  return { kind: open || frames > 0 ? 'incomplete' : 'complete' };
}

/** The size of the database after the transaction; 0 in frames before the last one. */
function isCommit(bytes: Buffer, frame: number): boolean {
  return bytes.readUInt32BE(frame + 4) !== 0;
}

function isAt(bytes: Buffer, position: number, [first, second]: Checksum): boolean {
  return bytes.readUInt32BE(position) === first && bytes.readUInt32BE(position + 4) === second;
}

function checksum(
  words: DataView,
  littleEndian: boolean,
  start: number,
  end: number,
  from: Checksum,
): Checksum {
  let [first, second] = from;
  for (let at = start; at < end; at += 8) {
    first = (first + words.getUint32(at, littleEndian) + second) >>> 0;
    second = (second + words.getUint32(at + 4, littleEndian) + first) >>> 0;
  }
  return [first, second];
}
