import { expect, test } from 'vitest';
import { renderInterfaces, runInterfacesCommand } from '../../src/cli/interfaces-command.ts';

test('the table has name, state, link type, default and addresses, and any at its end', () => {
  const text = renderInterfaces([
    {
      name: 'eth0',
      index: 2,
      state: 'up',
      linkType: 1,
      addresses: ['192.0.2.1', '2001:db8::1'],
      isDefault: true,
    },
    { name: 'tun0', index: 3, state: 'down', linkType: 65534, addresses: [], isDefault: false },
  ]);
  expect(text).toBe(
    [
      'NAME  STATE  LINK TYPE       DEFAULT  ADDRESSES',
      'eth0  up     Ethernet        default  192.0.2.1 2001:db8::1',
      'tun0  down   no link header  -        -',
      'any   -      all of them     -        -',
      '',
    ].join('\n'),
  );
});

test('the command prints the interfaces of this host', () => {
  let text = '';
  const exitCode = runInterfacesCommand((part) => {
    text += part;
  });
  expect(exitCode).toBe(0);
  expect(text).toMatch(/^lo +up +loopback +- +127\.0\.0\.1/m);
  expect(text).toMatch(/^any /m);
});
