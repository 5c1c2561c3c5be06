/** The commands, in the order of help. */
export const COMMAND_NAMES = [
  'run',
  'replay',
  'top',
  'demo',
  'doctor',
  'interfaces',
  'check-config',
  'print-systemd',
  'status',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];
