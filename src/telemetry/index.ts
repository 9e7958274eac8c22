export { createLog, type LogSettings } from './log.ts';
export {
  createTelemetry,
  type ConfiguredNames,
  type Telemetry,
  type TelemetrySettings,
} from './telemetry.ts';
