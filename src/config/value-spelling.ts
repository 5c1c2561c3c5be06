/** How the value of an option is written: what is allowed, and the way from text to value and back. */
export interface Spelling<T> {
  /** Ends the sentence "allowed is ...". */
  allowed: string;
  /** The value of a text, or null if the text is not allowed. */
  parse(text: string): T | null;
  print(value: T): string;
  /** Why a text is not allowed, where more can be said than `allowed`; stands in its place. */
  explain?(text: string): string | undefined;
  /** The value while the option is not set. */
  unset?: T;
}
