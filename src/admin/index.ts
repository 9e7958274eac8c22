export type { AdminPorts } from './admin-app.ts';
export type { ConsolePorts } from './console/console-ports.ts';
export type { ConsoleSettings } from './console-routes.ts';
export type { Readiness } from './readiness.ts';
export type { RevocableNames } from './revocation-body.ts';
export { createAdmin, type Admin, type AdminSettings } from './admin.ts';
export type { CertificateReport, StatusReport, StoreReport } from './status-report.ts';
export type { ExplainAnswer, ExplainOutcome, ExplainQuestion, PolicyPorts } from './console/policy-ports.ts';
