import { XdrError, XdrReader } from "../xdr/index.ts";
import { type KvDeleteArgs, type KvPutArgs, kvDeleteArgsCodec, kvPutArgsCodec } from "./gen/kv.ts";

/**
 * What a COMMAND entry of the log holds: a write as its client sent it, and when the leader took it on.
 *
 *     unsigned hyper log_time_ms;     since the cluster was formed
 *     unsigned int   proc;            KV_PUT or KV_DELETE
 *     kv_put_args or kv_delete_args
 *
 * The arguments are the bytes of the client's own call, so nothing is encoded again on the way to the log.
 */
export type Command = { readonly logTimeMs: number } & (
  | { readonly proc: typeof PUT; readonly args: KvPutArgs }
  | { readonly proc: typeof DELETE; readonly args: KvDeleteArgs }
);

/** The procedures whose calls go into the log. */
export type WriteProc = typeof PUT | typeof DELETE;

/** The number of KV_PUT. */
export const PUT = 1;
/** The number of KV_DELETE. */
export const DELETE = 3;

const HEADER_BYTES = 12;
const TWO_32 = 0x1_0000_0000;

export function isWriteProc(proc: number): proc is WriteProc {
  return proc === PUT || proc === DELETE;
}

/**
 * A command without its time, see `stampCommand`.
 * @param argBytes  XDR arguments that were decoded once, and so are known to be well-formed; they are copied
 */
export function encodeCommand(proc: WriteProc, argBytes: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + argBytes.length);
  bytes.writeUInt32BE(proc, 8);
  bytes.set(argBytes, HEADER_BYTES);
  return bytes;
}

/** Sets the time at which a leader takes the command on. */
export function stampCommand(command: Buffer, logTimeMs: number): void {
  command.writeUInt32BE(Math.floor(logTimeMs / TWO_32), 0);
  command.writeUInt32BE(logTimeMs >>> 0, 4);
}

/** The client's arguments within a command, as a view. */
export function commandArgs(command: Uint8Array): Uint8Array {
  return command.subarray(HEADER_BYTES);
}

/** Reads commands; views in the result are of `bytes`. One decoder serves one log, one command at a time. */
export class CommandDecoder {
  private readonly reader = new XdrReader(new Uint8Array(0));

  /** @throws XdrError for bytes that are no command, which a log of committed entries never holds */
  decode(bytes: Uint8Array): Command {
    const { reader } = this;
    reader.reset(bytes);
    const logTimeMs = reader.uhyperNumber("command.log_time_ms");
    const proc = reader.uint32("command.proc");
    const command = this.decodeArgs(logTimeMs, proc);
    reader.finish("command");
    return command;
  }

  private decodeArgs(logTimeMs: number, proc: number): Command {
    if (proc === PUT) return { logTimeMs, proc, args: kvPutArgsCodec.decode(this.reader) };
    if (proc === DELETE) return { logTimeMs, proc, args: kvDeleteArgsCodec.decode(this.reader) };
    throw new XdrError("XDR_BAD_UNION", `no write has the procedure number ${proc}`, "command.proc");
  }
}
