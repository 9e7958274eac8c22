import { withHint } from '../../core/credential-hint.ts';
import type { RefusalBody, RefusalText } from '../../core/request/protocol.ts';

/** JSON, or plain text if the Accept header excludes JSON. */
export function jsonRefusal(text: RefusalText, accept: string | undefined): RefusalBody {
  const takesJson = accept === undefined || /\*\/\*|application\/(\*|json|[a-z.-]+\+json)/i.test(accept);
  if (!takesJson) return textRefusal(text);
  const { error, message, hint, requestId } = text;
  const body = {
    error,
    message,
    ...(hint !== undefined && { hint }),
    request_id: requestId,
    ...statusOf(text),
  };
  return { contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}

/**
 * kubectl sends impersonation headers, and prints the message only of a Kubernetes Status (apimachinery,
 * meta/v1), so `header_refused` adds the members of a Status.
 */
function statusOf({ error, status }: RefusalText): object {
  return error === 'header_refused'
    ? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'BadRequest', code: status }
    : {};
}

/** Plain text, for clients that print the body. */
export function textRefusal(text: RefusalText): RefusalBody {
  const { error, requestId } = text;
  return {
    contentType: 'text/plain; charset=utf-8',
    body: `${withHint(text)}\nerror: ${error}\nrequest id: ${requestId}\n`,
  };
}

/** Plain text and a reason phrase, for clients that print either. */
export function phraseRefusal(text: RefusalText): RefusalBody & { readonly phrase: string } {
  return { ...textRefusal(text), phrase: phraseOf(text) };
}

/** The reason phrase, for clients that print nothing else: ASCII on one line (RFC 9112 §4), bounded. */
export function phraseOf({ message, error }: Pick<RefusalText, 'message' | 'error'>): string {
  return `${cut(message.replaceAll(/[^\x20-\x7e]/g, ''))} (${error})`;
}

function cut(text: string): string {
  return text.length <= MAX_PHRASE ? text : `${text.slice(0, MAX_PHRASE)}...`;
}

/** Characters, so that the status line fits into the buffers of all clients and proxies. */
const MAX_PHRASE = 500;
