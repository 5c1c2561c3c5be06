/**
 * Every limit of the program, with its unit and its reason. A loop or a table without a bound from here
 * is a mistake.
 */

/**
 * Bytes of one line batch: some 8,000 lines. Handing one over, looking for its file, writing it and giving it back
 * costs the main thread some 400 us, whatever is in it.
 */
export const BATCH_BYTES = 1024 * 1024;

/**
 * Batches that may wait for the disk, over all workers: 64 MiB, some 500,000 lines. Past it lines are
 * dropped and counted, so that a stuck disk can never take the machine's memory.
 */
export const BATCHES_MAX = 64;

/**
 * Milliseconds after which a batch that is not full is handed over, so that `tail -f` keeps up: with what the kernel
 * holds back, and a worker's wait for more, a line is there within a second.
 */
export const BATCH_FLUSH_INTERVAL_MS = 400;

/** Milliseconds between two tries to write when a file cannot be written. */
export const WRITE_RETRY_INTERVAL_MS = 1000;

/** Milliseconds that a stop waits for the disk before it counts what is left as dropped. */
export const DRAIN_DEADLINE_MS = 5000;

/** Daily files open at once: today's and yesterday's of four types, and room for a clock that jumps. */
export const OPEN_FILES_MAX = 16;

/** VLAN tags of one frame, the one out of band included; real networks stack two or three. */
export const VLAN_TAGS_MAX = 4;

/**
 * Packets within packets of one frame. A mirror of a cloud network shows three; each costs its headers, so
 * a stranger who nests more gains nothing.
 */
export const TUNNELS_MAX = 8;

/** Entries of one MPLS label stack; networks use up to five. */
export const MPLS_LABELS_MAX = 16;

/** Extension headers of one GTP-U packet; 3GPP names a handful. */
export const GTP_EXTENSION_HEADERS_MAX = 8;

/** Attributes before the packet in an NFLOG frame; the kernel writes some fifteen. */
export const NFLOG_ATTRIBUTES_MAX = 32;

/** IPv6 extension headers of one packet: RFC 8200 names six, each at most once or twice. */
export const IPV6_EXTENSION_HEADERS_MAX = 8;

/**
 * Bytes of one captured packet that a file may claim. libpcap's own limit is 262,144; the rest is room
 * for captures of merged segments, and a bound for damaged files.
 */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes read from a capture file at once. */
export const READ_CHUNK_BYTES = 1024 * 1024;

/**
 * Bytes of one block of the packet ring, the unit that the kernel hands over. Each wakes the worker, and on a
 * core that was idle a wake costs as much as some 200 packets: fewer and larger ones, as far as a ring of 8 MB
 * still has some to fill while one is read.
 */
export const RING_BLOCK_BYTES = 1024 * 1024;

/**
 * Milliseconds after which the kernel hands over a block that is not full: the ring's part of a line's delay. At
 * little traffic each takes a whole block, however empty: the 8 blocks of an 8 MB ring bridge 1.3 seconds.
 */
export const RING_RETIRE_TIMEOUT_MS = 160;

/** Milliseconds that one wait for a block of the ring lasts at most, so that a stop is seen soon. */
export const RING_WAIT_MAX_MS = 300;

/** Milliseconds after a stop in which the kernel hands over the block that it was filling, its timer's delay included. */
export const RING_DRAIN_MS = 240;

/** Milliseconds that one wait for packets of another source lasts at most, so that a stop is seen soon. */
export const POLL_TIMEOUT_MS = 100;

/** Milliseconds between two looks at the host's interfaces and addresses. */
export const INTERFACE_WATCH_INTERVAL_MS = 1000;

/** Decode workers: more than the cores of the machines in reach, fewer than a fanout group's 256. */
export const WORKERS_MAX = 64;

/** Snap length that keeps every packet whole. */
export const SNAPLEN_MAX = 65535;

/**
 * Bytes of one message head that a line is made of, start line and fields together. A line is at most four
 * times that (every byte escaped) and so always fits into an empty batch.
 */
export const HEAD_BYTES_MAX = 64 * 1024;

/** Bytes of a line besides its start line and fields: time, addresses, type, VLAN ids, separators. */
export const LINE_FRAME_BYTES_MAX = 256;

/** First segments remembered to recognise a retransmission: a power of two; 1 MiB of memory, of IPv6 2.5. */
export const SEEN_SEGMENTS_MAX = 65536;

/** Flows whose text is kept: a power of two; 64 KiB of memory, which stay in a core's own cache. */
export const FLOW_TEXTS_MAX = 1024;

/** Ring blocks decoded before anything else has its turn: what waits in a ring of 8 MB, some 10 ms of work. */
export const BLOCKS_PER_FILL_MAX = 8;

/**
 * Milliseconds between two turns of a live worker's event loop, in which buffers come back and a stop is heard. One
 * costs as much as some 100 packets, and at full load five batches are made between two.
 */
export const LOOP_TURN_INTERVAL_MS = 100;

/** Addresses and networks given as local: each is compared with the addresses of every message. */
export const LOCAL_NETWORKS_MAX = 256;

/** Megabytes of one packet ring: memory that the kernel locks; more is a slip of the finger. */
export const RING_MEGABYTES_MAX = 4096;

/** Bytes of a configuration file: the documented sample is some 6 KB; more is a wrong path. */
export const CONFIGURATION_FILE_BYTES_MAX = 1024 * 1024;

/** Interfaces named in one message: a host of containers has thousands. */
export const INTERFACES_LISTED_MAX = 32;

/** Characters of a mistyped name for which the nearest known name is looked up. */
export const NEAREST_NAME_LENGTH_MAX = 64;

/** Characters of a wrong value that a message repeats. */
export const QUOTED_VALUE_LENGTH_MAX = 120;

/** Waiting batches of one file written with one system call: 8 MiB, past which larger writes gain nothing. */
export const WRITE_BATCHES_MAX = 8;

/** Milliseconds after which a file of a past day that got nothing more is closed. */
export const IDLE_FILE_CLOSE_MS = 60_000;

/** Milliseconds between two looks whether the open log file still is the one of that name. */
export const LOG_FILE_CHECK_INTERVAL_MS = 200;

/** Symbolic links on the way to a file, as many as Linux itself follows. */
export const PATH_LINKS_MAX = 40;

/** Tries to lock a file that whoever ends is just deleting: each needs another daemon that ends. */
export const OUTPUT_LOCK_TRIES_MAX = 10;

/** Milliseconds between two messages about the same fault while it lasts. */
export const FAULT_REPORT_INTERVAL_MS = 60_000;

/** Milliseconds waited at most for a pipe that is full: short beside a line's delay, long beside a poll. */
export const FULL_PIPE_WAIT_MAX_MS = 20;

/** Milliseconds that one write may take before its disk counts as hanging: busy ones take some hundred. */
export const WRITE_STALL_MS = 5000;

/**
 * The share of an output's buffers, one in so many, that may be on their way and not full. Past it the disk does
 * not keep up, and gets full batches only: 64 buffers would else bridge some seconds, however few the lines.
 */
export const HASTY_BATCHES_SHARE = 8;

/** Milliseconds that a write under way gets to end after the deadline of a stop. */
export const WRITE_GRACE_MS = 100;

/** Characters of httplog's own messages kept while the service log cannot be written. */
export const SERVICE_LOG_BACKLOG_MAX = 1024 * 1024;

/** Tries, 100 ms apart, to write one message to a standard error that takes nothing. */
export const SERVICE_LOG_TRIES_MAX = 10;

/**
 * Port ranges of the kernel's filter. Older kernels (6.1) grant a socket 20 KiB for a filter that they have
 * translated, and refuse it past that: 480 ranges were the last to fit, and the rest is room.
 */
export const PORT_RANGES_MAX = 450;

/**
 * Bytes of a capture file's buffer in front of each chunk, for the incomplete record of the chunk before:
 * libpcap's largest packet and its header. A larger record makes the buffers grow.
 */
export const READ_HEAD_ROOM_BYTES = 256 * 1024 + 64;

/** Bytes of a pcapng block beside its packet (header, options), as libpcap and Wireshark bound it. */
export const PCAPNG_BLOCK_OVERHEAD_MAX = 128 * 1024;

/** Interfaces of one pcapng section: all that the 16 bits of an obsolete Packet Block can name. */
export const PCAPNG_INTERFACES_MAX = 65536;

/** Options of one pcapng block; real interface descriptions have fewer than twenty. */
export const PCAPNG_OPTIONS_MAX = 1024;

/** Bytes that a decompressor or a pipe may be ahead of the reader, so that both cores work. */
export const READ_AHEAD_BYTES = 2 * 1024 * 1024;

/** Bytes that a decompressor gives at once; what a damaged stream may lose before the damage. */
export const DECOMPRESS_CHUNK_BYTES = 64 * 1024;

/**
 * Bytes of a capture that a worker decodes at a time, where several share one: some 8 ms of work, beside which
 * handing it over costs little, and few enough that all end at about the same time.
 */
export const PART_BYTES = 8 * 1024 * 1024;

/** Bytes of a capture from which on several workers share it: less is decoded before a thread has begun. */
export const SHARED_CAPTURE_BYTES_MIN = 128 * 1024 * 1024;

/** Threads that share a capture unasked: with more, the one that joins their lines is the limit. */
export const SHARING_THREADS_MAX = 4;

/**
 * Parts that each thread beside the first may have before it: one in hand, and some to go on with while who
 * hands them out is busy with a part of its own.
 */
export const PARTS_PER_THREAD_MAX = 4;

/**
 * Parts, for each worker, that may be decoded or being so while an earlier one is not. Their lines are a
 * megabyte each as a rule; heads of some bytes each, all escaped, make four times the part's.
 */
export const PARTS_AHEAD_MAX = 8;

/** Bytes of a capture that a part is read in at once: small enough to stay in a core's own cache. */
export const PART_READ_BYTES = 512 * 1024;

/** Bytes of the longest packet that programs capture as a rule; a record of more is no place to begin at. */
export const USUAL_FRAME_BYTES_MAX = 256 * 1024;

/**
 * Record headers looked at to find where a part's first record begins: real captures take some thousand, in a
 * packet of the longest some 260,000. Bytes that were made to look like records end the search.
 */
export const RECORD_STEPS_MAX = 1_000_000;

/** Batches that one capture's replay may have in flight: it waits for the disk, so few are enough. */
export const REPLAY_BATCHES_MAX = 8;

/** Bytes that libpcap writes into at once: some 160 packets a call into C, and they stay in the cache. */
export const LIBPCAP_BATCH_BYTES = 256 * 1024;

/**
 * Milliseconds that a stop waits for the decode workers: they empty a ring of any size in far less, unless
 * the machine is stuck.
 */
export const WORKERS_STOP_DEADLINE_MS = 10_000;

/** Milliseconds in which a decode worker must have taken a change; it hears of it some times a second. */
export const CONFIGURE_DEADLINE_MS = 20_000;

/** Milliseconds between two updates of the progress bar. */
export const PROGRESS_INTERVAL_MS = 200;

/** Bytes of one head that is put together from several segments: what common servers accept at most. */
export const HELD_HEAD_BYTES_MAX = 16 * 1024;

/**
 * Heads held at once by a worker; 4 MiB. A head waits for one round trip at most, so this is many thousand
 * incomplete heads a second. When all are held, the oldest is written as it is.
 */
export const HEADS_HELD_MAX = 256;

/** Seconds of packet time after which a head is written with what is known of it. */
export const HEAD_HELD_SEC_MAX = 2;

/** Methods of one table: IANA's registry has some forty. */
export const METHODS_MAX = 128;

/** UDP ports of VXLAN besides the usual ones. */
export const VXLAN_PORTS_MAX = 16;

/**
 * Bytes that `--tunnels` adds to the snap length: VXLAN over IPv6 within VXLAN over IPv6 takes 168, a cloud's
 * Geneve with its options some 100.
 */
export const TUNNEL_HEADERS_BYTES = 256;

/**
 * Heads held in one hash chain; there are four times as many chains as heads. Flows that a stranger has chosen
 * for their equal hash cost no more than this, and get only in each other's way.
 */
export const HEADS_PER_CHAIN_MAX = 8;

/** Milliseconds that a finished command waits for what it still has to write to a pipe. */
export const EXIT_DEADLINE_MS = 1000;

/**
 * Flows followed at once by a worker, a power of two: 14 MiB when all are in use. A server with more open
 * connections loses sight of those that are silent longest.
 */
export const FLOWS_MAX = 131_072;

/** Flows in one hash chain; the hash is seeded, so that only a replayed capture could be made to fill one. */
export const FLOWS_PER_CHAIN_MAX = 16;

/** Exchanges under way at once in a worker: 10 MiB when all are in use. */
export const EXCHANGES_MAX = 65_536;

/** Requests of one flow that may wait for their responses; clients that pipeline at all send some tens. */
export const REQUESTS_WAITING_MAX = 1024;

/**
 * Bytes of a block of the store that keeps what is shown of messages until their exchange has ended. Most
 * heads fit into one, and then nothing is copied twice.
 */
export const STORE_BLOCK_BYTES = 512;

/** Blocks of that store: 32 MiB, of which the machine gives only what was ever in use at once. */
export const STORE_BLOCKS_MAX = 65_536;

/** Seconds that a request waits for its response: what proxies and servers wait at most by default, and more. */
export const RESPONSE_AWAITED_SEC_MAX = 600;

/**
 * Seconds of silence after which a response of unknown end counts as complete; a flow that has no exchange
 * under way is forgotten after the same time as one that waits.
 */
export const RESPONSE_SILENT_SEC_MAX = 10;

/** Requests of one flow looked through for the place of one that came late; real clients swap neighbours. */
export const LATE_REQUEST_STEPS_MAX = 16;

/** Bytes that a segment may be ahead of its flow: the largest window there is. @see RFC 7323 section 2.3 */
export const SEQUENCE_LEAP_MAX = 2 ** 30;

/** Bytes beside an exchange's messages for what redaction makes of their values. */
export const REDACTION_BYTES_MAX = 256 * 1024;

/** Reasons for redaction that are counted apart: classes, patterns built in, and the operator's own. */
export const REDACTION_COUNTS_MAX = 64;

/** Outputs of one run: each has a share of the buffers, and more would leave each too little. */
export const OUTPUTS_MAX = 8;

/** Fields named by `--header` and by templates, and those that filters look at. */
export const HEADER_NAMES_MAX = 32;

/**
 * Addresses whose hash is remembered: 65,536, some 10 MB. A hash costs some microseconds, which a flood from
 * new addresses pays, and usual traffic does not.
 */
export const HASHES_KEPT_MAX = 65_536;

/**
 * Matches replaced in one value. Each may look at all that follows, so that many make the time grow with the
 * square of the value's length; what is left behind the last one goes as a whole.
 */
export const MATCHES_PER_VALUE_MAX = 32;

/** Bytes of a user name that is shown; longer ones are cut. Mail addresses, the longest usual ones, take 254. */
export const BASIC_USER_BYTES_MAX = 256;

/** Characters of a template: some fifty of the longest fields. More is a slip. */
export const TEMPLATE_LENGTH_MAX = 4096;

/** Fields of one template: twice as many as there are. */
export const TEMPLATE_FIELDS_MAX = 128;

/** Bytes of a client that may be seen before its SYN is: some segments. */
export const LATE_SYN_BYTES_MAX = 64 * 1024;

/** Milliseconds that a stop waits for the last checkpoint: of some megabytes, on a slow disk. */
export const SQLITE_CLOSE_MS = 2000;

/** Milliseconds that SQLite waits for a lock of another program before the batch is tried again later. */
export const SQLITE_BUSY_TIMEOUT_MS = 1000;

/**
 * Milliseconds that the last checkpoint waits for readers: it only makes one file of two, and what it leaves
 * is read from the write-ahead log.
 */
export const SQLITE_CHECKPOINT_WAIT_MS = 100;

/**
 * Bytes that the write-ahead log shrinks to after a checkpoint: it grows past that only while a reader holds
 * an old view, and would keep that size else.
 */
export const SQLITE_WAL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Pages of the write-ahead log, of 4 KiB, at which they are brought into the file: 64 MiB. One batch changes
 * more index pages than SQLite's own 1000, and the same ones again and again (measured with random addresses:
 * 9 KB written a row instead of 13).
 */
export const SQLITE_CHECKPOINT_PAGES = 16_384;

/** KiB of pages that one database keeps in memory, most of all the indexes' that every batch changes. */
export const SQLITE_CACHE_KIB = 32 * 1024;

/** Databases open at once: today's and yesterday's. Each has its cache, and opening one is quick. */
export const SQLITE_DATABASES_MAX = 2;

/** Values of one filter: each is compared with every exchange. */
export const FILTER_VALUES_MAX = 256;

/** Path patterns of one filter: each may keep some megabytes of states. */
export const PATH_PATTERNS_MAX = 32;

/** Characters of a pattern: those that people write are far shorter. */
export const PATTERN_LENGTH_MAX = 1000;

/**
 * Steps of a pattern's program, as they are counted before it is made: compiling 10,000 takes some 0.2 seconds
 * in each thread, and what a thousand characters can ask for is millions, which take minutes and gigabytes.
 */
export const PATTERN_STEPS_MAX = 10_000;

/**
 * Times that a pattern may take as long as a plain one before it is told: some 0.1 ms for a path of 128 bytes,
 * which leaves a worker 10,000 exchanges a second at most.
 */
export const PATTERN_COST_FACTOR_MAX = 50;

/** Milliseconds in which the cost of one pattern is measured at the start; a plain one takes less than one. */
export const PATTERN_MEASURE_MS = 500;

/** Milliseconds for all patterns: some four costly ones, after which the operator knows enough. */
export const PATTERNS_MEASURE_MS = 2000;

/** Names with a mode of their own in one class. */
export const FIELD_MODES_MAX = 256;

/** Bytes of a file of patterns: a hundred long ones are 100 KB; more is a wrong path. */
export const PATTERNS_FILE_BYTES_MAX = 256 * 1024;

/** Patterns of one's own: each is looked for in every value, and may keep some megabytes of states. */
export const OWN_PATTERNS_MAX = 32;

/** Bytes of a key: fewer can be guessed (RFC 2104 section 3 advises the length of the hash, which is 32). */
export const KEY_BYTES_MIN = 16;

/** Bytes of a key file: more is a wrong path. */
export const KEY_BYTES_MAX = 4096;

/**
 * Milliseconds after a SIGTERM or SIGINT in which another one is the same wish: a terminal sends it to the
 * whole group, and sudo or npm passes it on once more.
 */
export const REPEATED_SIGNAL_MS = 100;

/** Bytes read, compressed and written at once when a closed file is compressed: long runs, little memory. */
export const COMPRESS_CHUNK_BYTES = 256 * 1024;

/** Entries of a directory read with one turn of the thread pool: a turn of some 0.1 ms. */
export const DIRECTORY_READ_ENTRIES = 256;

/** Milliseconds between two looks whether files have to go. */
export const UPKEEP_INTERVAL_MS = 60_000;

/** The smallest file that is followed by another one, in bytes: 9999 of them are a day's at least 10 MB. */
export const ROTATE_BYTES_MIN = 1024;

/** Days or files that may be asked for to be kept: more is a slip. */
export const KEEP_COUNT_MAX = 1_000_000;

/**
 * Connections to the admin server at once: a scraper, a load balancer and some people need a few. Each may cost its
 * head, its answer and a read of 64 KiB.
 */
export const ADMIN_CONNECTIONS_MAX = 16;

/** Bytes of the head of a request to the admin server: browsers send some hundred. */
export const ADMIN_HEAD_BYTES_MAX = 8 * 1024;

/** Milliseconds in which a request to the admin server has to arrive, and then again its answer. */
export const ADMIN_TIMEOUT_MS = 5000;

/** Bytes behind a request to the admin server that are read and dropped: a body that is refused, at most. */
export const ADMIN_DISCARDED_BYTES_MAX = 64 * 1024;

/**
 * Milliseconds for which an answer of the admin server is given again: rendering one takes some hundred microseconds
 * of the thread that writes the lines, which is thus 1 % of it, however often is asked.
 */
export const ADMIN_ANSWER_AGE_MS = 100;

/** Names by which the admin server may be asked: more is a slip. */
export const ADMIN_HOSTS_MAX = 32;

/** Bytes of a status that are read: it has some hundred, and the paths of failing files. */
export const ADMIN_ANSWER_BYTES_MAX = 64 * 1024;

/** Milliseconds of capture without a message after which what to try is told, once: a busy server's take some. */
export const SILENCE_NOTICE_MS = 20_000;

/** Milliseconds between two looks at the loss counters. */
export const LOSS_WATCH_INTERVAL_MS = 1000;

/** Milliseconds without a loss after which httplog counts as keeping up again. */
export const LOSS_INTERVAL_MS = 10_000;

/**
 * Failures of decode workers within the window that end httplog: one that fails at each packet would see
 * nothing and say that all is well.
 */
export const WORKER_FAILURES_MAX = 3;

/** Milliseconds in which the failures of decode workers are counted. */
export const WORKER_FAILURES_WINDOW_MS = 60_000;

/** Milliseconds between two states told to systemd; the watchdog of the unit wants to hear one in 30 s. */
export const SYSTEMD_NOTIFY_INTERVAL_MS = 10_000;

/** Milliseconds between two beats of a decode worker: each is one number written. */
export const HEARTBEAT_INTERVAL_MS = 1000;

/**
 * Milliseconds without a beat after which a decode worker counts as stuck: a turn of its loop takes some ten,
 * and a ring of 8 MB has overflowed long before.
 */
export const HEARTBEAT_SILENCE_MAX_MS = 10_000;

/**
 * Megabytes of V8's heap that a decode worker may take: tables of flows and batches lie outside of it, patterns
 * and their states within. V8's own limit is a share of the machine's memory, which is others' to use.
 */
export const WORKER_HEAP_MEGABYTES_MAX = 512;

/**
 * Descriptors that a start needs beside those of Node, threads and outputs: modules while they are loaded, looks
 * at interfaces and files, the service log.
 */
export const DESCRIPTORS_OF_START = 8;

/** Descriptors of a thread: five of Node's event loop, its ring or capture file, modules while they are loaded. */
export const DESCRIPTORS_PER_THREAD = 8;

/** Descriptors of one output of lines beside its open daily files: looks at its end, compression, its directory. */
export const DESCRIPTORS_PER_FILE_OUTPUT = 4;

/** Bytes of what a daemon leaves for `httplog status`: it has some hundred. */
export const STATE_FILE_BYTES_MAX = 4096;

/** Entries looked at where daemons leave that: a machine has some. */
export const STATE_FILES_MAX = 256;

/** Bytes of another process's command line that are looked at: those of daemons have some hundred. */
export const COMMAND_LINE_BYTES_MAX = 16 * 1024;
