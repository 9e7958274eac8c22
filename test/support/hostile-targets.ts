import fc from 'fast-check';

/** Fragments of known path confusion attacks. */
const PIECES = [
  String.raw`/ // . .. /.. /../ /./ ..;/ ; ;a=b \ ..\ # ? & = + @ :`,
  '% %2 %zz %2e %2E%2e %2f %2F %5c %23 %3f %3B %20 %09 %00 %0d%0a',
  '%25 %252e %252f %25%32 %2%65 %u002e %c0%af %c0%ae %e6%97%a5 %ff %7e %41',
  'a B adm api ~ | " < { [ ^ * ** \' ( $ ! , - _ \u00e9',
].flatMap((line) => line.split(' '));

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
  // Plain segments, so that some targets are acceptable.
  { weight: 6, arbitrary: fc.constantFrom('/a', '/b', '/C', '/d.e', 'f', '%67', '-1', '%C3%A9', '%2B') },
  { weight: 1, arbitrary: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)) },
);

/** Request targets of which about a third is acceptable; latin1, without what ends a request line. */
export const hostileTargets: fc.Arbitrary<string> = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((parts) => `/${parts.join('')}`);
