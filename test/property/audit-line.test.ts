import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accessLine } from '../../src/observability/audit/access-log.ts';
import { createEventLine } from '../../src/observability/audit/event-line.ts';
import { sampleCaller, sampleCredential, sampleEvent } from '../support/audit-events.ts';

/** Whatever a string can hold: lone surrogates, controls, separators. */
const text = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 60,
  }),
  fc.string({
    unit: fc.constantFrom('\n', '\r', '\u0085', '\u2028', '\u001b', '\u009b', '"', '\\', '\ud800', '{'),
  }),
);

/** Line ends of any reader, everything a terminal obeys, surrogates without their other half. */
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\p{Cs}]/u;

test('any strings anywhere: one line, valid JSON, the same strings again', () => {
  fc.assert(
    fc.property(text, text, text, text, text, text, (path, host, method, userAgent, subject, detail) => {
      const credential = sampleCredential({
        subject,
        jti: detail,
        claims: { project_path: path, job_id: host },
      });
      const caller = sampleCaller({ credential, identity: method, roles: [userAgent] });
      const event = sampleEvent({
        path,
        host: host.slice(0, 200),
        method: method.slice(0, 32),
        userAgent,
        detail,
        caller,
        verified: credential,
        operations: [{ scope: host, resource: path, extent: 'one' }],
      });
      const line = createEventLine(new Map([['gitlab', 'gitlab']]), undefined)(event);
      expect(line.slice(0, -1)).not.toMatch(DANGEROUS);
      expect(JSON.parse(line)).toMatchObject({
        url: { path, domain: event.host },
        user: { id: subject, name: method, roles: [userAgent] },
        user_agent: { original: userAgent },
        gatehouse: { detail, jti: detail, scopes: [host], resources: [path] },
      });

      const access = accessLine(event);
      expect(access.slice(0, -1)).not.toMatch(DANGEROUS);
      expect(JSON.parse(access)).toMatchObject({ path, identity: method });
    }),
    { numRuns: 500 },
  );
});
