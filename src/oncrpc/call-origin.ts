import type { XdrWriter } from "../xdr/index.ts";
import type { CredentialReader } from "./credential.ts";
import type { CallContext, Credential } from "./procedure.ts";

/** Where calls come from and their replies go to: a connection, say. */
export interface CallOrigin {
  /** Address of the caller, for logs. */
  readonly peer: string;
  readonly credentials: CredentialReader;
  /** Where replies are written. */
  readonly writer: XdrWriter;
  /** False: nobody is there any more to be replied to. */
  readonly isOpen: boolean;
  /** False: the caller has not taken what was replied to it before, and that is a lot. */
  readonly hasRoom: boolean;
  /** Resolves when there is room for a reply again, or nobody to be replied to. To be asked only where there is none. */
  room(): Promise<void>;
  /** Begins the message of a reply. Returns where it begins; truncating to there takes it back. */
  beginReply(): number;
  endReply(start: number): void;
  /** A handler returned a promise; {@link callEnded} follows when it is settled. */
  callBegan(): void;
  /** The reply to such a call was written, unless `isOpen` is false. */
  callEnded(): void;
  /** Calls `listener` when the caller has hung up, or ended its side. Returns a function that takes it back. */
  onGone(listener: () => void): () => void;
}

/** One call, while it is being answered; what a handler sees of it is the {@link CallContext}. */
export class ServedCall implements CallContext {
  readonly origin: CallOrigin;
  readonly xid: number;
  readonly credential: Credential;
  readonly message: Uint8Array;
  /** Where in `message` the arguments begin. */
  readonly argsStart: number;

  constructor(
    origin: CallOrigin,
    xid: number,
    credential: Credential,
    message: Uint8Array,
    argsStart: number,
  ) {
    this.origin = origin;
    this.xid = xid;
    this.credential = credential;
    this.message = message;
    this.argsStart = argsStart;
  }

  get peer(): string {
    return this.origin.peer;
  }

  get argBytes(): Uint8Array {
    const { message, argsStart } = this;
    return new Uint8Array(message.buffer, message.byteOffset + argsStart, message.length - argsStart);
  }

  onGone(listener: () => void): () => void {
    return this.origin.onGone(listener);
  }
}
