import { withHint } from '../../core/credential-hint.ts';
import type { Classification, Protocol, RefusalText } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import {
  eachPackage,
  everyPackage,
  isRead,
  onePackage,
  READ_PACKAGES,
  unknownOperation,
} from '../shared/package-operations.ts';
import { projectOf, projectsOfFile } from './names.ts';
import { SIMPLE_PAGE } from './simple-page.ts';
import { upload } from './upload.ts';
import { phraseOf } from '../shared/refusal.ts';

/** Upload paths: the root of the index, or `legacy/` as on the public index. */
const UPLOADS: ReadonlySet<string> = new Set(['', 'legacy/']);

const SIMPLE: ReadonlySet<string> = new Set(['simple', '+simple', '%2Bsimple', '%2bsimple']);

/**
 * A Python package index: the simple repository API (PEP 503, 691), its files, and uploads by twine and uv.
 */
export function pypiProtocol(settings: { readonly path: string }): Protocol {
  function classify(head: RequestHead): Classification {
    const { method, path } = head;
    const rest = path.slice(settings.path.length);
    if (UPLOADS.has(rest) && method === 'POST') return upload(head);
    if (!isRead(method)) return unknownOperation(`${method} on an index`);
    const segments = rest.split('/');
    // devpi prefixes the segment with `+`, which hatch encodes.
    if (SIMPLE.has(segments[0] ?? '')) return simple(segments.slice(1));
    if (segments[0] === 'integrity') return provenance(segments.slice(1));
    return file(segments.at(-1) ?? '', folderOf(segments));
  }

  return {
    credentialSources: ['basic', 'bearer'],
    credentialQueryParameters: [],
    classify,
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: pypiRefusal,
  };
}

/** The project list, a project page, or a file in the folder of its project, as in a static index. */
function simple([name = '', last = '', ...more]: readonly string[]): Classification {
  if (more.length > 0) return unknownOperation('not a route of an index: too many segments');
  if (name === '')
    return last === ''
      ? everyPackage(READ_PACKAGES, { rewrite: SIMPLE_PAGE })
      : unknownOperation('not a project name');
  const project = projectOf(name);
  if (project === undefined) return unknownOperation('not a project name');
  return last === '' ? onePackage(READ_PACKAGES, project, { rewrite: SIMPLE_PAGE }) : file(last, project);
}

/** `integrity/PROJECT/VERSION/FILE/provenance` (PEP 740). */
function provenance([name = '', , fileName = '', last, ...more]: readonly string[]): Classification {
  const project = projectOf(name);
  if (project === undefined || last !== 'provenance' || more.length > 0)
    return unknownOperation('not a route of attestations');
  return file(fileName, project);
}

/**
 * The project in `files/PROJECT/VERSION/FILE` (Gitea, Forgejo) or `packages/PROJECT/VERSION/FILE` (Nexus): these
 * servers select the project by its folder.
 */
function folderOf([root = '', folder = '', ...more]: readonly string[]): string | undefined {
  if (more.length !== 2) return undefined;
  // Folders of a digest, `packages/ab/cd/FILE`, are not projects.
  const digest = HEX_PAIR.test(folder) && HEX_PAIR.test(more[0] ?? '');
  return root === 'files' || (root === 'packages' && !digest) ? projectOf(folder) : undefined;
}

const HEX_PAIR = /^[0-9a-f]{2}$/;

/**
 * Classifies a file by its name: its location differs between servers. `folder`: the project that its folder
 * names.
 */
function file(escaped: string, folder?: string): Classification {
  // A local version contains `+`, which clients encode.
  const projects = projectsOfFile(decodeURIComponent(escaped));
  if (projects === undefined) return unknownOperation('not a distribution file');
  if (projects.length === 0) return everyPackage();
  return eachPackage(READ_PACKAGES, folder === undefined ? projects : [...new Set([folder, ...projects])]);
}

/** pip and twine print the reason phrase, uv the problem details (RFC 9457), poetry the body. */
function pypiRefusal(text: RefusalText) {
  const { status, error, requestId } = text;
  const problem = { title: error, status, detail: withHint(text), request_id: requestId };
  return {
    contentType: 'application/problem+json',
    body: `${JSON.stringify(problem)}\n`,
    phrase: phraseOf(text),
  };
}
