import { readWithLlhttp } from './llhttp-reader.ts';
import { readWithOwnParser } from './own-reader.ts';
import { isListed } from './refusal-rules.ts';
import type { ReadOutcome, ResponseCase } from './response-case.ts';

export interface Comparison {
  /** The first difference that no rule permits. */
  readonly problem: string | undefined;
  /** Details of the refusals of responses that llhttp accepts. */
  readonly stricter: readonly string[];
  readonly own: readonly ReadOutcome[];
}

/** Reads a case with both parsers and compares the responses one by one. */
export async function compareReaders(input: ResponseCase): Promise<Comparison> {
  const own = readWithOwnParser(input);
  const llhttp = await readWithLlhttp(input);
  const stricter: string[] = [];
  const done = (problem?: string): Comparison => ({ problem, stricter, own });
  for (let index = 0; index < Math.max(own.length, llhttp.length); index++) {
    const [ours, theirs] = [own[index], llhttp[index]];
    if (ours === undefined) return done();
    const previous = own[index - 1];
    if (theirs === undefined) {
      const reused = previous?.kind === 'accepted' && previous.reusable;
      return done(reused ? `response ${index}: a connection that llhttp closes is reused` : undefined);
    }
    if (theirs.kind === 'accepted' && ours.kind === 'refused') {
      stricter.push(ours.detail);
      return done(
        !isListed(ours.detail, input.bytes)
          ? `response ${index}: only refused here: ${ours.detail}`
          : undefined,
      );
    }
    const problem = differenceOf(ours, theirs);
    if (problem !== undefined) return done(`response ${index}: ${problem}`);
    if (ours.kind !== 'accepted') return done();
  }
  return done();
}

function differenceOf(ours: ReadOutcome, theirs: ReadOutcome): string | undefined {
  if (ours.kind === 'accepted' && theirs.kind === 'accepted') {
    if (ours.status !== theirs.status) return `status ${ours.status}, llhttp ${theirs.status}`;
    if (ours.fields.join('\n') !== theirs.fields.join('\n'))
      return `fields ${JSON.stringify([ours.fields, theirs.fields])}`;
    return ours.body === theirs.body ? undefined : `body ${JSON.stringify([ours.body, theirs.body])}`;
  }
  if (ours.kind === 'accepted' || theirs.kind === 'accepted' || ours.kind === 'switched')
    return ours.kind === theirs.kind ? undefined : `${describe(ours)}, llhttp ${describe(theirs)}`;
  // Both stop; one of them may have passed on more of the body before it noticed.
  const [a, b] = [ours.body, theirs.kind === 'switched' ? '' : theirs.body];
  return a.startsWith(b) || b.startsWith(a) ? undefined : `begun body ${JSON.stringify([a, b])}`;
}

function describe(outcome: ReadOutcome): string {
  return outcome.kind === 'refused' ? `refused (${outcome.detail})` : outcome.kind;
}
