import { concat, words } from "./bytes.ts";
import { ECHO } from "./echo-service.ts";

/** The message of a call of ECHO without a credential. */
export function echoCall(xid: number, data: Uint8Array): Uint8Array {
  return concat(words(xid, 0, 2, ECHO.prog, ECHO.vers, ECHO.proc, 0, 0, 0, 0), opaque(data));
}

/** The message of the reply to such a call. */
export function echoReply(xid: number, data: Uint8Array): Uint8Array {
  return concat(words(xid, 1, 0, 0, 0, 0), opaque(data));
}

/** The xid of a message. */
export function xidOf(message: Uint8Array): number {
  return Buffer.from(message).readUInt32BE(0);
}

function opaque(data: Uint8Array): Uint8Array {
  return concat(words(data.length), data, new Uint8Array(-data.length & 3));
}
