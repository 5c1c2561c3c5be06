import {
  COUNTER_CONTRADICTED,
  COUNTER_COPIES,
  COUNTER_DUPLICATES,
  COUNTER_TWINS,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import {
  JUDGED_COPIED,
  JUDGED_NEW,
  JUDGED_OTHER,
  JUDGED_REPEATED,
  JUDGED_TWIN,
  type Judgement,
} from '../decode/judge-message.ts';

/** Says whether a message has no line: it has one already. */
export function isLeftOut(judgement: Judgement): boolean {
  return judgement > JUDGED_OTHER;
}

/** Says whether it is one of those that have no line only because another device of the host has shown it. */
export function isSeenElsewhere(judgement: Judgement): boolean {
  return judgement >= JUDGED_COPIED;
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
    case JUDGED_TWIN:
      counters[COUNTER_TWINS]++;
      break;
    default:
      judgement satisfies never;
  }
}
