import { loadEveryProtocol } from '../../src/protocols/index.ts';

/** The protocols of all service types; `packageProtocols`: the package and file formats. */
export const {
  git: gitProtocol,
  gitlab: gitlabProtocol,
  oci: ociProtocol,
  http: httpProtocol,
  ...packageProtocols
} = await loadEveryProtocol();
