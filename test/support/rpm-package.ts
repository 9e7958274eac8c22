/** RPM packages from parts, for uploads that rpmbuild would not build. */

export interface Entry {
  readonly tag: number;
  /** Default: a string with its NUL. */
  readonly type?: number;
  readonly count?: number;
  readonly offset?: number;
  readonly value: string | Buffer;
}

/** Lead, an empty signature, the header with these entries, and four bytes of payload. */
export function rpmPackage(entries: readonly Entry[], signature: readonly Entry[] = []): Buffer {
  const lead = Buffer.alloc(96);
  lead.writeUInt32BE(0xedabeedb);
  lead.write('lead-1.0-1', 10);
  const signatures = header(signature);
  const padding = Buffer.alloc((8 - (signatures.length % 8)) % 8);
  return Buffer.concat([lead, signatures, padding, header(entries), Buffer.from('data')]);
}

export function nameEntry(name: string): Entry {
  return { tag: 1000, value: name };
}

function header(entries: readonly Entry[]): Buffer {
  const values = entries.map(({ value }) =>
    typeof value === 'string' ? Buffer.from(`${value}\0`, 'latin1') : value,
  );
  const data = Buffer.concat(values);
  const intro = Buffer.alloc(16);
  intro.writeUInt32BE(0x8eade801);
  intro.writeUInt32BE(entries.length, 8);
  intro.writeUInt32BE(data.length, 12);
  let offset = 0;
  const index = entries.map((entry, i) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32BE(entry.tag);
    bytes.writeUInt32BE(entry.type ?? 6, 4);
    bytes.writeUInt32BE(entry.offset ?? offset, 8);
    bytes.writeUInt32BE(entry.count ?? 1, 12);
    offset += values[i]?.length ?? 0;
    return bytes;
  });
  return Buffer.concat([intro, ...index, data]);
}
