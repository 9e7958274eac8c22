import { formatExplanation, type ExplainResult } from '../../app/tools.ts';

/** An explanation as text. */
export function printExplanation(result: ExplainResult): string {
  return result.kind === 'explained'
    ? formatExplanation(result.explanation) + nextSteps(result)
    : `refused (${result.stage}): ${result.refusal.reason}: ${result.refusal.detail}\n`;
}

type Explained = Extract<ExplainResult, { readonly kind: 'explained' }>;

/** How to learn the decision on one resource, if the request as given does not name it. */
function nextSteps({ inBody, explanation }: Explained): string {
  const { unnamed, operations, service } = explanation;
  const [{ scope, extent } = NO_OPERATION] = operations.map(({ operation }) => operation);
  const access = `"gatehouse access --service ${service} --scope ${scope} --resource NAME" lists who has access to one resource.`;
  if (inBody) {
    const named = extent === 'any' ? ` ${access}` : '';
    return `\nThe operation depends on the request body, and the gateway authorizes it once the body is read. This is one of the possible operations; --body FILE gives the body.${named}\n`;
  }
  if (unnamed === undefined) return '';
  return unnamed.mediaType === undefined
    ? `To allow the request, grant ${scope} on "**".\n`
    : `Give the body with --content-type '${unnamed.mediaType}' and --body FILE, or grant ${scope} on "**". ${access}\n`;
}

const NO_OPERATION = { scope: '', extent: 'every' } as const;
