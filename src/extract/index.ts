export { createExtract, type Extract } from './extract.ts';
