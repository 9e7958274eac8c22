/** The output of `gatehouse demo --once` without the values that differ between runs. */
export function normalizedDemo(output: string): string {
  const ports = new Map<string, string>();
  const portOf = (port: string): string => {
    if (!ports.has(port)) ports.set(port, String(40_001 + ports.size));
    return ports.get(port) ?? '';
  };
  return output
    .replaceAll(/(?<=127\.0\.0\.1:)\d+/g, portOf)
    .replaceAll(/\/[^\s]*\/gatehouse-demo-\w+/g, '/tmp/gatehouse-demo')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '6f1c…')
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:ddc6…')
    .replaceAll(/\b\d{2}:\d{2}:\d{2}\b/g, '12:00:00')
    .trim();
}
