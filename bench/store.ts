/**
 * What the storage layer costs: `npx tsx bench/store.ts [directory]`.
 *
 * Prints, for 256-byte values: puts into the MVCC store (memory only; and while checkpoints go to LMDB), how long
 * a checkpoint holds the event loop, reads from memory and from LMDB, the scan that opens a store, and batches of
 * several sizes through the write-ahead log.
 */
import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { Log } from "../src/kv/log/log.ts";
import { RealDisk } from "../src/kv/real-disk.ts";
import { LmdbRecordStore } from "../src/kv/store/lmdb-record-store.ts";
import { MemoryRecordStore } from "../src/kv/store/memory-record-store.ts";
import { MvccStore } from "../src/kv/store/mvcc-store.ts";

const KEYS = 200_000;
const PUTS = 600_000;
const VALUE = new Uint8Array(randomBytes(256));
const keys = Array.from({ length: KEYS }, (_, at) =>
  Buffer.from(`user/${String(at).padStart(8, "0")}/profile`),
);
const POSITION = { logId: 3, appliedIndex: 1, appliedTerm: 1, logTimeMs: 1 };

/** A stopwatch for wall and CPU time; the second does not mind what else the machine does. */
function stopwatch(): (what: string, count: number, more?: string) => void {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return (what, count, more = "") => {
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const each = ((ms * 1000) / count).toFixed(2);
    const cpuEach = ((user + system) / count).toFixed(2);
    const rate = Math.round((count / ms) * 1000).toLocaleString("en");
    console.log(
      `${what.padEnd(40)} ${each.padStart(8)} µs  ${cpuEach.padStart(8)} µs CPU  ${rate.padStart(11)}/s  ${more}`,
    );
  };
}

function timed(what: string, count: number, run: () => void): void {
  const report = stopwatch();
  run();
  report(what, count);
}

function benchPuts(): void {
  const store = MvccStore.open(new MemoryRecordStore());
  timed("put, new keys, in random order", KEYS, () => {
    for (let at = 0; at < KEYS; at++) store.put(keys[(at * 7919) % KEYS]!, VALUE);
  });
  timed("put, keys that exist", PUTS, () => {
    for (let at = 0; at < PUTS; at++) store.put(keys[(at * 7919) % KEYS]!, VALUE);
  });
  timed("put, one hot key", PUTS, () => {
    for (let at = 0; at < PUTS; at++) store.put(keys[0]!, VALUE);
  });
  timed("get from memory", PUTS, () => {
    for (let at = 0; at < PUTS; at++) store.get(keys[(at * 104_729) % KEYS]!);
  });
}

async function benchLmdb(directory: string): Promise<void> {
  const path = join(directory, "store.mdb");
  const records = await LmdbRecordStore.open(path);
  const store = MvccStore.open(records);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const report = stopwatch();
  let checkpoint: Promise<void> | undefined;
  let checkpoints = 0;
  for (let at = 0; at < PUTS; ) {
    for (let slice = 0; slice < 100; slice++, at++) store.put(keys[(at * 7919) % KEYS]!, VALUE);
    if (checkpoint === undefined && store.uncheckpointedBytes > 16 << 20) {
      checkpoints += 1;
      checkpoint = store.checkpoint(POSITION, []).then(() => {
        checkpoint = undefined;
      });
    }
    await turn();
  }
  report("put, with checkpoints to LMDB", PUTS, `${checkpoints} checkpoints`);
  await checkpoint;
  await store.checkpoint(POSITION, []);
  report("  until all is durable", PUTS);
  delay.disable();
  console.log(
    `  event loop held at most ${(delay.max / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`,
  );
  timed("get from LMDB", 200_000, () => {
    for (let at = 0; at < 200_000; at++) store.get(keys[randomInt(KEYS)]!);
  });
  const { hash } = store;
  await records.close();
  const again = await LmdbRecordStore.open(path);
  timed("opening scan, a record", PUTS, () => {
    if (MvccStore.open(again).hash !== hash) throw new Error("another hash");
  });
  await again.close();
}

async function benchLog(directory: string, entriesInBatch: number, batches: number): Promise<void> {
  const disk = await RealDisk.open(join(directory, `log-${entriesInBatch}`));
  const random = { identifier: () => randomInt(1, 2 ** 47), bytes: (count: number) => randomBytes(count) };
  const log = await Log.open(disk, { random });
  const data = new Uint8Array(randomBytes(300));
  const waits: number[] = [];
  let id = 0;
  const report = stopwatch();
  await new Promise<void>((resolve, reject) => {
    let since = 0;
    const next = (): void => {
      const first = log.lastIndex + 1;
      const entries = Array.from({ length: entriesInBatch }, (_, at) => ({
        index: first + at,
        term: 1,
        kind: 1 as const,
        data,
      }));
      since = performance.now();
      log.append({ id: ++id, hardState: null, entries });
    };
    log.onFailure = reject;
    log.onDurable = () => {
      waits.push(performance.now() - since);
      if (id === batches) resolve();
      else next();
    };
    next();
  });
  waits.sort((a, b) => a - b);
  const at = (part: number): string => waits[Math.floor((waits.length - 1) * part)]!.toFixed(2);
  const p50p99 = `batch p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`;
  report(`log, ${entriesInBatch} entries a batch, an entry`, batches * entriesInBatch, p50p99);
  await log.close();
  await disk.close();
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), "sundial-bench-"));
try {
  benchPuts();
  await benchLmdb(directory);
  await benchLog(directory, 1, 4000);
  await benchLog(directory, 64, 4000);
  await benchLog(directory, 1000, 500);
} finally {
  rmSync(directory, { recursive: true });
}
