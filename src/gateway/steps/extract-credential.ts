import type { CredentialForm } from '../../core/request/protocol.ts';
import type { RequestContext } from '../request-context.ts';
import { bufferBody } from './buffer-body.ts';
import type { StepOutcome } from './step.ts';

/** Buffers the body of a form that may contain the credential. */
export function bufferCredentialForm(context: RequestContext): StepOutcome | Promise<StepOutcome> {
  const form = credentialForm(context);
  if (form === undefined) return undefined;
  return bufferBody(context, { part: 'whole', maxBytes: form.maxBytes, beforeAuthentication: true });
}

/** The credential, or the reason why the request has no single one; the authentication step refuses it then. */
export function extractCredential(context: RequestContext): StepOutcome {
  const { head, routed, buffered } = context;
  const form = credentialForm(context);
  const extracted =
    form === undefined || buffered === undefined
      ? routed.extract(head)
      : routed.extract(head, { field: form.field, body: buffered.bytes.subarray(0, form.maxBytes) });
  context.extracted = extracted;
  if (extracted !== undefined && !('kind' in extracted)) context.presented = extracted;
  return undefined;
}

function credentialForm({ classified }: RequestContext): CredentialForm | undefined {
  return classified.kind === 'operations' ? classified.form : undefined;
}
