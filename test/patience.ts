/**
 * Milliseconds after which what must come is taken for what never comes. On a machine that has much else to do a
 * start of httplog takes twenty seconds; where all is well nobody waits so long.
 */
export const PATIENCE_MS = 60_000;
