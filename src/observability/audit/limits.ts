/** Maximum lengths of client-controlled texts in a log line, in UTF-16 units. */
export const LIMITS = {
  address: 64,
  method: 32,
  host: 256,
  path: 2048,
  userAgent: 256,
  id: 128,
  claim: 512,
  /** All claims of one event, in bytes. */
  claimBytes: 2048,
  /** Values of a failed condition. */
  values: 5,
  value: 128,
  detail: 1024,
  resource: 1024,
  /** A Git LFS batch request may name thousands of objects. */
  operations: 20,
} as const;
