import { randomBytes } from "node:crypto";
import type { Clock, Random } from "./ports.ts";

const TWO_32 = 0x1_0000_0000;

/** The monotonic clock and the timers of the process. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  endOfTurn(callback) {
    setImmediate(callback);
  },
};

/** The random numbers of the operating system. */
export const realRandom: Random = {
  identifier() {
    const bytes = randomBytes(8);
    return (bytes.readUInt32BE(0) >>> 11) * TWO_32 + bytes.readUInt32BE(4) || 1;
  },
  bytes: (count) => randomBytes(count),
};
