import { responseText } from './response-bytes.ts';
import type { ResponseCase } from './response-case.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';

/** Bytes that delimit something, or are invalid somewhere. */
const BYTES = '\0\x01\t\n\v\f\r\x1b\x7f\x80\xff :;,="\\0129aAfgxX+-._()/'.split('');

/** The case of a seed: 1 to 4 responses, mutated, under random segmentation. */
export function responseCase(seed: number): ResponseCase {
  const random = seededRandom(seed);
  const count = 1 + random.below(4);
  const requests = Array.from({ length: count }, () =>
    random.chance(0.1) ? ('HEAD' as const) : ('GET' as const),
  );
  // Most responses before this one are valid, so that the later ones are read.
  const hostile = random.below(count);
  const parts = requests.map((method, index) => {
    const valid = index < hostile && random.chance(0.9);
    const text = responseText(random, { method, valid, last: index === count - 1 });
    return !valid && random.chance(0.3) ? mutated(random, text) : text;
  });
  if (random.chance(0.05))
    parts.push(random.pick(['\r\n', '\n', 'H', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n']));
  const bytes = parts.join('');
  return { requests, bytes, cuts: cutsOf(random, parts, bytes.length) };
}

function mutated(random: SeededRandom, text: string): string {
  let changed = text;
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(changed.length + 1);
    const length = random.pick([1, 1, 1, 2, 4, random.below(20)]);
    const [before, after] = [changed.slice(0, at), changed.slice(at)];
    switch (random.below(7)) {
      case 0:
        changed = before + random.pick(BYTES) + after;
        break;
      case 1:
        changed = before + after.slice(length);
        break;
      case 2:
        changed = before + random.pick(BYTES) + after.slice(1);
        break;
      case 3:
        changed = before + after.slice(0, length) + after;
        break;
      case 4:
        changed = changed.replaceAll('\r\n', (eol) =>
          random.chance(0.1) ? random.pick(['\n', '\r', '\r\r\n']) : eol,
        );
        break;
      case 5:
        changed = before;
        break;
      default:
        changed = before + random.pick(['\r\n', '\r\n\r\n', '\n\n', ' ', '\0']) + after;
    }
  }
  return changed;
}

function cutsOf(random: SeededRandom, parts: readonly string[], length: number): readonly number[] {
  const cuts = new Set<number>();
  // Bytes after the end of a response in the same read close the connection, which ends most cases early.
  if (random.chance(0.9)) {
    let end = 0;
    for (const part of parts) cuts.add((end += part.length));
  }
  if (random.chance(0.1)) for (let at = 1; at < Math.min(length, 400); at++) cuts.add(at);
  else for (let n = random.below(8); n > 0; n--) cuts.add(1 + random.below(length));
  return [...cuts].toSorted((a, b) => a - b);
}
