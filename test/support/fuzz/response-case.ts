/** Bytes that one upstream connection sends in response to requests, and their segmentation. */
export interface ResponseCase {
  readonly requests: readonly ('GET' | 'HEAD')[];
  /** As latin1. */
  readonly bytes: string;
  /** Ascending positions at which a read ends. */
  readonly cuts: readonly number[];
}

/** The response to one request, as a parser reads it. */
export type ReadOutcome =
  | {
      readonly kind: 'accepted';
      readonly status: number;
      /** Name, value, name, value … as latin1. */
      readonly fields: readonly string[];
      readonly body: string;
      /** Whether the connection serves another request. */
      readonly reusable: boolean;
    }
  | {
      readonly kind: 'refused';
      readonly detail: string;
      /** The part of the body that was passed on. */
      readonly body: string;
    }
  /** The connection ended first. */
  | { readonly kind: 'truncated'; readonly body: string }
  /** The connection left HTTP/1.1 after a 101. */
  | { readonly kind: 'switched' };

/** The reads of a case. */
export function segmentsOf({ bytes, cuts }: ResponseCase): readonly Buffer[] {
  const whole = Buffer.from(bytes, 'latin1');
  const ends = [...cuts.filter((cut) => cut > 0 && cut < whole.length), whole.length];
  return ends.map((end, index) => whole.subarray(index === 0 ? 0 : ends[index - 1], end));
}

/** A case as text for a test. */
export function formatCase({ requests, bytes, cuts }: ResponseCase): string {
  return JSON.stringify({ requests, bytes, cuts });
}
