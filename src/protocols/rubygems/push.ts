import type { Deny } from '../../core/decision.ts';
import type { OperationsInBody, RequestedOperations, UnnamedResource } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { plainContentType } from '../../util/http/form-fields.ts';
import { boundaryOf, readFormParts, type FormPart } from '../../util/http/multipart.ts';
import { MAX_FILE_START, uploadOf, uploadOfBody, type PackageFile } from '../shared/package-file.ts';
import { unnamedPackage } from '../shared/package-operations.ts';
import { readGem, watchGem } from './gem-file.ts';

const NAMED_IN_GEM: UnnamedResource = {
  detail:
    'the body of a push names the gem, and the gateway reads only a gem or a form as RubyGems sends it, without a query in the URL',
  mediaType: 'application/octet-stream',
};

/**
 * `POST api/v1/gems`: the gem itself, or a form with the gem and its attestations (`gem push --attestation`,
 * rubygems push_command.rb). Any other body needs a grant for all gems: Rack reads one without a type as a form.
 */
export function gemPush(head: RequestHead): OperationsInBody | RequestedOperations | Deny {
  const type = plainContentType(head.rawHeaders);
  // Rails and Gitea also read parameters from the query.
  if (type === undefined || head.query.length > 1) return unnamedPackage(NAMED_IN_GEM);
  if (/^application\/octet-stream$/i.test(type)) return uploadOf(head, undefined, readGem);
  const boundary = boundaryOf(type);
  return boundary === undefined
    ? unnamedPackage(NAMED_IN_GEM)
    : uploadOfBody(head, undefined, (body) => readForm(body, boundary));
}

/** Rack uses the last field of a name, so the whole form must be in the buffered bytes. */
async function readForm(body: Buffer, boundary: string): Promise<PackageFile> {
  const form = readFormParts(body, boundary);
  if (form === undefined || !form.closed || body.length >= MAX_FILE_START) return { kind: 'unreadable' };
  const [gem, attestations, ...others] = form.parts;
  if (gem?.name !== 'gem' || others.length > 0 || !isAttestation(attestations)) return { kind: 'unreadable' };
  const problem = watchGem()(gem.value);
  if (problem !== undefined) return problem;
  const file = await readGem(gem.value);
  return file.kind === 'package' ? { ...file, watch: undefined } : file;
}

function isAttestation(part: FormPart | undefined): boolean {
  if (part === undefined) return true;
  if (part.name !== 'attestations') return false;
  try {
    return Array.isArray(JSON.parse(part.value.toString('utf8')));
  } catch {
    return false;
  }
}
