/** Bytes of a line besides its start line and fields: time, addresses, type, VLAN ids, separators. */
export const LINE_OVERHEAD_BYTES_MAX = 256;

/** Flows whose text is kept: a power of two; 64 KiB of memory, which stay in a core's own cache. */
export const FLOW_TEXTS_MAX = 1024;

/** Bytes of a user name that is shown; longer ones are cut. Mail addresses, the longest usual ones, take 254. */
export const BASIC_USER_BYTES_MAX = 256;

/** Characters of a template: some fifty of the longest fields. More is a slip. */
export const TEMPLATE_LENGTH_MAX = 4096;

/** Fields of one template: twice as many as there are. */
export const TEMPLATE_FIELDS_MAX = 128;

/** Columns of a line for people: wider terminals get no wider lines. */
export const LINE_COLUMNS_MAX = 500;

/** Columns of a method, host or path in the report of the traffic; longer ones are cut. */
export const REPORT_TEXT_COLUMNS_MAX = 160;

/** Parameters of a query, and cookies of a request, that an HTTP Archive lists; its URL and its header fields have all. */
export const HAR_PAIRS_MAX = 256;
