/**
 * Writes the golden lines of all recorded fixtures, says what has changed, and compares them with tshark's
 * reading of the same captures: `node test/golden/write-golden.ts`. Read the changes before you keep them.
 */
import { writeFileSync } from 'node:fs';
import { RECORDINGS } from '../fixtures/recordings.ts';
import { missingTool } from '../live/requirements.ts';
import { fixturePath, goldenPath, readGolden, replayFixture, splitLines } from './golden-lines.ts';
import { readWithTshark } from './tshark-lines.ts';

/** tshark reads no head that the capture has cut. */
const CUT_HEADS = /^snaplen-/;

/** Lines that only one side has, `-` for the first and `+` for the second. */
function compareLines(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
}

const noTshark = missingTool('tshark');
let disagreements = 0;
for (const { file } of RECORDINGS) {
  const before = readGolden(file);
  const after = await replayFixture(file);
  writeFileSync(goldenPath(file), after);
  const lines = splitLines(after);
  const changes = compareLines(splitLines(before ?? ''), lines);
  const what = before === undefined ? 'new' : `${changes.length} lines differ`;
  console.log(`${file}: ${lines.length} lines, ${what}`);
  if (before !== undefined) {
    console.log(changes.map((line) => `  ${line}\n`).join(''));
  }
  if (noTshark === undefined && !CUT_HEADS.test(file)) {
    const differences = compareLines(await readWithTshark(fixturePath(file)), lines);
    disagreements += differences.length;
    console.log(differences.map((line) => `  tshark ${line}\n`).join(''));
  }
}
console.log(noTshark ?? `tshark and httplog disagree on ${disagreements} lines`);
