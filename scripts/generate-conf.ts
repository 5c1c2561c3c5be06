/**
 * Writes what conf has of the tables of commands and options: unit, manual page and completions.
 *
 *     node scripts/generate-conf.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readVersion } from '../src/admin/version.ts';
import { DEFAULT_UNIT, renderSystemdUnit } from '../src/cli/systemd-unit.ts';
import { renderBashCompletion, renderZshCompletion } from './generate-completions.ts';
import { renderManual } from './generate-manual.ts';

/** The texts by their paths below conf. */
export function renderGeneratedFiles(): Record<string, string> {
  return {
    'httplog.service': renderSystemdUnit(DEFAULT_UNIT),
    'httplog.8': renderManual(readVersion()),
    'completions/httplog.bash': renderBashCompletion(),
    'completions/_httplog': renderZshCompletion(),
  };
}

if (import.meta.main) {
  const conf = new URL('../conf/', import.meta.url);
  mkdirSync(new URL('completions', conf), { recursive: true });
  for (const [path, text] of Object.entries(renderGeneratedFiles())) {
    writeFileSync(new URL(path, conf), text);
  }
}
