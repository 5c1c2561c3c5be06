/**
 * Addresses whose hash is remembered: 65,536, some 10 MB. A hash costs some microseconds, which a flood from
 * new addresses pays, and usual traffic does not.
 */
export const HASHES_KEPT_MAX = 65_536;

/**
 * Matches replaced in one value. Each may look at all that follows, so that many make the time grow with the
 * square of the value's length; what is left behind the last one goes as a whole.
 */
export const MATCHES_PER_VALUE_MAX = 32;
