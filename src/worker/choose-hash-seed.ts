/** 32 bits that nobody can foresee. */
export function chooseHashSeed(): number {
  return crypto.getRandomValues(new Int32Array(1))[0];
}
