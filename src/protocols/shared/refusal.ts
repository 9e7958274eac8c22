import type { RefusalBody, RefusalText } from '../../core/request/protocol.ts';

/** JSON, or plain text where the client says that it takes no JSON. */
export function jsonRefusal(text: RefusalText, accept: string | undefined): RefusalBody {
  const takesJson = accept === undefined || /\*\/\*|application\/(\*|json|[a-z.-]+\+json)/i.test(accept);
  if (!takesJson) return textRefusal(text);
  const body = { error: text.error, message: text.message, request_id: text.requestId, ...statusOf(text) };
  return { contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}

/**
 * kubectl prints the message of a Kubernetes Status (apimachinery, meta/v1) and of no other JSON, and it is the client that
 * sends impersonation headers: such a refusal is a Status too.
 */
function statusOf({ error, status }: RefusalText): object {
  return error === 'header_refused'
    ? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'BadRequest', code: status }
    : {};
}

/** For clients that print what they get. */
export function textRefusal({ error, message, requestId }: RefusalText): RefusalBody {
  return {
    contentType: 'text/plain; charset=utf-8',
    body: `${message}\nerror: ${error}\nrequest id: ${requestId}\n`,
  };
}

/** As text, with the phrase for clients that print that. */
export function phraseRefusal(text: RefusalText): RefusalBody & { readonly phrase: string } {
  return { ...textRefusal(text), phrase: phraseOf(text.message, text.error) };
}

/** For clients that print the reason phrase and nothing else: ASCII, on one line (RFC 9112 §4). */
export function phraseOf(message: string, error: string): string {
  return `${message} (${error})`.replaceAll(/[^\x20-\x7e]/g, '');
}
