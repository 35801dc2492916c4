import type { CallContext, Procedure, RpcService } from "../../src/oncrpc/index.ts";
import { varOpaqueCodec, voidCodec } from "../../src/xdr/index.ts";

/** A program for tests: ECHO returns its argument. */
export const ECHO_PROG = 0x2000_0e40;
export const ECHO_VERS = 3;
export const ECHO_LIMIT_BYTES: number = 1024 * 1024;

const bytesCodec = varOpaqueCodec(ECHO_LIMIT_BYTES);

export const ECHO: Procedure<Uint8Array, Uint8Array> = {
  name: "ECHO",
  prog: ECHO_PROG,
  vers: ECHO_VERS,
  proc: 1,
  args: bytesCodec,
  result: bytesCodec,
};

/** The procedure that no service declares. */
export const NULL: Procedure<void, void> = {
  ...ECHO,
  name: "NULL",
  proc: 0,
  args: voidCodec,
  result: voidCodec,
};

export type EchoHandler = (data: Uint8Array, context: CallContext) => Uint8Array | Promise<Uint8Array>;

/** The program, with another handler for ECHO where one is given. */
export function echoService(handler: EchoHandler = (data) => data): RpcService {
  return {
    name: "ECHO",
    prog: ECHO_PROG,
    vers: ECHO_VERS,
    procedures: new Map([[ECHO.proc, { procedure: ECHO, handler }]]),
  };
}
