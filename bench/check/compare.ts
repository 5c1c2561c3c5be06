/** By case: httplog's CPU time divided by that of the fixed work. */
export type Ratios = Readonly<Record<string, number>>;

/** One sentence a case, in the order of what was measured. Nothing here fails: machines differ. */
export function compareRatios(measured: Ratios, checkedIn: Ratios): string[] {
  return Object.entries(measured).map(([name, ratio]) => {
    const before = checkedIn[name];
    return before === undefined
      ? `${name}: ${ratio.toFixed(2)} of the fixed work, none checked in`
      : `${name}: ${ratio.toFixed(2)} of the fixed work, checked in ${before.toFixed(2)}, ` +
          showDifference(ratio / before - 1);
  });
}

function showDifference(share: number): string {
  const percent = (100 * share).toFixed(0);
  return `${Number(percent) > 0 ? '+' : ''}${Number(percent)} %`;
}
