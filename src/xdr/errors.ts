/** Why bytes are not the XDR form of a type, or a value has none. Stable: programs may switch on it. */
export type XdrErrorCode =
  /** The bytes end before the value does. */
  | "XDR_TRUNCATED"
  /** Bytes are left over after the value. */
  | "XDR_TRAILING"
  /** A variable-length item is longer than its bound, or than the bytes that remain. */
  | "XDR_TOO_LONG"
  /** A fixed-length item has another length. */
  | "XDR_BAD_LENGTH"
  /** Padding bytes are not zero (RFC 4506 §3). */
  | "XDR_BAD_PADDING"
  /** A bool is neither 0 nor 1 (RFC 4506 §4.4). */
  | "XDR_BAD_BOOL"
  /** A value is not a member of its enum (RFC 4506 §4.3). */
  | "XDR_BAD_ENUM"
  /** A discriminant selects no arm of its union (RFC 4506 §4.15). */
  | "XDR_BAD_UNION"
  /** A string is not UTF-8. */
  | "XDR_BAD_STRING"
  /** A number does not fit its type. */
  | "XDR_OUT_OF_RANGE"
  /** Values nest deeper than the reader's `depthLimit`. */
  | "XDR_TOO_DEEP";

/**
 * The only error that this codec throws for bad bytes or bad values.
 *
 * `field` names what was being read or written, as `type.field` of the `.x` file, e.g. `put_args.key`.
 */
export class XdrError extends Error {
  override readonly name: string = "XdrError";
  readonly code: XdrErrorCode;
  readonly field: string | undefined;

  constructor(code: XdrErrorCode, problem: string, field?: string) {
    super(field === undefined ? problem : `${field}: ${problem}`);
    this.code = code;
    this.field = field;
  }
}
