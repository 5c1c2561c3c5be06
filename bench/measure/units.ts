export const BYTES_PER_MEGABYTE = 1e6;
export const BYTES_PER_MEBIBYTE = 1024 * 1024;
export const KB_PER_MEBIBYTE = 1024;
export const MICROSECONDS_PER_SECOND = 1e6;
export const NANOSECONDS_PER_SECOND = 1e9;
