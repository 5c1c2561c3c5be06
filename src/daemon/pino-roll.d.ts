/** The part of pino-roll that httplog uses; the package ships no types. */
declare module 'pino-roll' {
  interface RollingFileOptions {
    /** Path without date and number, which come before its extension. */
    file: string;
    frequency: 'daily';
    /** See https://date-fns.org/docs/format */
    dateFormat: string;
    /** Written before `write` returns. */
    sync: boolean;
    mode: number;
    /** Characters kept while the file cannot be written; more are dropped with the event `drop`. */
    maxLength: number;
  }

  interface RollingFile extends NodeJS.EventEmitter {
    write(line: string): boolean;
    /** Writes what is left, then `close`; after an error of that write only `error`. */
    end(): void;
    destroy(): void;
  }

  function openRollingFile(options: RollingFileOptions): Promise<RollingFile>;
  export = openRollingFile;
}
