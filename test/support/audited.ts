import { eventually } from './eventually.ts';
import type { AuditLine, TestGateway } from './gateway.ts';
import type { RawResponse } from './raw-client.ts';

/** Waits for the audit event of the request with this response. */
export function auditedIn(
  { auditText }: Pick<TestGateway, 'auditText'>,
  answer: RawResponse | undefined,
): Promise<AuditLine> {
  return eventually('the audit event of the request', () => {
    const id = answer?.headers.get('x-request-id') ?? 'no request id';
    const line = auditText()
      .split('\n')
      .find((text) => text.includes(id) && text.endsWith('}'));
    return line === undefined ? undefined : (JSON.parse(line) as AuditLine);
  });
}
