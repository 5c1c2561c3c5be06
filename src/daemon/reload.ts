import type { Settings } from './configuration.ts';
import { findFormat } from './option-formats.ts';
import { SETTING_OPTIONS, type SettingOption } from './option-table.ts';

/** What a new configuration means for a capture that goes on. */
export interface Reload {
  /** The settings from now on. */
  settings: Settings;
  /** What has changed, as `-log_every 10000 -> 500`. */
  changed: string[];
  /** What would have changed, had it been a start. */
  needingRestart: string[];
}

/** Options that nothing was built from which could not be told anew. */
const CHANGEABLE: ReadonlySet<keyof Settings> = new Set(['localNetworks', 'logEvery', 'quiet']);

/** @param current the settings that hold now, those of the start included that a reload could not change */
export function planReload(current: Settings, next: Settings): Reload {
  const changed: string[] = [];
  const needingRestart: string[] = [];
  for (const option of SETTING_OPTIONS) {
    const [before, after] = [current, next].map((settings) => printValue(option, settings));
    if (before !== after) {
      const texts = CHANGEABLE.has(option.key) ? changed : needingRestart;
      texts.push(`${option.flags[0]} ${before} -> ${after}`);
    }
  }
  const { localNetworks, logEvery, quiet } = next;
  return { settings: { ...current, localNetworks, logEvery, quiet }, changed, needingRestart };
}

/** As `check-config` shows it; in parentheses what holds while the option is not set. */
function printValue(option: SettingOption, settings: Settings): string {
  const value = settings[option.key];
  const text = value === undefined ? '' : findFormat(option.format).print(value);
  return text === '' ? `(${option.unset})` : text;
}
