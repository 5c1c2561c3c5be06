import { describe, expect, it } from 'vitest';
import { changedConversation } from './conversations.ts';
import { createExchangeOracle } from './exchange-oracle.ts';
import { createRandom } from './random-bytes.ts';

/** `HTTPLOG_FUZZ_CONVERSATIONS=1000000` for the long form. */
const CONVERSATIONS = Number(process.env.HTTPLOG_FUZZ_CONVERSATIONS ?? 3000);
const BLOCKS = 3;

describe('conversations lost, doubled, late, cut, in fragments, behind a proxy, and with bytes changed', () => {
  it.each(Array.from({ length: BLOCKS }, (_, block) => block + 1))(
    'give exchanges that can be read, nothing stays held, and nothing around them counts: seed %i',
    async (seed) => {
      const random = createRandom(seed);
      const pair = await createExchangeOracle();
      let exchanges = 0;
      for (let run = 0; run < CONVERSATIONS / BLOCKS; run++) {
        exchanges += pair(changedConversation(random)).length;
      }
      expect(exchanges).toBeGreaterThan(CONVERSATIONS / BLOCKS);
    },
    Math.max(60_000, CONVERSATIONS * 20),
  );
});
