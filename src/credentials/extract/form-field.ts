import { deny, type Deny } from '../../core/decision.ts';
import { plainContentType, readFormFields } from '../../util/http/form-fields.ts';
import { foldParameterName } from '../../util/http/query-parameters.ts';

export interface FormCredential {
  readonly token: string;
  /** `job_token` says by its name what it carries. */
  readonly isJobToken: boolean;
}

/**
 * Every field of a form that carries a credential. The body goes on as it is, so a form that the upstream could read in another
 * way than this is refused: it would be somebody else's request there.
 */
export function formCredentials(
  rawHeaders: readonly string[],
  body: Buffer,
  names: ReadonlySet<string>,
): readonly FormCredential[] | Deny {
  if (body.length === 0) return [];
  const type = plainContentType(rawHeaders);
  const fields = type === undefined ? undefined : readFormFields(type, body);
  if (fields === undefined) return deny('request_malformed', 'a body that is not one plain form');
  const found: FormCredential[] = [];
  for (const field of fields) {
    const name = foldParameterName(field.name);
    const { value } = field;
    if (!names.has(name)) continue;
    if (value === undefined) return deny('credential_malformed', `the form field ${name} is not text`);
    found.push({ token: value, isJobToken: name === 'job_token' });
  }
  return found;
}
