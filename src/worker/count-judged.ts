import {
  COUNTER_CONTRADICTED,
  COUNTER_COPIES,
  COUNTER_DUPLICATES,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import {
  JUDGED_COPIED,
  JUDGED_NEW,
  JUDGED_OTHER,
  JUDGED_REPEATED,
  type Judgement,
} from '../decode/judge-message.ts';

/** Says whether a message has no line. */
export function isLeftOut(judgement: Judgement): boolean {
  return judgement > JUDGED_OTHER;
}

export function countJudged(counters: Counters, judgement: Judgement): void {
  switch (judgement) {
    case JUDGED_NEW:
      break;
    case JUDGED_OTHER:
      counters[COUNTER_CONTRADICTED]++;
      break;
    case JUDGED_REPEATED:
      counters[COUNTER_DUPLICATES]++;
      break;
    case JUDGED_COPIED:
      counters[COUNTER_COPIES]++;
      break;
    default:
      judgement satisfies never;
  }
}
