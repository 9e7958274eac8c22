import { X509Certificate } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';

export interface Certificate {
  /** Its parts are separated by commas: `CN=gateway.example.com, O=Example`. */
  readonly subject: string;
  /** End of the validity in milliseconds since the epoch. */
  readonly expires: number;
}

/** The certificates of a PEM file, without those that cannot be parsed. */
export function parseCertificates(pem: string): readonly Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    const certificate = parseBlock(block);
    return certificate === undefined ? [] : [certificateFacts(certificate)];
  });
}

function parseBlock(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

export function certificateFacts({ subject, validTo }: X509Certificate): Certificate {
  return { subject: subject.replaceAll('\n', ', '), expires: Date.parse(validTo) };
}

/** A chain ends with the certificate that expires first. */
export function firstToExpire(certificates: readonly Certificate[]): Certificate | undefined {
  return certificates.toSorted((a, b) => a.expires - b.expires)[0];
}

/** A file of certificate authorities verifies connections until its last certificate expires. */
export function lastToExpire(certificates: readonly Certificate[]): Certificate | undefined {
  return certificates.toSorted((a, b) => b.expires - a.expires)[0];
}

/** The certificate that expires first in the chain of a connected server, up to the trusted root. */
export function presentedCertificate(socket: TLSSocket): Certificate | undefined {
  const chain: Certificate[] = [];
  const seen = new Set<string>();
  let next: Partial<ReturnType<TLSSocket['getPeerCertificate']>> = socket.getPeerCertificate(true);
  while (next.fingerprint256 !== undefined && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256);
    chain.push({ subject: subjectText(next.subject), expires: Date.parse(next.valid_to ?? '') });
    next =
      'issuerCertificate' in next ? (next as { issuerCertificate: PeerCertificate }).issuerCertificate : {};
  }
  return firstToExpire(chain);
}

function subjectText(subject: PeerCertificate['subject'] | undefined): string {
  return Object.entries(subject ?? {})
    .flatMap(([name, value]) => [value].flat().map((each) => `${name}=${String(each)}`))
    .join(', ');
}
