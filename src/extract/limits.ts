/** Bytes; longer credentials are refused before anything in them is decoded. */
export const MAX_CREDENTIAL = 16 * 1024;
