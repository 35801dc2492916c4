import { decodeXdr, encodeXdr, XdrError } from "../xdr/index.ts";
import { AuthFlavor, AuthStat, authsysParmsCodec, type OpaqueAuth, opaqueAuthCodec } from "./gen/rpc.ts";
import type { Credential } from "./procedure.ts";

const NO_BYTES = new Uint8Array(0);
const NONE: Credential = { flavor: "none" };

/** An `opaque_auth` that says nothing: the credential of a caller without a name, and everybody's verifier. */
export const AUTH_NONE: OpaqueAuth = { flavor: AuthFlavor.AUTH_NONE, body: NO_BYTES };

/**
 * A credential as an encoded `opaque_auth`.
 * @throws XdrError when a part of it is beyond the limits of RFC 5531 appendix A
 */
export function encodeCredential(credential: Credential): Uint8Array {
  if (credential.flavor === "none") return encodeXdr(opaqueAuthCodec, AUTH_NONE);
  const { stamp, machineName: machinename, uid, gid, gids } = credential;
  const body = encodeXdr(authsysParmsCodec, { stamp, machinename, uid, gid, gids });
  return encodeXdr(opaqueAuthCodec, { flavor: AuthFlavor.AUTH_SYS, body });
}

/** Why a credential is refused. */
export type CredentialRefusal = typeof AuthStat.AUTH_BADCRED | typeof AuthStat.AUTH_REJECTEDCRED;

/**
 * Reads the credentials of the calls of one connection. Callers say the same in each of their calls, so the
 * last AUTH_SYS credential is kept, and one with the same bytes is not read again.
 */
export class CredentialReader {
  private lastBody: Uint8Array | undefined;
  private last: Credential = NONE;

  /**
   * Reads the credential whose body lies in `message` from `start` to `end`.
   * @returns AUTH_REJECTEDCRED for a flavor that is not known here, AUTH_BADCRED for a body that is not of its flavor
   */
  read(flavor: number, message: Uint8Array, start: number, end: number): Credential | CredentialRefusal {
    // RFC 5531 §10.1: the body of AUTH_NONE is undefined.
    if (flavor === AuthFlavor.AUTH_NONE) return NONE;
    if (flavor !== AuthFlavor.AUTH_SYS) return AuthStat.AUTH_REJECTEDCRED;
    if (this.isLast(message, start, end)) return this.last;
    const body = message.slice(start, end);
    const credential = readAuthSys(body);
    if (typeof credential === "object") {
      this.last = credential;
      this.lastBody = body;
    }
    return credential;
  }

  private isLast(message: Uint8Array, start: number, end: number): boolean {
    const { lastBody } = this;
    if (lastBody === undefined || lastBody.length !== end - start) return false;
    for (let i = 0; i < lastBody.length; i++) if (lastBody[i] !== message[start + i]) return false;
    return true;
  }
}

function readAuthSys(body: Uint8Array): Credential | CredentialRefusal {
  try {
    const { stamp, machinename: machineName, uid, gid, gids } = decodeXdr(authsysParmsCodec, body);
    return { flavor: "sys", stamp, machineName, uid, gid, gids };
  } catch (error) {
    if (error instanceof XdrError) return AuthStat.AUTH_BADCRED;
    throw error;
  }
}
