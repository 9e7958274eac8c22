import type { ResponseCase } from './response-case.ts';

/** Attempts; a case has some hundred bytes. */
const MAX_ATTEMPTS = 4_000;

/** Removes bytes, cuts and requests from a case for as long as it fails. */
export async function minimiseCase(
  input: ResponseCase,
  fails: (candidate: ResponseCase) => Promise<boolean>,
): Promise<ResponseCase> {
  let best = input;
  let attempts = 0;
  const improve = async (candidate: ResponseCase): Promise<boolean> => {
    attempts += 1;
    if (attempts > MAX_ATTEMPTS || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== sizeOf(best) && attempts < MAX_ATTEMPTS;) {
    before = sizeOf(best);
    await improve({ ...best, cuts: [] });
    for (const cut of best.cuts) await improve({ ...best, cuts: best.cuts.filter((each) => each !== cut) });
    while (best.requests.length > 1 && (await improve({ ...best, requests: best.requests.slice(0, -1) })));
    for (let length = best.bytes.length >> 1; length > 0; length >>= 1) {
      for (let at = 0; at + length <= best.bytes.length;) {
        if (!(await improve(without(best, at, length)))) at += length;
      }
    }
  }
  return best;
}

function sizeOf({ requests, bytes, cuts }: ResponseCase): number {
  return requests.length + bytes.length + cuts.length;
}

function without({ requests, bytes, cuts }: ResponseCase, at: number, length: number): ResponseCase {
  const moved = cuts.map((cut) => (cut <= at ? cut : Math.max(at, cut - length)));
  return { requests, bytes: bytes.slice(0, at) + bytes.slice(at + length), cuts: [...new Set(moved)] };
}
