import { hardwareTypeName, type InterfaceInfo, listInterfaces } from '../daemon/interfaces.ts';
import { EXIT_OK, type ExitCode } from '../errors.ts';
import { alignColumns } from './text-table.ts';

const HEADINGS = ['NAME', 'STATE', 'LINK TYPE', 'DEFAULT', 'ADDRESSES'];
const ANY = ['any', '-', 'all of them', '-', '-'];

/** `httplog interfaces`: what there is to capture from. */
export function runInterfacesCommand(print: (text: string) => void): ExitCode {
  print(renderInterfaces(listInterfaces()));
  return EXIT_OK;
}

/** The table of `httplog interfaces`, each line ended by a line feed. */
export function renderInterfaces(interfaces: readonly InterfaceInfo[]): string {
  const rows = interfaces.map(({ name, state, linkType, isDefault, addresses }) => [
    name,
    state,
    hardwareTypeName(linkType),
    isDefault ? 'default' : '-',
    addresses.join(' ') || '-',
  ]);
  return alignColumns([HEADINGS, ...rows, ANY])
    .map((line) => `${line}\n`)
    .join('');
}
