import type { Classification, Protocol } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import { unknownOperation } from '../shared/package-operations.ts';
import { phraseRefusal } from '../shared/refusal.ts';
import { classifyState } from './states.ts';

/** Terraform's HTTP state backend. */
export function terraformProtocol(settings: { readonly path: string }): Protocol {
  function classify({ method, path }: RequestHead): Classification {
    const rest = path.slice(settings.path.length);
    return classifyState(method, rest) ?? unknownOperation('not a route of Terraform');
  }

  return {
    credentialSources: ['bearer', 'basic'],
    credentialQueryParameters: ['token'],
    classify,
    // The state backend sends Basic, the other clients a token from the CLI configuration.
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    // The module installer prints the reason phrase, and the body of a download response.
    refusal: phraseRefusal,
  };
}
