const UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

export const BYTE_SIZE_PATTERN = /^(\d+)(B|KiB|MiB|GiB)$/;

/** `32KiB`, `2GiB` → bytes; undefined for anything else. */
export function parseByteSize(text: string): number | undefined {
  const match = BYTE_SIZE_PATTERN.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}
