import { REQUEST_HEADERS, type RequestHeaderRole } from '../../core/headers/request-header-roles.ts';
import type { ExpectedDecision, PolicyCheck } from '../../core/policy-test.ts';
import { foldLoosely } from '../../util/http/header-name.ts';
import { compileHeaderNames } from '../../util/http/header-names.ts';
import type { Config } from '../model/config.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { hint } from '../problems/suggest.ts';
import { scopesOfService } from '../model/service-traits.ts';
import { isHeaderText } from '../schema/scalars.ts';
import type { Report } from './credentials.ts';
import type { WrittenTest } from './schema.ts';

/** The checks of one test, in the order request, can, cannot. Reports what is missing or contradictory. */
export function readChecks(
  test: WrittenTest,
  path: KeyPath,
  services: Config['services'],
  report: Report,
): readonly PolicyCheck[] {
  const checks: PolicyCheck[] = [];
  if (test.request === undefined) {
    for (const key of ['headers', 'body', 'expect'] as const)
      if (test[key] !== undefined)
        report([...path, key], 'has no effect without request; add request, or remove it');
  } else {
    const request = readRequest(test, test.request, path, report);
    if (request !== undefined) checks.push(request);
  }
  for (const key of ['can', 'cannot'] as const) {
    const access = test[key];
    if (access === undefined) continue;
    const expected: ExpectedDecision = key === 'can' ? { kind: 'allow' } : { kind: 'deny', reasons: [] };
    if (checkAccess(access, [...path, key], services, report))
      checks.push({ kind: 'operations', ...access, expected });
  }
  if (test.request === undefined && test.can === undefined && test.cannot === undefined)
    report(path, 'tests nothing: add request and expect, can, or cannot');
  return checks;
}

/** Methods are case-sensitive (RFC 9110 §9.1), and a fragment is never sent. */
const REQUEST_LINE = /^([A-Z][A-Z-]*) ((?:https?|wss?):\/\/[!-~]+)$/;

function readRequest(
  { headers = {}, body, expect }: WrittenTest,
  request: string,
  path: KeyPath,
  report: Report,
): PolicyCheck | undefined {
  const [, method, url = ''] = REQUEST_LINE.exec(request) ?? [];
  if (method === undefined || !URL.canParse(url) || url.includes('#')) {
    report(
      [...path, 'request'],
      'must be a method and an absolute URL, as in GET https://gateway.example.com/orders/',
    );
    return undefined;
  }
  if (expect === undefined)
    report(path, 'needs expect: allow, deny, { deny: [REASON] } or { unable: [REASON] }');
  for (const [header, value] of Object.entries(headers)) {
    const message = headerProblem(header, value);
    if (message !== undefined) report([...path, 'headers', header], message);
  }
  return {
    kind: 'request',
    method,
    url,
    headers: Object.entries(headers),
    body: body === undefined ? undefined : Buffer.from(body),
    expected: toExpected(expect ?? 'allow'),
  };
}

function toExpected(expect: NonNullable<WrittenTest['expect']>): ExpectedDecision {
  if (expect === 'allow') return { kind: 'allow' };
  if (typeof expect === 'string') return { kind: expect, reasons: [] };
  return 'deny' in expect
    ? { kind: 'deny', reasons: expect.deny }
    : { kind: 'unable', reasons: expect.unable };
}

/** Roles of headers that the test sets by other keys. */
const SET_ELSEWHERE: Partial<Record<RequestHeaderRole, string>> = {
  credential: 'carries a credential; name a credential in `as`',
  framing: 'follows from request and body; remove it',
};

const roleOf = compileHeaderNames<RequestHeaderRole>(
  REQUEST_HEADERS.map(({ names, role }) => [names, role] as const),
);

function headerProblem(header: string, value: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) return 'is not the name of a header';
  if (value !== '' && !isHeaderText(value)) return 'must be printable ASCII without spaces at its ends';
  const role = roleOf(foldLoosely(header));
  return role === undefined ? undefined : SET_ELSEWHERE[role];
}

/** A misspelled scope would make each `cannot` pass. */
function checkAccess(
  { service: named, scopes, resources }: NonNullable<WrittenTest['can']>,
  path: KeyPath,
  services: Config['services'],
  report: Report,
): boolean {
  const service = services.find(({ name }) => name === named);
  if (service === undefined) {
    const known = services.map(({ name }) => name);
    report([...path, 'service'], `there is no service "${named}"${hint(named, known)}`);
    return false;
  }
  const known = scopesOfService(service);
  for (const [index, scope] of scopes.entries()) {
    if (!known.includes(scope))
      report([...path, 'scopes', index], `service "${named}" has no scope "${scope}"${hint(scope, known)}`);
  }
  for (const [index, resource] of resources.entries()) {
    if (/[*{}]/.test(resource))
      report([...path, 'resources', index], 'is a pattern; write the name of a resource, such as acme/app');
  }
  return true;
}
