import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes an image with one file, `content.txt`, as an OCI layout, and returns its name for skopeo (`oci:…`). Small, and
 * another one for each content.
 */
export function writeImage(folder: string, content: string | Buffer): string {
  const layout = join(folder, `image-${hash('sha256', content).slice(0, 12)}`);
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const put = (data: Buffer): { digest: string; size: number } => {
    const digest = hash('sha256', data);
    writeFileSync(join(layout, 'blobs/sha256', digest), data);
    return { digest: `sha256:${digest}`, size: data.length };
  };
  const layer = put(tar('content.txt', Buffer.from(content)));
  const config = put(
    json({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const manifest = put(
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    }),
  );
  writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest };
  const named = { ...entry, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
  writeFileSync(join(layout, 'index.json'), json({ schemaVersion: 2, manifests: [named] }));
  return `oci:${layout}:latest`;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** One file in ustar form (POSIX pax, "ustar Interchange Format"). */
function tar(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}
