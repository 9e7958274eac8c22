/** Every reason says what to do next, in the error format of every protocol. */
import { expect, test } from 'vitest';
import { compileCredentialHint } from '../../../src/core/credential-hint.ts';
import { REASON_NAMES, REASONS } from '../../../src/core/reasons.ts';
import type { Protocol } from '../../../src/core/request/protocol.ts';
import { jsonRefusal } from '../../../src/protocols/index.ts';
import {
  gitProtocol,
  gitlabProtocol,
  httpProtocol,
  ociProtocol,
  packageProtocols,
} from '../../support/protocols.ts';
import { SERVICE_TYPES } from '../../support/every-type.ts';

const path = '/';
const PROTOCOLS: Readonly<Record<string, Pick<Protocol, 'refusal'>>> = {
  ...Object.fromEntries(Object.entries(packageProtocols).map(([type, create]) => [type, create({ path })])),
  http: httpProtocol({ path }),
  'http for kubectl': httpProtocol({ path, errorFormat: 'kubernetes' }),
  git: gitProtocol({ path }),
  gitlab: gitlabProtocol({ path, projects: new Map() }),
  oci: ociProtocol({
    path: '/v2/',
    foreignPaths: [],
    challenge: 'bearer',
    blobRedirects: 'pass',
    publicUrl: 'https://gateway.example.com',
  }),
  'no service': { refusal: jsonRefusal },
};

const hint = compileCredentialHint('https://gateway.example.com', new Set())('gateway.example.com', 'https');

test('every service type is covered', () => {
  expect(Object.keys(PROTOCOLS)).toEqual(expect.arrayContaining([...SERVICE_TYPES]));
});

test.each(REASON_NAMES)('%s: a problem, and a next step in the imperative', (reason) => {
  const { problem, nextStep, message } = REASONS[reason];
  expect(problem).toMatch(/^[A-Z].*\.$/);
  expect(nextStep).toMatch(/^(?:Ask|Check|Request|Send|Tell|Try|Use|Wait)\b.*\.$/);
  expect(message).toBe(`${problem} ${nextStep}`);
});

test.each(Object.keys(PROTOCOLS))('%s: the body has the next step and the hint of every reason', (type) => {
  for (const reason of REASON_NAMES) {
    const { status, message, nextStep } = REASONS[reason];
    const refused = PROTOCOLS[type]?.refusal(
      { status, error: reason, message, hint, requestId: 'r-1', operations: [] },
      '*/*',
    );
    const text = refused?.body.replaceAll('\\"', '"');
    for (const part of [nextStep, reason, hint])
      expect([reason, text]).toEqual([reason, expect.stringContaining(part)]);
    expect(refused?.phrase ?? '').toMatch(/^[\x20-\x7e]{0,600}$/);
    expect(refused?.phrase ?? '').not.toContain(hint);
  }
});
