/** Before each test file: what the caller's shell has set must not have a say. */

// Modes of files are looked at, and children run as other users read what tests make.
process.umask(0o022);
