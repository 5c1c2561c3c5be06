/**
 * Writes what is made of the tables of commands and options: unit, sample configuration, manual page and completions
 * in conf, the page of options and the table of metrics in docs.
 *
 *     node scripts/generate-conf.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readVersion } from '../src/admin/version.ts';
import { DEFAULT_UNIT, renderSystemdUnit } from '../src/cli/systemd-unit.ts';
import { renderBashCompletion, renderZshCompletion } from './generate-completions.ts';
import { renderManual } from './generate-manual.ts';
import { renderMetricsPage } from './generate-metrics.ts';
import { renderOptionsPage } from './generate-options.ts';
import { renderConfigurationFile } from './generate-sample.ts';

/** The texts by their paths. */
export function renderGeneratedFiles(): Record<string, string> {
  return {
    'conf/httplog.service': renderSystemdUnit(DEFAULT_UNIT),
    'conf/httplog.conf': renderConfigurationFile(),
    'conf/httplog.8': renderManual(readVersion()),
    'conf/completions/httplog.bash': renderBashCompletion(),
    'conf/completions/_httplog': renderZshCompletion(),
    'docs/metrics.md': renderMetricsPage(),
    'docs/options.md': renderOptionsPage(),
  };
}

if (import.meta.main) {
  const root = new URL('../', import.meta.url);
  mkdirSync(new URL('conf/completions', root), { recursive: true });
  for (const [path, text] of Object.entries(renderGeneratedFiles())) {
    writeFileSync(new URL(path, root), text);
  }
}
