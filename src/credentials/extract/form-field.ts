import { deny, type Deny } from '../../core/decision.ts';
import { plainContentType, readFormFields } from '../../util/http/form-fields.ts';
import { foldParameterName } from '../../util/http/query-parameters.ts';

/** A credential in a form field. */
export interface FormCredential {
  readonly token: string;
  /** The field is named `job_token`. */
  readonly isJobToken: boolean;
}

/**
 * Returns the credentials in the fields of a form. The body is forwarded unchanged, so a form that the
 * upstream could parse differently is refused: it could authenticate as another client there.
 */
export function formCredentials(
  rawHeaders: readonly string[],
  body: Buffer,
  names: ReadonlySet<string>,
): readonly FormCredential[] | Deny {
  if (body.length === 0) return [];
  const type = plainContentType(rawHeaders);
  const fields = type === undefined ? undefined : readFormFields(type, body);
  if (fields === undefined) return deny('request_malformed', 'the body is not an unambiguous form');
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
