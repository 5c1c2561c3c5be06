import { lateNet } from './late-modules.ts';

/** 4 or 6: the text is an address of that version; 0: it is none. */
export const isIP = (text: string): number => lateNet().isIP(text);

export const isIPv4 = (text: string): boolean => isIP(text) === 4;

export const isIPv6 = (text: string): boolean => isIP(text) === 6;
