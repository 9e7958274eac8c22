import { formatExplanation, type ExplainResult } from '../../app/tools.ts';

/** An explanation as text. */
export function printExplanation(result: ExplainResult): string {
  return result.kind === 'explained'
    ? formatExplanation(result.explanation) + bodyNote(result)
    : `refused (${result.stage}): ${result.refusal.reason}: ${result.refusal.detail}\n`;
}

function bodyNote({ inBody }: { readonly inBody: boolean }): string {
  return inBody
    ? '\nThe operation depends on the request body, and the gateway authorizes it once the body is read. This is one of the possible operations.\n'
    : '';
}
